// The image configs and histories of the conformance cases are BuildKit's.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { History } from '../../packages/engine/src/oci/image-config.ts';
import { formatPlatform } from '../../packages/engine/src/oci/platform.ts';
import { cases, convertText, optionsOf } from './fixture.ts';

interface Golden {
  readonly images?: readonly {
    readonly platform: string;
    readonly config?: Readonly<Record<string, unknown>>;
    readonly history?: readonly History[];
    readonly author?: string;
  }[];
}

interface Case {
  readonly steps?: unknown;
  readonly call?: unknown;
  readonly errorIncludes?: unknown;
  readonly contexts?: unknown;
  readonly ignore?: readonly string[];
}

let compared = 0;
for (const name of readdirSync(cases)) {
  const read = <T>(file: string) => JSON.parse(readFileSync(join(cases, name, file), 'utf8')) as T;
  const told = read<Case>('case.json');
  const dockerfile = join(cases, name, 'Dockerfile');
  // Cases of more than one build, and those whose images need more than a base image, belong to the engine.
  if (told.steps || told.call || told.errorIncludes || told.contexts || !existsSync(dockerfile)) continue;
  const prepare = join(cases, name, 'prepare.sh');
  if (existsSync(prepare) && readFileSync(prepare, 'utf8').includes('Dockerfile')) continue;
  const { images = [] } = read<Golden>('golden.json');
  if (images.length === 0 || images.some((image) => !image.config)) continue;
  test(`${name} has BuildKit's config and history`, async () => {
    const result = await convertText(readFileSync(dockerfile), optionsOf(name, { environment: true }));
    assert.equal(result.images.length, images.length);
    for (const golden of images) {
      const ours =
        result.images.length === 1
          ? result.images[0]!
          : result.images.find(({ platform }) => formatPlatform(platform) === golden.platform)!;
      assert.deepEqual(ours.config!.config, golden.config);
      assert.equal(ours.config!.author, golden.author);
      assert.deepEqual(ours.config!.history?.map(withoutTime), golden.history);
    }
    compared++;
  });
}

test('most cases are compared', () => {
  assert.ok(compared > 140, `only ${compared}`);
});

function withoutTime(entry: History): History {
  const copy = { ...entry };
  delete copy.created;
  return copy;
}
