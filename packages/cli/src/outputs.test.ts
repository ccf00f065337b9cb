import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mistake } from './mistake.ts';
import { outputOf } from './outputs.ts';
import { memoryStream } from './ui/recorded.fixture.ts';

const world = { cwd: '/work', stdout: memoryStream() };
const read = (text: string) => outputOf(text, world);
const mistake = (text: string, stdout = world.stdout) => {
  try {
    outputOf(text, { ...world, stdout });
  } catch (error) {
    assert.ok(error instanceof Mistake);
    return `${error.message} / ${error.hint}`;
  }
  return assert.fail('there was no mistake');
};

test('a path alone is a folder, and a dash a tar on standard output', () => {
  assert.deepEqual(read('out'), { type: 'local', attrs: {}, destination: { kind: 'folder', path: '/work/out' } });
  const { type, destination } = read('-');
  assert.deepEqual([type, destination?.kind], ['tar', 'stream']);
});

test('files are relative to the current folder, and attributes go to the exporter', () => {
  assert.deepEqual(read('type=oci,dest=x.tar,compression=zstd,"annotation.a=b,c"'), {
    type: 'oci',
    attrs: { compression: 'zstd', 'annotation.a': 'b,c' },
    destination: { kind: 'file', path: '/work/x.tar' },
  });
  assert.deepEqual(read('type=oci,dest=x,tar=false').destination, { kind: 'folder', path: '/work/x' });
  assert.equal(read('type=docker').destination?.kind, 'stream');
});

test('registry is an image that is pushed', () => {
  assert.deepEqual(read('type=registry,name=r/x'), { type: 'image', attrs: { name: 'r/x', push: 'true' } });
});

test('what cannot be is a mistake that tells the way', () => {
  assert.equal(mistake('type=ocy,dest=x'), '--output has no type "ocy" / did you mean type=oci?');
  assert.match(mistake('dest=x'), /needs a type/);
  assert.match(mistake('type=image,dest=x'), /takes no dest/);
  assert.match(mistake('type=local'), /needs dest=FOLDER/);
  assert.match(mistake('type=tar', memoryStream({ isTTY: true })), /needs dest=FILE/);
});
