// Notes which files are read while a configuration is evaluated. It is no proof of what decides it, which may come in
// other ways: only for who wants to look again when one of them changes.

import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Calls whose first argument is a path that is read, or looked for. */
const readers = [
  'readFileSync',
  'readFile',
  'createReadStream',
  'openSync',
  'open',
  'existsSync',
  'readdirSync',
] as const;
const promised = ['readFile', 'open', 'readdir'] as const;

type Calls = Record<string, (...given: unknown[]) => unknown>;

/** Until disposed, `note` is told of each path, absolute. Other code's reads are told, too. */
export function witnessFiles(note: (path: string) => void): Disposable {
  const undo: (() => void)[] = [];
  const watch = (on: Calls, name: string) => {
    const before = on[name]!;
    const noting = function (this: unknown, ...given: unknown[]): unknown {
      const path = pathOf(given[0]);
      if (path !== undefined) note(path);
      return before.apply(this, given);
    };
    // Names, lengths and further functions (`promisify.custom`) stay what they were.
    Object.defineProperties(noting, Object.getOwnPropertyDescriptors(before));
    on[name] = noting;
    undo.push(() => {
      on[name] = before;
    });
  };
  for (const name of readers) watch(fs as unknown as Calls, name);
  for (const name of promised) watch(fs.promises as unknown as Calls, name);
  syncBuiltinESMExports();
  return {
    [Symbol.dispose]: () => {
      for (const back of undo.reverse()) back();
      syncBuiltinESMExports();
    },
  };
}

function pathOf(given: unknown): string | undefined {
  if (typeof given === 'string') return resolve(given);
  if (given instanceof URL && given.protocol === 'file:') return fileURLToPath(given);
  return undefined;
}
