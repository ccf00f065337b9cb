import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Digest } from '../oci/digest.ts';
import { firstCauses } from './first-causes.ts';

const step = (name: string, inputs: readonly string[], runs: boolean) => ({
  digest: `sha256:${name}` as Digest,
  inputs: inputs.map((input) => `sha256:${input}` as Digest),
  runs,
});

test('what is asked anew is so by the first that run before it, also through what does not', () => {
  const steps = [
    step('source', [], false),
    step('copy', ['source'], true),
    step('make', ['copy'], true),
    step('take', ['make'], false),
    step('other', ['source'], true),
    step('all', ['take', 'other'], false),
    step('apart', ['source'], false),
  ];
  assert.deepEqual(Object.fromEntries(firstCauses(steps)), {
    'sha256:make': ['sha256:copy'],
    'sha256:take': ['sha256:copy'],
    'sha256:all': ['sha256:copy', 'sha256:other'],
  });
});
