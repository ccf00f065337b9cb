import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mapResult, refsOf, type Result } from './result.ts';

const stated = (ref: number) => ({
  kind: 'in-toto' as const,
  ref,
  path: '/sbom.json',
  metadata: new Map(),
  predicateType: 'https://spdx.dev/Document',
  subjects: [],
});

test('a result keeps its shape when its refs change', async () => {
  const platforms: Result<number> = {
    kind: 'platforms',
    platforms: [
      { id: 'linux/amd64', platform: { os: 'linux', architecture: 'amd64' }, ref: 1 },
      { id: 'linux/arm64', platform: { os: 'linux', architecture: 'arm64' }, ref: undefined },
    ],
    metadata: new Map([['k', new Uint8Array([1])]]),
    attestations: new Map([['linux/amd64', [stated(2)]]]),
  };
  const changed = await mapResult(platforms, async (ref) => `#${ref}`);
  assert.deepEqual(refsOf(changed), ['#1', '#2']);
  assert.partialDeepStrictEqual(changed, { kind: 'platforms', platforms: [{ ref: '#1' }, { ref: undefined }] });
  const single: Result<number> = { kind: 'single', ref: 0, metadata: new Map(), attestations: new Map() };
  assert.deepEqual(refsOf(await mapResult(single, async (ref) => ref + 1)), [1]);
});
