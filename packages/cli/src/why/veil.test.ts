import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTempFolder } from '@monokit/engine/std/temp';
import { keyIn, veilWith } from './veil.ts';

const veil = veilWith(() => Buffer.from('key'));
const other = veilWith(() => Buffer.from('another key'));

test('values of secrets are told apart, and not told', () => {
  for (const name of ['NPM_TOKEN', 'DB_PASSWORD', 'AWS_SECRET_ACCESS_KEY', 'apiKey', 'SIGNING_KEY', 'GITHUB_PAT']) {
    const shown = veil.value(name, 'hunter2');
    assert.match(shown, /^~[0-9a-f]{8}$/, name);
    assert.equal(shown, veil.value(name, 'hunter2'));
    assert.notEqual(shown, veil.value(name, 'hunter3'));
    assert.notEqual(shown, other.value(name, 'hunter2'), 'nobody else makes the same of it');
  }
});

test('other values stay, without credentials in addresses', () => {
  for (const name of ['VERSION', 'PATH', 'AUTHOR', 'KEYBOARD', 'MONKEY'])
    assert.equal(veil.value(name, '1'), '1', name);
  assert.equal(veil.value('PROXY', 'http://me:pass@proxy:80/x'), 'http://xxxxx@proxy:80/x');
  assert.equal(veil.text('oci-layout://base@sha256:12'), 'oci-layout://base@sha256:12');
  assert.equal(veil.value('V', undefined), undefined);
});

test('a secret that an instruction names is veiled where it stands', () => {
  const shown = veil.text('RUN NPM_TOKEN="hunter2" npm ci && PASSWORD=x make');
  assert.match(shown, /^RUN NPM_TOKEN=~\w{8} npm ci && PASSWORD=~\w{8} make$/);
  assert.deepEqual(Object.keys(veil.all({ 'build-arg:TOKEN': 'a', 'env V': 'b' })), ['build-arg:TOKEN', 'env V']);
  assert.match(veil.all({ 'build-arg:TOKEN': 'a' })['build-arg:TOKEN']!, /^~/);
});

test('the key is made once, for its user alone', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'made/key');
  assert.deepEqual(keyIn(path), keyIn(path));
  assert.equal(keyIn(path).length, 32);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(statSync(join(path, '..')).mode & 0o777, 0o700);
});

test('a secret that is known is veiled wherever it stands, and short words are left alone', () => {
  const knowing = veil.knowing({
    'build-arg:NPM_TOKEN': 'hunter-2',
    'build-arg:PASSWORD': 'on',
    'build-arg:V': 'version-1',
  });
  assert.match(knowing.text('COPY x /hunter-2 on version-1'), /^COPY x \/~[0-9a-f]{8} on version-1$/);
  assert.equal(knowing.value('A', 'hunter-2'), veil.value('NPM_TOKEN', 'hunter-2'), 'the same, whatever it is called');
});
