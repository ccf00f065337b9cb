import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Definition } from '../../llb/definition.ts';
import type { Result } from '../../llb/result.ts';
import { frontendResultOf, resultOf } from './results.ts';

const amd64 = { os: 'linux', architecture: 'amd64' };
const arm64 = { os: 'linux', architecture: 'arm64' };
const definition = (name: string): Definition => ({ ops: [Buffer.from(name)], metadata: new Map() });
const config = { ...amd64, config: { Cmd: ['x'] }, history: [] };

const withMetadata = (metadata: Readonly<Record<string, string>>, ref?: Definition): Result<Definition> => ({
  kind: 'single',
  ref,
  metadata: new Map(Object.entries(metadata).map(([key, value]) => [key, Buffer.from(value)])),
  attestations: new Map(),
});
const read = (result: Result<Definition>) => frontendResultOf(result, { answersOnly: false });

test('what is written as a result is read as the same images, in order', () => {
  const images = [
    { platform: arm64, ref: definition('2'), config: { ...config, ...arm64 }, epoch: 5 },
    { platform: amd64, ref: definition('1'), config, baseConfig: config },
  ];
  const metadata = { 'result.json': '{}', 'annotation.a': 'b' };
  const several = read(resultOf(images, { multiPlatform: true, metadata }));
  assert.deepEqual(
    several.images,
    images.map(({ ref, ...image }) => ({ ...image, definition: ref })),
  );
  assert.deepEqual([several.multiPlatform, several.metadata], [true, metadata]);
  const [first] = images;
  assert.deepEqual(read(resultOf([first!], { multiPlatform: false })).images, [several.images[0]]);
});

test('a result without a ref is an empty image, or none where a question was asked', () => {
  const empty = withMetadata({ version: '1' });
  assert.deepEqual(read(empty).images[0]!.definition.ops, []);
  assert.deepEqual(frontendResultOf(empty, { answersOnly: true }), {
    images: [],
    multiPlatform: false,
    metadata: { version: '1' },
  });
});

test('an image is for what it says, and keeps what nobody knows', () => {
  const written = { os: 'linux', architecture: 'riscv64', config: {}, rootfs: { x: 1 }, moreover: [1] };
  const { images } = read(withMetadata({ 'containerimage.config': JSON.stringify(written) }, definition('x')));
  const { platform, config: kept } = images[0]!;
  assert.deepEqual(platform, { os: 'linux', architecture: 'riscv64' });
  assert.deepEqual(kept, { os: 'linux', architecture: 'riscv64', config: {}, history: [], moreover: [1] });
});

test('what no image could be made of is refused', () => {
  const wrong: readonly [metadata: Readonly<Record<string, string>>, why: RegExp][] = [
    [{ 'containerimage.config': '{' }, /containerimage.config is not JSON/],
    [{ 'containerimage.config': '[]' }, /containerimage.config is not an object/],
    [{ 'containerimage.config': '{"config":7}' }, /config is not an object/],
    [{ 'containerimage.config': '{"history":{}}' }, /history is not a list/],
    [{ 'containerimage.config': '{"os":1}' }, /os is not a string/],
    [{ 'refs.platforms': '{}' }, /refs.platforms has no list/],
    [{ 'refs.platforms': '{"Platforms":[{"ID":"x"}]}' }, /without an id or a platform/],
    [{ 'source.date.epoch': 'now' }, /not a number of seconds: now/],
  ];
  for (const [metadata, why] of wrong) assert.throws(() => read(withMetadata(metadata, definition('x'))), why);
  const several = resultOf([{ platform: amd64, ref: definition('x') }], { multiPlatform: true });
  assert.ok(several.kind === 'platforms');
  assert.throws(
    () => read({ ...several, metadata: new Map() }),
    /it has a ref "linux\/amd64", of which refs.platforms/,
  );
  assert.throws(() => read({ ...several, platforms: [] }), /tells of "linux\/amd64", for which it has no ref/);
});
