// Where changes begin: what CIs say, clones that lack it, and histories that were written anew.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Rig } from '../rig/rig.ts';

const files = {
  api: { Dockerfile: 'FROM scratch\nCOPY a /a\n', a: 'a' },
  web: { Dockerfile: 'FROM scratch\nCOPY w /w\n', w: 'w' },
};

class Repository {
  readonly rig: Rig;
  /** Where git works: the workspace, or a clone of it. */
  readonly dir: string;

  constructor(rig: Rig, dir = rig.dir) {
    this.rig = rig;
    this.dir = dir;
  }

  git(...args: string[]): string {
    const author = ['-c', 'user.email=a@example.com', '-c', 'user.name=a'];
    return execFileSync('git', [...author, ...args], { cwd: this.dir, encoding: 'utf8', stdio: 'pipe' }).trim();
  }

  /** Appends to a file and commits it; gives the commit. */
  change(path: string): string {
    appendFileSync(join(this.dir, path), 'more\n');
    this.git('add', '-A');
    this.git('commit', '-q', '-m', path);
    return this.git('rev-parse', 'HEAD');
  }

  clone(name: string, ...flags: string[]): Repository {
    const dir = join(this.rig.root, name);
    this.git('clone', '-q', ...flags, pathToFileURL(this.dir).href, dir);
    return new Repository(this.rig, dir);
  }

  async ask(args: readonly string[] = [], env: NodeJS.ProcessEnv = {}) {
    const { code, stdout, stderr } = await this.rig.cli(['affected', '--json', ...args], {
      env: { CI: '', ...env },
      through: ['env', '-C', this.dir],
    });
    const { affected = [] } = (code === 0 ? JSON.parse(stdout) : {}) as { affected?: { id: string }[] };
    return { code, ids: affected.map(({ id }) => id).sort(), stderr };
  }
}

async function open(): Promise<Repository> {
  const repository = new Repository(await Rig.open(files));
  repository.git('init', '-q', '-b', 'main');
  repository.change('api/a');
  return repository;
}

test('a push is compared with what the branch was before, a forced one too', async () => {
  const repository = await open();
  await using _rig = repository.rig;
  const first = repository.change('api/a');
  const thrown = repository.change('web/w');
  repository.git('reset', '-q', '--hard', first);
  repository.change('api/a');
  assert.deepEqual((await repository.ask([], { CI_COMMIT_BEFORE_SHA: first })).ids, ['api']);
  // web is as it was before the commit that is gone; who was built from that one is to be built again.
  assert.deepEqual((await repository.ask([], { CI_COMMIT_BEFORE_SHA: thrown })).ids, ['api', 'web']);
  const event = repository.rig.path('../event.json');
  writeFileSync(event, JSON.stringify({ before: first, forced: true }));
  const github = { GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: 'push', GITHUB_EVENT_PATH: event };
  assert.deepEqual((await repository.ask([], github)).ids, ['api']);
  const lost = await repository.ask([], { CI_COMMIT_BEFORE_SHA: 'f'.repeat(40) });
  assert.equal(lost.code, 2);
  assert.match(lost.stderr, /git knows no f{40} here[^]*git fetch origin f{40}/);
});

test('a CI that builds the default branch and says no more is not told that nothing has changed', async () => {
  const repository = await open();
  await using _rig = repository.rig;
  assert.deepEqual(await repository.ask(), { code: 0, ids: [], stderr: '' });
  const asked = await repository.ask([], { CI: 'true' });
  assert.equal(asked.code, 2);
  assert.match(asked.stderr, /main itself, and this CI does not say what was there before[^]*--base REF/);
  repository.change('web/w');
  assert.deepEqual((await repository.ask(['--base', 'HEAD~1'], { CI: 'true' })).ids, ['web']);
  repository.git('checkout', '-q', '-b', 'feature');
  repository.change('api/a');
  assert.deepEqual((await repository.ask([], { CI: 'true' })).ids, ['api']);
});

test('a clone that lacks the base says what to fetch, and is right when that was done', async () => {
  const repository = await open();
  await using _rig = repository.rig;
  repository.git('checkout', '-q', '-b', 'feature');
  repository.change('web/w');
  const shallow = repository.clone('shallow', '--depth', '1', '--branch', 'feature');
  const env = { GITHUB_BASE_REF: 'main' };
  const missing = await shallow.ask([], env);
  assert.equal(missing.code, 2);
  const fetch = /git (fetch origin \S+)/.exec(missing.stderr)![1]!;
  shallow.git(...fetch.split(' '), '--depth=1');
  const severed = await shallow.ask([], env);
  assert.equal(severed.code, 2);
  assert.match(severed.stderr, /too shallow[^]*git fetch --unshallow/);
  shallow.git('fetch', '--unshallow', '-q');
  assert.deepEqual((await shallow.ask([], env)).ids, ['web']);
  const single = repository.clone('single', '--single-branch', '--branch', 'feature');
  const other = await single.ask([], env);
  single.git(.../git (fetch origin \S+)/.exec(other.stderr)![1]!.split(' '));
  assert.deepEqual((await single.ask([], env)).ids, ['web']);
  // Checked out as a CI does it: no branch, only a commit.
  single.git('checkout', '-q', '--detach');
  assert.deepEqual((await single.ask([], env)).ids, ['web']);
});

test('a base and a head count from where they forked, whatever is checked out', async () => {
  const repository = await open();
  await using _rig = repository.rig;
  repository.git('checkout', '-q', '-b', 'left');
  repository.change('api/a');
  repository.git('checkout', '-q', '-b', 'right', 'main');
  repository.change('web/w');
  repository.git('checkout', '-q', '--orphan', 'alone');
  repository.change('web/w');
  assert.deepEqual((await repository.ask(['--base', 'left', '--head', 'right'])).ids, ['web']);
  assert.deepEqual((await repository.ask(['--filter', '[left...right]', '--base', 'left'])).ids, ['web']);
  assert.deepEqual((await repository.ask(['--filter', '[right...left]', '--base', 'right', '--head', 'left'])).ids, [
    'api',
  ]);
});

test('the first commit has nothing before it, and nothing is what a repository without any can be compared with', async () => {
  const rig = await Rig.open(files);
  await using _rig = rig;
  const repository = new Repository(rig);
  assert.match((await repository.ask()).stderr, /is in no git repository/);
  repository.git('init', '-q', '-b', 'main');
  assert.match((await repository.ask()).stderr, /nothing to compare with/);
  repository.change('api/a');
  const { code, stderr } = await repository.ask(['--base', 'HEAD~1']);
  assert.equal(code, 2);
  assert.match(stderr, /git knows no HEAD~1 here/);
});
