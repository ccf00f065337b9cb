// Where a configuration lies, and what stands there. The home of cosmiconfig.

import { statSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import type { Diagnostic } from '@monokit/engine/std/diagnostic';
import { cosmiconfig, defaultLoaders } from 'cosmiconfig';
import type { Definition } from './bake/definition.ts';
import { isRecord } from './check.ts';
import { gitTop } from './git.ts';
import type { LoadOptions } from './load.ts';
import { ConfigMistake } from './mistake.ts';
import type { KeyPath } from './place.ts';
import type { Reads } from './reads.ts';

/** What is found, before its shape is checked. */
export interface Found {
  readonly root: string;
  readonly file?: string;
  readonly prefix: KeyPath;
  readonly value: unknown;
  readonly sources?: Definition;
  readonly warnings?: readonly Diagnostic[];
}

/** What is found, before its bake and compose files are read. */
export interface Searched extends Found {
  /** Of these, absolute. */
  readonly files?: readonly string[];
  /** Whether nobody named them, so that they may well say nothing of images. */
  readonly isGuess?: boolean;
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

type SearchOptions = Pick<LoadOptions, 'cwd' | 'config'> & Required<Pick<LoadOptions, 'vars' | 'env'>>;
type Explorer = ReturnType<typeof explorerOf>;

/** Finds the configuration that rules `cwd`, or reads those that are named, and notes in `reads` all that it looked at. */
export async function search(options: SearchOptions, reads: Reads): Promise<Searched> {
  const { cwd, config } = options;
  const explorer = explorerOf(options, reads);
  for (const place of metaPlaces) reads.file(join(process.cwd(), place));
  for (const place of metaModules) if (reads.link(join(process.cwd(), place))) reads.impure.add(place);

  const given = typeof config === 'string' ? [config] : (config ?? []);
  if (given.length > 0) return named(given, cwd, { explorer, reads });
  const git = gitTop(cwd);
  const top = { root: git ?? cwd, prefix: [], value: {} };
  return (await ruling(cwd, git, { explorer, reads })) ?? (await targetFiles(options, git, reads)) ?? top;
}

/** cosmiconfig, with our way to evaluate modules. */
function explorerOf({ vars, env }: Pick<SearchOptions, 'vars' | 'env'>, reads: Reads) {
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
    const isPackage = basename(file) === 'package.json';
    try {
      const value = defaultLoaders[(extname(file) as '.json') || 'noExt'](file, content) as unknown;
      // cosmiconfig passes over a file if what it imports isn't there.
      for (const imported of importsOf(isPackage && isRecord(value) ? value['buildkit'] : value)) {
        if (!statSync(resolve(dirname(file), imported), { throwIfNoEntry: false })) {
          throw new Error(`$import names ${JSON.stringify(imported)}, which isn't there`);
        }
      }
      return value;
    } catch (error) {
      throw new ConfigMistake(file, error);
    }
  };
  return cosmiconfig('buildkit', {
    searchPlaces: [...searchPlaces],
    searchStrategy: 'none',
    cache: false,
    loaders: {
      ...Object.fromEntries([...moduleEnds, 'cts'].map((end) => [`.${end}`, loadModule])),
      ...Object.fromEntries([...textEnds.map((end) => `.${end}`), 'noExt'].map((end) => [end, loadText])),
    },
  });
}

/** The files that somebody named. */
async function named(
  given: readonly string[],
  cwd: string,
  { explorer, reads }: { readonly explorer: Explorer; readonly reads: Reads },
): Promise<Searched> {
  const { isTargetFile } = await import('./bake/files.ts');
  const files: string[] = [];
  let own: Searched | undefined;
  for (const name of given) {
    if (/^(?:https?|git|ssh):\/\//.test(name))
      throw new ConfigMistake(name, 'a definition is not read from a URL: clone it, and name its file');
    const file = resolve(cwd, name);
    reads.file(file);
    if (!isFile(file)) throw new ConfigMistake(file, `there is no file ${name}`);
    if (isTargetFile(file)) {
      files.push(file);
      continue;
    }
    const result = await explorer.load(file);
    if (!result || result.isEmpty) throw new ConfigMistake(file, `${name} says nothing about buildkit`);
    if (own) throw new ConfigMistake(file, 'there is one configuration; bake and compose files may be several');
    own = foundIn(file, result.config);
  }
  // As with bake, paths are relative to where one is, unless a configuration rules.
  return { ...(own ?? { root: cwd, prefix: [], value: {} }), files };
}

/** The nearest configuration, up to the top of the repository. */
async function ruling(
  cwd: string,
  git: string | undefined,
  { explorer, reads }: { readonly explorer: Explorer; readonly reads: Reads },
): Promise<Found | undefined> {
  for (const folder of upTo(git, cwd)) {
    reads.link(join(folder, '.git'));
    const result = await explorer.search(folder);
    for (const place of searchPlaces) {
      const candidate = join(folder, place);
      reads.file(candidate);
      if (candidate === result?.filepath) return foundIn(candidate, result.config);
    }
  }
  return undefined;
}

/** The bake and compose files that stand in for a configuration where there is none. */
async function targetFiles(
  { cwd, env }: Pick<SearchOptions, 'cwd' | 'env'>,
  git: string | undefined,
  reads: Reads,
): Promise<Searched | undefined> {
  const { filesIn, filesOfEnv } = await import('./bake/files.ts');
  const ofEnv = filesOfEnv(cwd, env, reads);
  const missing = ofEnv.find((file) => !isFile(file));
  if (missing !== undefined)
    throw new ConfigMistake(missing, `there is no file ${missing}, which BUILDX_BAKE_FILE names`);
  if (ofEnv.length > 0) return { root: cwd, prefix: [], value: {}, files: ofEnv };
  for (const folder of upTo(git, cwd)) {
    const files = filesIn(folder, reads);
    if (files.length > 0) return { root: folder, prefix: [], value: {}, files, isGuess: true };
  }
  return undefined;
}

/** A folder and those around it, up to `top`, or that of the file system. */
function* upTo(top: string | undefined, folder: string): Generator<string> {
  for (let each = folder; ; each = dirname(each)) {
    yield each;
    if (each === top || each === dirname(each)) return;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function foundIn(file: string, value: unknown): Found {
  const folder = dirname(file);
  const root = basename(folder) === '.config' ? dirname(folder) : folder;
  return { root, file, prefix: basename(file) === 'package.json' ? ['buildkit'] : [], value };
}

function importsOf(value: unknown): readonly string[] {
  const imports = isRecord(value) ? value['$import'] : undefined;
  return (Array.isArray(imports) ? imports : [imports]).filter((path) => typeof path === 'string');
}
