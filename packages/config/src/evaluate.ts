// Runs a configuration that is a program: imported by Node itself (which strips its types), told its scope, watched.

import { dirname } from 'node:path';
import { nearest } from '@monokit/engine/std/nearest';
import { Semaphore } from '@monokit/engine/std/semaphore';
import type { ConfigScope, Git } from './config.ts';
import { gitTop, readGit } from './git.ts';
import type { Reads } from './reads.ts';
import { noteLateImports, traceImports } from './trace.ts';
import { declaredVariables, type VariableValues } from './vars.ts';
import { witnessFiles } from './witness-files.ts';
import { witnessEnv, witnessGlobals } from './witness.ts';

export interface EvaluateOptions {
  readonly env: NodeJS.ProcessEnv;
  /** Texts given with `--var`. */
  readonly vars: Readonly<Record<string, string>>;
  readonly reads: Reads;
}

/** Variables that decide what numbers and dates look like, and which modules there are. */
const ambient = ['TZ', 'LC_ALL', 'LC_MESSAGES', 'LANG', 'NODE_ICU_DATA', 'NODE_OPTIONS', 'NODE_PATH', 'HOME'];

/** Evaluations replace globals, so there is one at a time. */
const turn = new Semaphore(1);

/**
 * The value that a module exports as its default, called with its scope if it is a function. The variables that it
 * exports as `vars` are merged below the value's own. Rejects with whatever the module throws.
 */
export async function evaluateModule(file: string, { env, vars, reads }: EvaluateOptions): Promise<unknown> {
  using _turn = await turn.acquire();
  // Read by Node itself, without our seeing it.
  for (const name of ambient) reads.variable(name, env);
  reads.link('/etc/localtime');
  using trace = traceImports(file, reads);
  using _globals = witnessGlobals(reads, env);
  const folder = `${dirname(file)}/`;
  using _files = witnessFiles((path) => {
    if (path.startsWith(folder) && !path.includes('/node_modules/')) reads.noticed.add(path);
  });
  const module = await trace.load();
  if (!('default' in module))
    throw new SyntaxError('the configuration has no default export: write `export default defineConfig({ … })`');
  let exported = module.default;
  if (isCompiled(exported)) exported = exported.default;
  if (typeof exported !== 'function') return withVariables(exported, module.vars);
  const scope = scopeOf(file, {
    env,
    reads,
    declared: declaredVariables(module.vars, { given: vars, env: witnessEnv(reads, env) }),
  });
  return withVariables(await (exported as (scope: ConfigScope) => unknown)(scope), module.vars);
}

/**
 * Runs a function that a configuration holds as the configuration itself was run: one at a time, and what it looks at is
 * noted with what the configuration did.
 */
export async function callWitnessed<T>(
  body: () => Promise<T>,
  { env, reads }: Pick<EvaluateOptions, 'env' | 'reads'>,
): Promise<T> {
  using _turn = await turn.acquire();
  using _imports = noteLateImports(reads);
  using _globals = witnessGlobals(reads, env);
  return await body();
}

function scopeOf(
  file: string,
  {
    env,
    reads,
    declared,
  }: { readonly env: NodeJS.ProcessEnv; readonly reads: Reads; readonly declared: VariableValues },
): ConfigScope {
  const seen = witnessEnv(reads, env);
  let git: Git | undefined;
  return {
    env: seen,
    get ci() {
      return !['', '0', 'false', undefined].includes(seen.CI);
    },
    get git() {
      if (!git) reads.git((git = readGit(gitTop(file))));
      return git;
    },
    vars: new Proxy(declared, {
      get(target, key) {
        if (typeof key !== 'string' || Object.hasOwn(target, key)) return Reflect.get(target, key) as never;
        const meant = nearest(key, Object.keys(target));
        throw new ReferenceError(
          `the variable ${key} is not declared${meant ? `; did you mean ${meant}?` : ': write `export const vars = { … }` beside the default export'}`,
        );
      },
    }),
  };
}

function withVariables(value: unknown, vars: unknown): unknown {
  if (vars === undefined || typeof value !== 'object' || value === null) return value;
  const own = 'vars' in value && typeof value.vars === 'object' ? value.vars : undefined;
  return { ...value, vars: { ...(vars as object), ...own } };
}

/** What TypeScript's and Babel's CommonJS output looks like to an import. */
function isCompiled(value: unknown): value is { readonly default: unknown } {
  return typeof value === 'object' && value !== null && '__esModule' in value && 'default' in value;
}
