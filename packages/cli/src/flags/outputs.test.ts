import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mistake } from '../mistake.ts';
import { memoryStream } from '../ui/recorded.fixture.ts';
import { outputOf } from './outputs.ts';

const world = { cwd: '/work', env: {}, stdout: memoryStream() };
const read = (text: string) => outputOf(text, world);
const mistake = async (text: string, stdout = world.stdout) => {
  try {
    await outputOf(text, { ...world, stdout });
  } catch (error) {
    assert.ok(error instanceof Mistake);
    return `${error.message} / ${error.hint}`;
  }
  return assert.fail('there was no mistake');
};

test('a path alone is a folder, and a dash a tar on standard output', async () => {
  assert.deepEqual(await read('out'), { type: 'local', attrs: {}, destination: { kind: 'folder', path: '/work/out' } });
  const { type, destination } = await read('-');
  assert.deepEqual([type, destination?.kind], ['tar', 'stream']);
});

test('files are relative to the current folder, and attributes go to the exporter', async () => {
  assert.deepEqual(await read('type=oci,dest=x.tar,compression=zstd,"annotation.a=b,c"'), {
    type: 'oci',
    attrs: { compression: 'zstd', 'annotation.a': 'b,c' },
    destination: { kind: 'file', path: '/work/x.tar' },
  });
  assert.deepEqual((await read('type=oci,dest=x,tar=false')).destination, { kind: 'folder', path: '/work/x' });
  assert.equal((await read('type=docker,dest=-')).destination?.kind, 'stream');
});

test('a docker archive without a file is loaded', async () => {
  const { attrs, destination } = await read('type=docker,into=podman,compression=zstd');
  assert.deepEqual(attrs, { compression: 'zstd' });
  assert.equal(destination?.kind === 'loader' && destination.loader.name, 'podman');
  assert.match(await mistake('type=docker,into=rkt'), /can't be loaded into rkt: write docker, podman or containerd/);
});

test('registry is an image that is pushed', async () => {
  assert.deepEqual(await read('type=registry,name=r/x'), { type: 'image', attrs: { name: 'r/x', push: 'true' } });
});

test('what cannot be is a mistake that tells the way', async () => {
  assert.equal(await mistake('type=ocy,dest=x'), '--output has no type "ocy" / did you mean type=oci?');
  assert.match(await mistake('dest=x'), /needs a type/);
  assert.match(await mistake('type=image,dest=x'), /takes no dest/);
  assert.match(await mistake('type=local'), /needs dest=FOLDER/);
  assert.match(await mistake('type=tar', memoryStream({ isTTY: true })), /needs dest=FILE/);
});
