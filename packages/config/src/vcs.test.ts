import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { remoteUrl } from './git.ts';
import { vcsOptions } from './vcs.ts';

const root = mkdtempSync(join(tmpdir(), 'vcs-test-'));
after(() => rmSync(root, { recursive: true }));
const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@b', ...args], { cwd: root, encoding: 'utf8' }).trim();
git('init', '-q', '-b', 'main');
mkdirSync(join(root, 'app'));

test('a repository came from the remote of its branch, else from origin; credentials and paths of a machine are not told', () => {
  assert.equal(remoteUrl(root), undefined);
  git('remote', 'add', 'upstream', 'https://example.com/upstream');
  assert.equal(remoteUrl(root), 'https://example.com/upstream');
  git('remote', 'add', 'origin', '/home/me/repo');
  assert.equal(remoteUrl(root), undefined);
  for (const [url, told] of [
    ['https://me:secret@example.com/repo.git', 'https://example.com/repo.git'],
    ['https://token@example.com/repo.git', 'https://example.com/repo.git'],
    ['ssh://git:secret@example.com/repo', 'ssh://git@example.com/repo'],
    ['git@github.com:org/repo.git', 'git@github.com:org/repo.git'],
    ['file:///srv/repo', undefined],
    ['../repo', undefined],
  ] as const) {
    git('remote', 'set-url', 'origin', url);
    assert.equal(remoteUrl(root), told, url);
  }
  git('config', 'branch.main.remote', 'upstream');
  assert.equal(remoteUrl(root), 'https://example.com/upstream');
});

test('options tell the commit, where folders lie in the repository, and nothing where there is none', () => {
  const folders = {
    context: { root: join(root, 'app') },
    dockerfile: { root: join(root, 'none') },
    far: { root: tmpdir() },
  };
  assert.deepEqual(vcsOptions(folders, {}), {
    'vcs:source': 'https://example.com/upstream',
    'vcs:localdir:context': 'app',
  });
  git('commit', '-q', '--allow-empty', '-m', 'x');
  const revision = git('rev-parse', 'HEAD');
  assert.equal(vcsOptions(folders, {})['vcs:revision'], revision);
  assert.equal(vcsOptions(folders, { BUILDX_GIT_CHECK_DIRTY: '1' })['vcs:revision'], revision);
  assert.deepEqual(vcsOptions(folders, { BUILDX_GIT_INFO: '0' }), {});
  assert.deepEqual(vcsOptions({ context: { root: '/' } }, {}), {});
  assert.deepEqual(vcsOptions({}, {}), {});
});
