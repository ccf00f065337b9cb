import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emulationOf, parseHandler } from './emulator.ts';

const text = (flags: string, state = 'enabled') =>
  [
    state,
    'interpreter /usr/libexec/qemu-binfmt/aarch64-binfmt-P',
    `flags: ${flags}`,
    'offset 0',
    'magic 7f454c460201010000000000000000000200b700',
    'mask ffffffffffffff00fffffffffffffffffeffffff',
    '',
  ].join('\n');

const host = { os: 'linux', architecture: 'amd64' };
const kindOf = (architecture: string, ...handlers: string[]) =>
  emulationOf(
    { os: 'linux', architecture },
    { host, handlers: () => handlers.map((handler) => parseHandler('qemu-aarch64', handler)!) },
  ).kind;

test("the machine's own programs and its 32-bit ones need nothing", () => {
  assert.equal(kindOf('amd64'), 'native');
  assert.equal(kindOf('386'), 'native');
  assert.equal(kindOf('arm64'), 'none');
});

test('a handler counts if it takes such programs, is on, and is fixed', () => {
  assert.equal(kindOf('arm64', text('POCF')), 'emulated');
  assert.equal(kindOf('riscv64', text('POCF')), 'none');
  assert.equal(kindOf('arm64', text('POC')), 'not-fixed');
  assert.equal(kindOf('arm64', text('POC'), text('F')), 'emulated');
  assert.equal(kindOf('arm64', text('POCF', 'disabled')), 'none');
});

test('a handler by ending is none for programs', () => {
  assert.equal(parseHandler('jar', 'enabled\ninterpreter /usr/bin/jexec\nflags: \nextension .jar\n'), undefined);
});
