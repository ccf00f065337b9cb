// Stands between a configuration and the world while it is evaluated, and notes what it looks at.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { envReads } from '@monokit/engine/std/env-reads';
import type { Reads } from './reads.ts';

/** Properties of `process` that are the same for every run of this Node in this folder. */
const steady = new Set<string | symbol>(
  'env platform arch version versions release features cwd nextTick emitWarning exitCode on once off emit'.split(' '),
);

/** Globals that show the clock, chance or the network. */
const unsteady = ['fetch', 'navigator', 'performance', 'localStorage', 'sessionStorage', 'Temporal'];

/** What tells of an object when it was made, where nobody said so. */
const stamped = [
  [() => Event.prototype, 'timeStamp'],
  [() => File.prototype, 'lastModified'],
] as const;

/**
 * Where Node tells of connections made by fetch, WebSocket and EventSource. The latter two cannot be replaced as globals:
 * even to look at their descriptors makes Node load all of its HTTP client.
 */
const connecting = 'undici:client:beforeConnect';

/** Until disposed, all reads of the environment, the clock and the like are noted. They are other code's reads too. */
export function witnessGlobals(reads: Reads, env: NodeJS.ProcessEnv): Disposable {
  const undo: (() => void)[] = [];
  const replace = (on: object, key: string, descriptor: PropertyDescriptor) => {
    const before = Object.getOwnPropertyDescriptor(on, key);
    if (!before) return;
    Object.defineProperty(on, key, { configurable: true, ...descriptor });
    undo.push(() => Object.defineProperty(on, key, before));
  };
  const seenEnv = witnessEnv(reads, env);
  const { process } = globalThis;
  // Modules that were loaded earlier hold the process itself.
  replace(process, 'env', { value: seenEnv, writable: true, enumerable: true });
  const seenProcess = new Proxy(process, {
    get(target, key) {
      if (!steady.has(key)) reads.impure.add(`process.${String(key)}`);
      return Reflect.get(target, key, target);
    },
  });
  replace(globalThis, 'process', { value: seenProcess, writable: true });
  const seenDate = witnessDate(reads);
  replace(globalThis, 'Date', { value: seenDate, writable: true });
  replace(Date.prototype, 'constructor', { value: seenDate, writable: true });
  replace(Intl, 'DateTimeFormat', { value: witnessFormat(reads), writable: true });
  for (const [prototype, key] of stamped) {
    const before = Object.getOwnPropertyDescriptor(prototype(), key);
    replace(prototype(), key, {
      get(): unknown {
        reads.impure.add('the clock');
        return before!.get!.call(this);
      },
    });
  }
  replace(Math, 'random', { value: noted(reads, 'Math.random()', Math.random), writable: true });
  const makeCrypto = Object.getOwnPropertyDescriptor(globalThis, 'crypto')?.get;
  let seenCrypto: typeof crypto | undefined;
  replace(globalThis, 'crypto', {
    get: () => (seenCrypto ??= witnessCrypto(reads, makeCrypto!.call(globalThis) as typeof crypto)),
  });
  const connects = () => reads.impure.add('the network');
  subscribe(connecting, connects);
  undo.push(() => unsubscribe(connecting, connects));
  for (const name of unsteady) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    replace(globalThis, name, {
      get() {
        reads.impure.add(name);
        return before?.get ? before.get.call(globalThis) : before?.value;
      },
    });
  }
  return { [Symbol.dispose]: () => undo.reverse().forEach((back) => back()) };
}

/** An environment that notes which variables are asked for; `*` when all are. */
export function witnessEnv(reads: Reads, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return new Proxy(env, {
    ...envReads({ one: (name) => void reads.variable(name, env), all: () => void reads.variable('*', env) }),
    set(target, key, value) {
      reads.impure.add(`setting process.env.${String(key)}`);
      return Reflect.set(target, key, value);
    },
    defineProperty(target, key, descriptor) {
      reads.impure.add(`setting process.env.${String(key)}`);
      return Reflect.defineProperty(target, key, descriptor);
    },
    deleteProperty(target, key) {
      reads.impure.add(`deleting process.env.${String(key)}`);
      return Reflect.deleteProperty(target, key);
    },
  });
}

function witnessDate(reads: Reads): DateConstructor {
  return new Proxy(Date, {
    construct(target, args: [], newTarget) {
      if (args.length === 0) reads.impure.add('the clock');
      return Reflect.construct(target, args, newTarget) as Date;
    },
    apply(target) {
      reads.impure.add('the clock');
      return target();
    },
    get(target, key) {
      if (key === 'now') reads.impure.add('the clock');
      return Reflect.get(target, key, target) as unknown;
    },
  });
}

/** Formats what time it is where no date is given: nothing tells whether one will be. */
function witnessFormat(reads: Reads): typeof Intl.DateTimeFormat {
  return new Proxy(Intl.DateTimeFormat, {
    construct(target, args, newTarget) {
      reads.impure.add('Intl.DateTimeFormat');
      return Reflect.construct(target, args, newTarget) as Intl.DateTimeFormat;
    },
    apply(target, self, args) {
      reads.impure.add('Intl.DateTimeFormat');
      return Reflect.apply(target, self, args) as Intl.DateTimeFormat;
    },
  });
}

function witnessCrypto(reads: Reads, real: typeof crypto): typeof crypto {
  return new Proxy(real, {
    get(target, key) {
      reads.impure.add('crypto');
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

function noted<A extends unknown[], R>(reads: Reads, what: string, run: (...args: A) => R): (...args: A) => R {
  return (...args) => {
    reads.impure.add(what);
    return run(...args);
  };
}
