import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTempFolder } from '../std/temp.ts';
import { handlersOf, parseHandler, registration } from './binfmt.ts';

const magic = '7f454c460201010000000000000000000200b700';
const mask = 'ffffffffffffff00fffffffffffffffffeffffff';
const text = (flags: string, state = 'enabled') =>
  [
    state,
    'interpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P',
    `flags: ${flags}`,
    'offset 0',
    `magic ${magic}`,
    `mask ${mask}`,
    '',
  ].join('\n');

test('a handler counts if it takes such programs and is on', async () => {
  await using folder = makeTempFolder();
  const flagsFor = (architecture: string, handler: string) => {
    writeFileSync(join(folder.path, 'qemu-aarch64'), handler);
    return handlersOf(architecture, folder.path).map(({ flags }) => flags);
  };
  assert.deepEqual(flagsFor('arm64', text('POCF')), ['POCF']);
  assert.deepEqual(flagsFor('riscv64', text('POCF')), []);
  assert.deepEqual(flagsFor('vax', text('POCF')), []);
  assert.deepEqual(flagsFor('arm64', text('POCF', 'disabled')), []);
  assert.deepEqual(handlersOf('arm64', join(folder.path, 'nowhere')), []);
});

test('a handler by ending is none for programs', () => {
  assert.equal(parseHandler('jar', 'enabled\ninterpreter /usr/bin/jexec\nflags: \nextension .jar\n'), undefined);
});

test('an emulator is registered as Debian registers its own, to be opened at once', () => {
  const bytes = (hex: string) => hex.replaceAll(/../g, String.raw`\x$&`);
  assert.equal(registration('arm64', '/q'), `:arm64:M::${bytes(magic)}:${bytes(mask)}:/q:POCF`);
  const big = registration('s390x', '/q')!;
  assert.ok(big.includes(bytes('00020016')) && big.includes(bytes('fffeffff')), big);
  assert.equal(registration('vax', '/q'), undefined);
  assert.equal(registration('arm64', '/a:b'), undefined);
});
