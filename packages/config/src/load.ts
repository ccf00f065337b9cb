// From a folder to its configuration: found, evaluated, checked; searched for only when what was found the last time is no
// longer good.

import type { Diagnostic } from '@monokit/engine/std/diagnostic';
import type { Definition } from './bake/definition.ts';
import { isRecord } from './check.ts';
import { sourceOf } from './config-text.ts';
import type { Config } from './config.ts';
import { isPlain, keep, keptPath, recall } from './kept.ts';
import type { KeyPath } from './place.ts';
import { Reads } from './reads.ts';
import { checkConfig } from './schema.ts';
import type { Found } from './search.ts';
import { knownBy, seenBy } from './seen.ts';

export interface LoadOptions {
  /** Where the search begins; it goes up to the top of the git repository, or of the file system. Absolute. */
  readonly cwd: string;
  /**
   * Files to take instead of searching, relative to `cwd`: a configuration, bake and compose files, or both. Of
   * configurations there is one at most.
   */
  readonly config?: string | readonly string[];
  /** Texts given with `--var`. */
  readonly vars?: Readonly<Record<string, string>>;
  /** The process's own unless given. */
  readonly env?: NodeJS.ProcessEnv;
  /** A folder for evaluated configurations; without one each is evaluated anew. */
  readonly state?: string;
}

/** A configuration that was found and is well-formed. */
export interface LoadedConfig {
  /** The workspace's root, absolute: the folder of the configuration, else the top of the git repository, else `cwd`. */
  readonly root: string;
  readonly config: Config;
  /** Where it was read, absolute; undefined where there is none, so that images are only discovered. */
  readonly file: string | undefined;
  /** Where in the file it lies. */
  readonly prefix: KeyPath;
  /** What bake and compose files define, named by the configuration or found where there is none. */
  readonly sources?: Definition;
  /** Whether it was evaluated now or taken from the last time. */
  readonly from: 'evaluation' | 'cache';
  /** Why it will have to be evaluated the next time too, e.g. `import of node:fs`. */
  readonly uncached: readonly string[];
  /**
   * Files (there or not) that decide it together with the environment: while none of them is touched, it is the same.
   * Undefined if files don't tell.
   */
  readonly seen?: readonly string[] | undefined;
  /** Paths that decide it as far as anybody knows; others may, too, where `seen` is undefined. */
  readonly known?: readonly string[] | undefined;
  /** Where it holds functions: what they have to be called by, for files to tell of what they give too. */
  readonly witness?: Witness;
}

/** Calls functions of a configuration and notes whether files tell what they give. */
export interface Witness {
  call<T>(body: () => Promise<T>): Promise<T>;
  /** Whether none of those called looked at anything but what decides the configuration. */
  readonly isPure: boolean;
}

export interface Loading {
  readonly loaded?: LoadedConfig;
  readonly diagnostics: readonly Diagnostic[];
}

/** Finds and reads the configuration that rules `cwd`. What is wrong with it comes back as diagnostics. */
export async function loadConfig(options: LoadOptions): Promise<Loading> {
  const { cwd, config, vars = {}, env = process.env, state } = options;
  const path = state && keptPath(state, 'configs', { cwd, config, vars, here: process.cwd() });
  const kept = path && recall<Found>(path, env);
  if (kept)
    return checked(kept.value, { from: 'cache', uncached: [], seen: seenBy(kept.reads), known: knownBy(kept.reads) });
  const reads = new Reads();
  let found: Found;
  try {
    const { search } = await import('./search.ts');
    const searched = await search({ cwd, config, vars, env }, reads);
    const { withSources } = await import('./with-sources.ts');
    const sourced = await withSources(searched, { vars, env, reads });
    if ('diagnostics' in sourced) return sourced;
    found = sourced;
  } catch (error) {
    const { ConfigMistake, diagnosticOf } = await import('./mistake.ts');
    if (error instanceof ConfigMistake) return { diagnostics: [diagnosticOf(error)] };
    throw error;
  }
  const inputs = declaredInputs(found.value);
  if (inputs) {
    // Whoever declares what a configuration reads vouches that nothing else matters.
    reads.impure.clear();
    reads.inputs(found.root, inputs);
  }
  const plain = isPlain(found.value);
  if (path && plain) keep(path, found, { reads, env });
  const record = reads.record();
  const seen = reads.impure.size > 0 ? undefined : seenBy(record);
  return checked(found, {
    from: 'evaluation',
    uncached: [...reads.impure, ...(plain ? [] : ['a function in the configuration'])],
    seen,
    known: [...knownBy(record), ...reads.noticed],
    ...(!plain && seen && { witness: witnessOf({ reads, env }) }),
  });
}

function witnessOf(world: { readonly reads: Reads; readonly env: NodeJS.ProcessEnv }): Witness {
  return {
    async call(body) {
      const { callWitnessed } = await import('./evaluate.ts');
      return callWitnessed(body, world);
    },
    get isPure() {
      return world.reads.impure.size === 0;
    },
  };
}

async function checked(
  found: Found,
  how: Pick<LoadedConfig, 'from' | 'uncached' | 'seen' | 'known' | 'witness'>,
): Promise<Loading> {
  const { root, file, prefix, value, sources, warnings = [] } = found;
  const problems = checkConfig(value);
  if (problems.length > 0) {
    const { diagnose } = await import('./diagnose.ts');
    return { diagnostics: diagnose(problems, sourceOf({ file, prefix, root })) };
  }
  const loaded = { root, file, prefix, config: value as Config, ...(sources && { sources }), ...how };
  return { loaded, diagnostics: warnings };
}

function declaredInputs(value: unknown): readonly string[] | undefined {
  const inputs = isRecord(value) ? value['inputs'] : undefined;
  return Array.isArray(inputs) && inputs.every((item) => typeof item === 'string') ? inputs : undefined;
}
