import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from '../../packages/engine/src/oci/digest.ts';
import type { Job } from '../../packages/engine/src/session/job.ts';
import { GitSource } from '../../packages/engine/src/source/git.ts';
import type { Pinned } from '../../packages/engine/src/source/source.ts';
import { makeTempFolder } from '../../packages/engine/src/std/temp.ts';
import { openTestCache, type TestCache } from '../rig/cache.ts';

const vertex = digestOf('the vertex that asks');
const date = '@1700000000 +0000';
// git would ask a proxy for this machine's own addresses, too.
process.env['NO_PROXY'] = process.env['no_proxy'] = '127.0.0.1';

function git(cwd: string, ...args: string[]): string {
  const env = {
    PATH: process.env['PATH'],
    HOME: cwd,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'a',
    GIT_AUTHOR_EMAIL: 'a@a',
    GIT_COMMITTER_NAME: 'a',
    GIT_COMMITTER_EMAIL: 'a@a',
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_DATE: date,
  };
  return execFileSync('git', ['-c', 'protocol.file.allow=always', ...args], {
    cwd,
    env,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  }).trim();
}

/** A folder with `repo.git` and its submodule `sub.git`, and the working copy that they come from. */
function makeRepository(folder: string) {
  for (const name of ['sub', 'work']) {
    mkdirSync(join(folder, name));
    git(join(folder, name), 'init', '-q', '-b', 'main');
  }
  const [sub, work] = [join(folder, 'sub'), join(folder, 'work')];
  writeFileSync(join(sub, 'inner'), 'inner');
  git(sub, 'add', '.');
  git(sub, 'commit', '-qm', 'sub');
  git(folder, 'clone', '-q', '--bare', 'sub', 'sub.git');
  mkdirSync(join(work, 'docs'));
  writeFileSync(join(work, 'docs/d'), 'doc');
  writeFileSync(join(work, 'file'), 'one');
  writeFileSync(join(work, 'run'), '#!/bin/sh\n', { mode: 0o777 });
  symlinkSync('docs', join(work, 'link'));
  git(work, 'add', '.');
  git(work, 'commit', '-qm', 'one');
  git(work, 'tag', '-am', 'annotated', 'v1');
  git(work, 'submodule', '--quiet', 'add', join(folder, 'sub.git'), 'module');
  writeFileSync(join(work, '.gitmodules'), '[submodule "module"]\n\tpath = module\n\turl = ../sub.git\n');
  writeFileSync(join(work, 'file'), 'two');
  git(work, 'add', '.');
  git(work, 'commit', '-qm', 'two');
  git(folder, 'clone', '-q', '--bare', 'work', 'repo.git');
  for (const name of ['repo.git', 'sub.git']) git(join(folder, name), 'update-server-info');
  return {
    work,
    head: git(work, 'rev-parse', 'main'),
    v1: git(work, 'rev-parse', 'v1'),
    first: git(work, 'rev-parse', 'v1^{commit}'),
  };
}

/** Plain HTTP files, the least that a git server can be. */
async function serveFiles(folder: string) {
  const asked: { readonly url: string; readonly authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    asked.push({ url: request.url!, authorization: request.headers.authorization });
    const path = join(folder, request.url!.replace(/\?.*/, ''));
    if (existsSync(path) && statSync(path).isFile()) response.end(readFileSync(path));
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    asked,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Git's own server, one for each connection: by itself it takes no port that nobody has. */
async function serveGit(folder: string) {
  const args = ['daemon', '--inetd', '--export-all', `--base-path=${folder}`, folder];
  const server = createTcpServer({ pauseOnConnect: true }, (socket) => {
    const child = spawn('git', args, { stdio: [socket, socket, 'ignore'] });
    child.once('close', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `git://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function sourceOf({ cache }: TestCache) {
  const source = new GitSource({ cache, index: cache.index });
  const pin = (url: string, job: Job, attrs: Record<string, string> = {}) => {
    const [full, fragment] = url.split('#');
    const name = `${full!.replace(/^[a-z]+:\/\//, '')}${fragment === undefined ? '' : `#${fragment}`}`;
    return source.pin({ scheme: 'git', name, attrs: { 'git.fullurl': full!, ...attrs }, vertex }, job);
  };
  return { source, pin };
}

async function look<T>(pinned: Pinned, job: Job, at: (path: string) => T): Promise<T> {
  await using tree = await pinned.tree(job);
  await using mounted = await tree.mount(job);
  return at(mounted.path);
}

for (const [kind, serve] of [
  ['plain HTTP files', serveFiles],
  ["git's own server", serveGit],
] as const) {
  test(`branches, tags, commits and subfolders are fetched from ${kind}`, async () => {
    await using folder = makeTempFolder();
    await using there = await openTestCache();
    const { head, v1, first } = makeRepository(folder.path);
    await using server = await serve(folder.path);
    const { pin } = sourceOf(there);
    const job = there.job();
    const url = `${server.url}/repo.git`;
    const keys = async (fragment: string, attrs = {}) =>
      (await pin(`${url}${fragment}`, job, attrs)).keys.map(({ key }) => key);
    assert.deepEqual(await keys(''), [head]);
    assert.deepEqual(await keys('#main:docs'), [`${head}:docs`]);
    assert.deepEqual(await keys('#v1'), [first]);
    assert.deepEqual(await keys('#refs/tags/v1', { 'git.keepgitdir': 'true' }), [`${v1}.git#refs/tags/v1`]);
    assert.deepEqual(await keys(`#${first}`, { 'git.skipsubmodules': 'true', 'git.mtime': 'commit' }), [
      `${first}(skip-submodules)(mtime=commit)`,
    ]);

    const main = await pin(`${url}#main`, job, { 'git.mtime': 'commit' });
    assert.equal(await main.changedAt!(job), 1_700_000_000);
    await look(main, job, (path) => {
      assert.deepEqual(readdirSync(path).sort(), ['.gitmodules', 'docs', 'file', 'link', 'module', 'run']);
      assert.deepEqual(readdirSync(join(path, 'module')), ['inner']);
      assert.equal(readFileSync(join(path, 'file'), 'utf8'), 'two');
      assert.deepEqual(
        ['file', 'run', 'docs'].map((name) => statSync(join(path, name)).mode & 0o777),
        [0o644, 0o755, 0o755],
      );
      assert.deepEqual(
        ['.', 'docs', 'link', 'file'].map((name) => lstatSync(join(path, name)).mtimeMs),
        [1.7e12, 1.7e12, 1.7e12, 1.7e12],
      );
    });
    assert.equal(
      await look(await pin(`${url}#v1`, job), job, (path) => readFileSync(join(path, 'file'), 'utf8')),
      'one',
    );
    assert.deepEqual(await look(await pin(`${url}#${first}:docs`, job), job, (path) => readdirSync(path)), ['d']);
    assert.deepEqual(
      await look(await pin(url, job, { 'git.skipsubmodules': 'true' }), job, (path) =>
        readdirSync(join(path, 'module')),
      ),
      [],
    );
    await assert.rejects((await pin(`${url}#main:link`, job)).tree(job), /invalid subdir link.*is not a folder/);
    await assert.rejects(pin(`${url}#nothing`, job), /does not contain ref nothing/);
  });
}

test('a kept .git is a clone of depth one without traces of where it came from', async () => {
  await using folder = makeTempFolder();
  await using there = await openTestCache();
  const { head } = makeRepository(folder.path);
  await using server = await serveGit(folder.path);
  const { pin } = sourceOf(there);
  const job = there.job();
  for (const fragment of ['#main', `#${head}`, '#v1']) {
    await look(await pin(`${server.url}/repo.git${fragment}`, job, { 'git.keepgitdir': 'true' }), job, (path) => {
      assert.equal(git(path, '-c', 'safe.directory=*', 'config', 'remote.origin.url'), `${server.url}/repo.git`);
      assert.equal(git(path, '-c', 'safe.directory=*', 'rev-list', '--count', 'HEAD'), '1');
      assert.equal(git(path, '-c', 'safe.directory=*', 'status', '--porcelain'), '');
      assert.ok(!existsSync(join(path, '.git/FETCH_HEAD')));
      assert.ok(!readFileSync(join(path, '.git/config'), 'utf8').includes(there.cache.folder.path));
    });
  }
});

test('a branch is settled once in a session, seen anew in the next, and its commit is kept', async () => {
  await using folder = makeTempFolder();
  await using there = await openTestCache();
  const { work, head } = makeRepository(folder.path);
  await using server = await serveGit(folder.path);
  const { pin } = sourceOf(there);
  const job = there.job();
  const url = `${server.url}/repo.git#main`;
  const before = await pin(url, job);
  writeFileSync(join(work, 'file'), 'three');
  git(work, 'commit', '-qam', 'three');
  git(work, 'push', '-q', join(folder.path, 'repo.git'), 'main');
  assert.equal((await pin(url, job)).pin, head);
  // Its branch went on, so it is fetched by its hash or with the branch's history.
  assert.equal(await look(before, job, (path) => readFileSync(join(path, 'file'), 'utf8')), 'two');
  const after = await pin(url, there.job());
  assert.equal(after.pin, git(work, 'rev-parse', 'main'));
  assert.equal(await look(after, job, (path) => readFileSync(join(path, 'file'), 'utf8')), 'three');
});

test('checksums are held against what is found', async () => {
  await using folder = makeTempFolder();
  await using there = await openTestCache();
  const { head, v1, first } = makeRepository(folder.path);
  await using server = await serveGit(folder.path);
  const { pin } = sourceOf(there);
  const url = `${server.url}/repo.git`;
  const pinned = async (fragment: string, checksum: string) =>
    (await pin(`${url}${fragment}`, there.job(), { 'git.checksum': checksum })).pin;
  assert.equal(await pinned('#main', head.slice(0, 10)), head);
  assert.equal(await pinned('#v1', v1), v1);
  assert.equal(await pinned('#v1', first), v1);
  await assert.rejects(pinned('#main', first), /expected checksum to match/);
  await assert.rejects(pinned(`#${head}`, first), /expected checksum to match/);
  await assert.rejects(pinned('#main', 'xyz'), /expected hex commit hash/);
});

test('secrets of the session authorize, and neither logs, keys nor errors tell them', async () => {
  await using folder = makeTempFolder();
  await using there = await openTestCache();
  makeRepository(folder.path);
  await using server = await serveFiles(folder.path);
  const { pin } = sourceOf(there);
  const secrets: Record<string, string> = { GIT_AUTH_TOKEN: 'topsecret' };
  const logs: string[] = [];
  const lent = there.job({ secret: async (id) => (secrets[id] === undefined ? undefined : Buffer.from(secrets[id])) });
  const job: Job = {
    ...lent,
    report: (event) => event.kind === 'log' && logs.push(Buffer.from(event.data).toString()),
  };
  const attrs = { 'git.authtokensecret': 'GIT_AUTH_TOKEN', 'git.authheadersecret': 'GIT_AUTH_HEADER' };
  await pin(`${server.url}/repo.git#main`, job, attrs);
  const basic = Buffer.from('x-access-token:topsecret').toString('base64');
  assert.equal(server.asked[0]!.authorization, `basic ${basic}`);
  const withPassword = `${server.url.replace('http://', 'http://user:hunter2@')}/none.git`;
  await assert.rejects(pin(withPassword, job), (error: Error) => {
    assert.match(error.message, /git ls-remote of http:\/\/xxxxx@127/);
    assert.doesNotMatch(JSON.stringify(error) + error.stack + logs.join(''), /hunter2|topsecret/);
    return true;
  });
  await assert.rejects(
    pin(`${server.url}/repo.git`, job, { 'git.mountsshsock': 'default' }),
    /no SSH key "default" forwarded/,
  );
});
