import { homedir } from 'node:os';
import { posix } from 'node:path';
import type { HclFunction } from '../function.ts';
import { stringOf, text } from '../value.ts';
import { fn, texts } from './parameters.ts';

/** Functions of paths; `env` is where a home is told. */
export function pathFunctions(env: NodeJS.ProcessEnv): Readonly<Record<string, HclFunction>> {
  return {
    basename: fn(texts('path'), (given) => {
      const path = stringOf(given!);
      return text(path === '' ? '.' : posix.basename(path) || '/');
    }),
    dirname: fn(texts('path'), (given) => {
      const path = stringOf(given!);
      // A path that ends in a slash is a folder of its own.
      return text(posix.normalize(path.slice(0, path.lastIndexOf('/') + 1) || '.').replace(/(?<=.)\/$/, ''));
    }),
    homedir: fn([], () => text(env.HOME || homedir())),
    sanitize: fn(texts('name'), (given) => text(stringOf(given!).replace(/[^\w-]/gu, '_'))),
  };
}
