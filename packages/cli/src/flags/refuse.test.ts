import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Mistake } from '../mistake.ts';
import { parseFlags, type Flags } from './flags.ts';
import { refuseFlags } from './refuse.ts';

const flags = {
  push: { kind: 'switch', help: '', env: false },
  tag: { kind: 'list', help: '', env: false },
  target: { kind: 'value', help: '', env: false },
  affected: { kind: 'switch', help: '' },
} as const satisfies Flags;

function refuse(argv: readonly string[], env: Record<string, string> = {}): void {
  refuseFlags({ flags: parseFlags(argv, flags, { env }).given, env }, flags, {
    why: 'means nothing',
    hint: 'leave it out',
  });
}

test('a flag that means nothing is refused by its name', () => {
  for (const argv of [['--push'], ['--tag', 'a'], ['--target='], ['--affected']]) {
    const name = argv[0]!.replace('=', '');
    assert.throws(
      () => refuse(argv),
      (error) => error instanceof Mistake && error.message === `${name} means nothing` && error.hint === 'leave it out',
    );
  }
});

test('flags that were not given are none, nor is what the environment says to all commands', () => {
  refuse([]);
  refuse(['--push=false']);
  refuse([], { MONOKIT_AFFECTED: '1', MONOKIT_PUSH: '1' });
});
