// The recorded Dockerfiles give the ops that BuildKit's own frontend makes of them, digest for digest, name for name.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { unmarshalDefinition, type Definition } from '../../packages/engine/src/llb/definition.ts';
import { digestOf } from '../../packages/engine/src/oci/digest.ts';
import { cases, convertText, optionsOf } from './fixture.ts';

interface Recorded {
  /** Absent for scratch. */
  readonly digests?: readonly string[] | null;
  /** Base64. */
  readonly definition: string;
}

const recorded = JSON.parse(readFileSync(join(import.meta.dirname, '../llb/dockerfiles.json'), 'utf8')) as Record<
  string,
  Recorded
>;

/** Cases in which our ops differ on purpose, and why. */
const different: Readonly<Record<string, string>> = {
  'build-arg-hostname':
    'BUILDKIT_SANDBOX_HOSTNAME sets the host name; the recording has the build argument without what it does',
};

let equal = 0;
for (const [name, { digests, definition }] of Object.entries(recorded)) {
  if (different[name] !== undefined) continue;
  test(`${name} gives BuildKit's ops`, async () => {
    const { dockerfile } = JSON.parse(readFileSync(join(cases, name, 'case.json'), 'utf8')) as { dockerfile?: string };
    const file = [dockerfile, 'Dockerfile'].find((each) => each && existsSync(join(cases, name, each)))!;
    const { images } = await convertText(readFileSync(join(cases, name, file)), optionsOf(name));
    assert.deepEqual(
      images[0]!.definition.ops.map((op) => digestOf(op)),
      digests ?? [],
    );
    assert.deepEqual(told(images[0]!.definition), told(unmarshalDefinition(Buffer.from(definition, 'base64'))));
    equal++;
  });
}

/** What people see of each op, and whether it is run again. */
function told({ ops, metadata }: Definition) {
  return ops.map((op) => {
    const { description, progressGroup, ignoreCache } = metadata.get(digestOf(op)) ?? {};
    return {
      name: description?.['llb.customname'],
      group: progressGroup?.name,
      weak: progressGroup?.weak,
      ignoreCache,
    };
  });
}

test('all recorded Dockerfiles are compared', () => {
  const total = Object.keys(recorded).length;
  console.log(`${equal} of ${total} recorded Dockerfiles give equal ops`);
  assert.equal(equal + Object.keys(different).length, total);
});
