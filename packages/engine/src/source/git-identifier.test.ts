import assert from 'node:assert/strict';
import { test } from 'node:test';
import { digestOf } from '../oci/digest.ts';
import { redacted } from '../std/redacted.ts';
import { readGitIdentifier } from './git-identifier.ts';

const vertex = digestOf('the vertex that asks');

test('what would run programs or read this machine’s files is refused', () => {
  const read = (url: string, attrs = {}) =>
    readGitIdentifier({ scheme: 'git', name: 'x', attrs: { 'git.fullurl': url, ...attrs }, vertex });
  for (const url of [
    'file:///etc',
    'ext::sh -c true',
    '--upload-pack=x',
    'ssh://-oProxyCommand=x/y',
    '/etc',
    'git@-x:y',
    'https:///x',
  ]) {
    assert.throws(() => read(url), /none that git can fetch/, url);
  }
  assert.throws(
    () => readGitIdentifier({ scheme: 'git', name: 'h/r#--upload-pack=x', attrs: {}, vertex }),
    /invalid git ref/,
  );
  assert.throws(() => read('https://h/r', { 'git.sig.pubkey': 'x' }), /not supported yet/);
  assert.equal(read('git@github.com:a/b.git').remote, 'git@github.com:a/b.git');
  assert.equal(
    readGitIdentifier({ scheme: 'git', name: 'github.com/a/b#main:/x/../y/', attrs: {}, vertex }).subdir,
    'y',
  );
  assert.equal(redacted('fatal: https://me:pw@h/r and ssh://k@h'), 'fatal: https://xxxxx@h/r and ssh://xxxxx@h');
  assert.equal(redacted('https://me:p@ss@h/r'), 'https://xxxxx@h/r');
  assert.equal(redacted('docker-image://alpine@sha256:12'), 'docker-image://alpine@sha256:12');
});
