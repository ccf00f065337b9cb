// From a folder to its configuration: found, evaluated, checked. The home of cosmiconfig, which is asked only when what
// was found the last time is no longer good.

import { readFileSync, statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { Diagnostic } from '@monokit/engine/std/diagnostic';
import type { Definition } from './bake/definition.ts';
import type { Config } from './config.ts';
import { filesOfGit, gitTop } from './git.ts';
import { isPlain, keep, keptPath, recall } from './kept.ts';
import type { KeyPath, Source } from './place.ts';
import { Reads, pathsOfInputs, type ReadsRecord } from './reads.ts';
import { checkConfig } from './schema.ts';

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

/** What is found, before its shape is checked. */
interface Found {
  readonly root: string;
  readonly file?: string;
  readonly prefix: KeyPath;
  readonly value: unknown;
  readonly sources?: Definition;
  readonly warnings?: readonly Diagnostic[];
}

const moduleEnds = ['ts', 'mts', 'js', 'mjs', 'cjs'];
const textEnds = ['json', 'yaml', 'yml'];

/** The names looked for in each folder, in order. */
const searchPlaces: readonly string[] = [
  'package.json',
  ...['', ...textEnds, ...moduleEnds].map((end) => `.buildkitrc${end && `.${end}`}`),
  ...['', ...textEnds, ...moduleEnds].map((end) => `.config/buildkitrc${end && `.${end}`}`),
  ...[...moduleEnds, ...textEnds].map((end) => `buildkit.config.${end}`),
];

/** cosmiconfig's own configuration, which it looks for in the current folder. */
const metaPlaces = ['package.json', 'package.yaml', ...['json', 'yaml', 'yml'].map((end) => `.config/config.${end}`)];
const metaModules = ['js', 'ts', 'cjs', 'mjs'].map((end) => `.config/config.${end}`);

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
    const searched = await search(options, reads);
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

/** The paths of what was read, where paths are all that was. */
function seenBy({ files, absent, links, git, inputs }: ReadsRecord): readonly string[] | undefined {
  const ofGit = git ? filesOfGit(git.root) : [];
  if (inputs || !ofGit) return undefined;
  return [...Object.keys(files), ...absent, ...Object.keys(links), ...ofGit].map(unlessGit);
}

function knownBy({ files, absent, links, git, inputs }: ReadsRecord): readonly string[] {
  const ofInputs = inputs
    ? [...pathsOfInputs(inputs.root, inputs.patterns)].map((path) => resolve(inputs.root, path))
    : [];
  const ofGit = (git && filesOfGit(git.root)) ?? [];
  return [...Object.keys(files), ...absent, ...Object.keys(links), ...ofGit, ...ofInputs].map(unlessGit);
}

/** Whether there is a repository is told by its HEAD: the folder itself is touched whenever somebody asks for its status. */
function unlessGit(path: string): string {
  const head = join(path, 'HEAD');
  return basename(path) === '.git' && statSync(head, { throwIfNoEntry: false }) ? head : path;
}

/** The text that a configuration was written in, for the places of its keys. */
export function sourceOf({ file, prefix, root }: Pick<LoadedConfig, 'file' | 'prefix' | 'root'>): Source {
  if (file === undefined) return { file: root, text: '', syntax: 'objects', prefix };
  return { file, text: readFileSync(file, 'utf8'), syntax: isYaml(file) ? 'yaml' : 'objects', prefix };
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

async function search({ cwd, config, vars = {}, env = process.env }: LoadOptions, reads: Reads): Promise<Searched> {
  const { ConfigMistake } = await import('./mistake.ts');
  const { cosmiconfig, defaultLoaders } = await import('cosmiconfig');

  const loadModule = async (file: string) => {
    const { evaluateModule } = await import('./evaluate.ts');
    try {
      // Null and undefined would be passed over in the search; here they are wrong values.
      return ((await evaluateModule(file, { env, vars, reads })) ?? false) as unknown;
    } catch (error) {
      throw new ConfigMistake(file, error);
    }
  };
  const loadText = (file: string, content: string): unknown => {
    reads.file(file);
    try {
      const value = defaultLoaders[(extname(file) as '.json') || 'noExt'](file, content) as unknown;
      // cosmiconfig passes over a file if what it imports isn't there.
      for (const imported of importsOf(basename(file) === 'package.json' ? property(value, 'buildkit') : value)) {
        if (!statSync(resolve(dirname(file), imported), { throwIfNoEntry: false })) {
          throw new Error(`$import names ${JSON.stringify(imported)}, which isn't there`);
        }
      }
      return value;
    } catch (error) {
      throw new ConfigMistake(file, error);
    }
  };
  const explorer = cosmiconfig('buildkit', {
    searchPlaces: [...searchPlaces],
    searchStrategy: 'none',
    cache: false,
    loaders: {
      ...Object.fromEntries([...moduleEnds, 'cts'].map((end) => [`.${end}`, loadModule])),
      ...Object.fromEntries([...textEnds.map((end) => `.${end}`), 'noExt'].map((end) => [end, loadText])),
    },
  });
  for (const place of metaPlaces) reads.file(join(process.cwd(), place));
  for (const place of metaModules) if (reads.link(join(process.cwd(), place))) reads.impure.add(place);

  const given = typeof config === 'string' ? [config] : (config ?? []);
  if (given.length > 0) {
    const { isTargetFile } = await import('./bake/files.ts');
    const named: string[] = [];
    let own: Searched | undefined;
    for (const name of given) {
      if (/^(?:https?|git|ssh):\/\//.test(name))
        throw new ConfigMistake(name, 'a definition is not read from a URL: clone it, and name its file');
      const file = resolve(cwd, name);
      reads.file(file);
      if (!statSync(file, { throwIfNoEntry: false })?.isFile())
        throw new ConfigMistake(file, `there is no file ${name}`);
      if (isTargetFile(file)) {
        named.push(file);
        continue;
      }
      const result = await explorer.load(file);
      if (!result || result.isEmpty) throw new ConfigMistake(file, `${name} says nothing about buildkit`);
      if (own) throw new ConfigMistake(file, 'there is one configuration; bake and compose files may be several');
      own = foundIn(file, result.config);
    }
    // As with bake, paths are relative to where one is, unless a configuration rules.
    return { ...(own ?? { root: cwd, prefix: [], value: {} }), files: named };
  }

  const git = gitTop(cwd);
  for (let folder = cwd; ; folder = dirname(folder)) {
    reads.link(join(folder, '.git'));
    const result = await explorer.search(folder);
    for (const place of searchPlaces) {
      const candidate = join(folder, place);
      reads.file(candidate);
      if (candidate === result?.filepath) return foundIn(candidate, result.config);
    }
    if (folder === git || folder === dirname(folder)) break;
  }
  const { filesIn, filesOfEnv } = await import('./bake/files.ts');
  const ofEnv = filesOfEnv(cwd, env, reads);
  for (const file of ofEnv)
    if (!statSync(file, { throwIfNoEntry: false })?.isFile())
      throw new ConfigMistake(file, `there is no file ${file}, which BUILDX_BAKE_FILE names`);
  if (ofEnv.length > 0) return { root: cwd, prefix: [], value: {}, files: ofEnv };
  for (let folder = cwd; ; folder = dirname(folder)) {
    const files = filesIn(folder, reads);
    if (files.length > 0) return { root: folder, prefix: [], value: {}, files, isGuess: true };
    if (folder === git || folder === dirname(folder)) break;
  }
  return { root: git ?? cwd, prefix: [], value: {} };
}

/** What is found, before its bake and compose files are read. */
interface Searched extends Found {
  /** Of these, absolute. */
  readonly files?: readonly string[];
  /** Whether nobody named them, so that they may well say nothing of images. */
  readonly isGuess?: boolean;
}

/** What was found, with what its bake and compose files define. */
async function withSources(
  { files: named = [], isGuess, ...found }: Searched,
  {
    vars,
    env,
    reads,
  }: { readonly vars: Readonly<Record<string, string>>; readonly env: NodeJS.ProcessEnv; readonly reads: Reads },
): Promise<Found | Loading> {
  const written = property(found.value, 'sources');
  const own = Array.isArray(written) ? written.filter((name) => typeof name === 'string') : [];
  const files = [...own.map((name) => resolve(found.root, name)), ...named];
  if (files.length === 0) return found;
  const { readDefinition } = await import('./bake/files.ts');
  const missing = files.find((file) => !statSync(file, { throwIfNoEntry: false })?.isFile());
  if (missing !== undefined && found.file !== undefined) {
    const { diagnose } = await import('./diagnose.ts');
    const path = ['sources', files.indexOf(missing)];
    const problem = { code: 'config/no-file', path, message: `there is no file ${missing}` };
    return { diagnostics: diagnose([problem], sourceOf({ ...found, file: found.file })) };
  }
  const { definition, diagnostics } = await readDefinition({ files, folder: found.root, vars, env, reads });
  if (!definition) return { diagnostics };
  // Services that are not built are no reason to look for Dockerfiles no more.
  if (isGuess && definition.targets.length === 0 && files.every((file) => /\.ya?ml$/.test(file))) {
    const top = gitTop(found.root) ?? found.root;
    return { ...found, root: top };
  }
  return { ...found, sources: definition, warnings: diagnostics };
}

function foundIn(file: string, value: unknown): Found {
  const folder = dirname(file);
  const root = basename(folder) === '.config' ? dirname(folder) : folder;
  return { root, file, prefix: basename(file) === 'package.json' ? ['buildkit'] : [], value };
}

function declaredInputs(value: unknown): readonly string[] | undefined {
  const inputs = property(value, 'inputs');
  return Array.isArray(inputs) && inputs.every((item) => typeof item === 'string') ? inputs : undefined;
}

function importsOf(value: unknown): readonly string[] {
  const imports = property(value, '$import');
  return (Array.isArray(imports) ? imports : [imports]).filter((path) => typeof path === 'string');
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

function isYaml(file: string): boolean {
  return (
    ['.yaml', '.yml'].includes(extname(file)) || basename(file) === '.buildkitrc' || basename(file) === 'buildkitrc'
  );
}
