import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Capture } from '../attestation/capture.ts';
import { digestOf } from '../oci/digest.ts';
import { configSource } from './materials.ts';

const commit = '4b220de5058abfd01ff619c9d2ff6b09a049bea0';
const digest = digestOf('context');
const read = {
  git: [{ kind: 'git', url: 'https://xxxxx:xxxxx@github.com/org/repo.git#main', commit }],
  http: [{ kind: 'http', url: 'https://example.com/context.tar', digest }],
} as unknown as Capture;

test('the main context is told with its digest, where it is no folder, and the Dockerfile’s path', () => {
  assert.deepEqual(configSource({ filename: 'a/Dockerfile' }, read), { path: 'a/Dockerfile' });
  assert.deepEqual(configSource({ context: 'https://me:pw@github.com/org/repo.git#main:sub', filename: 'D' }, read), {
    uri: 'https://xxxxx:xxxxx@github.com/org/repo.git#main:sub',
    digest: { sha1: commit },
    path: 'D',
  });
  assert.deepEqual(configSource({ contextkey: 'there', there: 'https://example.com/context.tar' }, read), {
    uri: 'https://example.com/context.tar',
    digest: { sha256: digest.slice('sha256:'.length) },
  });
  assert.deepEqual(configSource({ context: 'https://github.com/org/other.git' }, read), {
    uri: 'https://github.com/org/other.git',
  });
});
