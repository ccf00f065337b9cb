import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isGitAddress, readGitReference } from './git-reference.ts';

const addresses: readonly [text: string, remote: string, ref?: string, subdir?: string][] = [
  ['https://example.com/repo.git', 'https://example.com/repo.git'],
  ['https://example.com/repo.git#main', 'https://example.com/repo.git', 'main'],
  ['https://example.com/repo.git#main:a/../b', 'https://example.com/repo.git', 'main', 'b'],
  ['https://example.com/repo.git#:b', 'https://example.com/repo.git', '', 'b'],
  ['HTTPS://example.com:8443/x/repo.git?ref=v1', 'https://example.com:8443/x/repo.git', 'v1'],
  ['https://example.com/repo.git?tag=v1&subdir=d', 'https://example.com/repo.git', 'refs/tags/v1', 'd'],
  ['https://example.com/repo.git?branch=b', 'https://example.com/repo.git', 'refs/heads/b'],
  ['git@example.com:x/repo.git#main', 'git@example.com:x/repo.git', 'main'],
  ['ssh://git@example.com/x/repo#main', 'ssh://git@example.com/x/repo', 'main'],
  ['git://example.com/x', 'git://example.com/x'],
  ['github.com/x/repo#main', 'github.com/x/repo', 'main'],
];

test('addresses of repositories are read', () => {
  for (const [text, remote, ref = '', subdir = ''] of addresses) {
    const found = readGitReference(text)!;
    assert.deepEqual([found.remote, found.ref, found.subdir], [remote, ref, subdir], text);
  }
});

test('what is no repository is left alone', () => {
  for (const text of ['', 'dir/x.git', './git@x:y', 'https://example.com/file', 'http://a:b/x.git', 'ftp://a/x.git']) {
    assert.equal(isGitAddress(text), false, text);
  }
});

test('a query may say more, but not twice', () => {
  const git = readGitReference(
    'https://a/x.git?keep-git-dir&submodules=false&commit=abc&mtime=commit&fetch-by-commit=1',
  )!;
  assert.deepEqual(
    [git.keepGitDir, git.submodules, git.checksum, git.mtime, git.fetchByCommit],
    [true, false, 'abc', 'commit', true],
  );
  const broken: readonly [query: string, why: RegExp][] = [
    ['ref=a&ref=b', /multiple values/],
    ['ref=', /has no value/],
    ['rev=x', /unexpected query "rev" \(did you mean ref\?\)/],
    ['tag=a&branch=b', /branch conflicts with tag/],
    ['ref=a#b', /ref conflicts: "b" vs "a"/],
    ['keep-git-dir=maybe', /invalid keep-git-dir value/],
    ['mtime=now', /invalid mtime value/],
  ];
  for (const [query, why] of broken) assert.throws(() => readGitReference(`https://a/x.git?${query}`), why, query);
});
