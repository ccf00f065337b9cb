// All that an evaluation looked at. If none of it has changed, neither has the result.

import { hash } from 'node:crypto';
import { globSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Git } from './config.ts';
import { readGit } from './git.ts';

/** Reads as they are kept in a file. Values of the environment are kept as digests: they may be secrets. */
export interface ReadsRecord {
  /** Path → digest of its content. */
  readonly files: Readonly<Record<string, string>>;
  /** Files that were looked for and not there. */
  readonly absent: readonly string[];
  /** Path → what it is behind its symbolic links, null where there was nothing. */
  readonly links: Readonly<Record<string, string | null>>;
  /** Variable → digest of its value, null where it is not set. `*` stands for all of them. */
  readonly env: Readonly<Record<string, string | null>>;
  readonly git?: Git;
  /** Declared by the configuration: patterns below `root`, and a digest of all files that they match. */
  readonly inputs?: { readonly root: string; readonly patterns: readonly string[]; readonly digest: string };
}

/** Collects what is looked at. */
export class Reads {
  readonly #files = new Map<string, string>();
  readonly #absent = new Set<string>();
  readonly #links = new Map<string, string | null>();
  readonly #env = new Map<string, string | null>();
  #git: Git | undefined;
  #inputs: ReadsRecord['inputs'];
  /** Why the result can't be kept: things looked at that cannot be looked at again cheaply, such as the clock. */
  readonly impure = new Set<string>();
  /** Paths that were read in a way that proves nothing: for who wants to look again when one of them changes. */
  readonly noticed = new Set<string>();

  /** A file by its content, or its absence. */
  file(path: string): void {
    if (this.#files.has(path)) return;
    const digest = digestOfFile(path);
    if (digest === undefined) this.#absent.add(path);
    else this.#files.set(path, digest);
  }

  /** A path that leads to a real one. Whether it is there. */
  link(path: string): boolean {
    const real = realOf(path);
    this.#links.set(path, real);
    return real !== null;
  }

  /** The package.json that rules a module: its own folder's, or the nearest above. */
  scope(path: string): void {
    for (let folder = dirname(path); ; folder = dirname(folder)) {
      const manifest = join(folder, 'package.json');
      this.file(manifest);
      if (this.#files.has(manifest) || folder === dirname(folder)) return;
    }
  }

  variable(name: string, env: NodeJS.ProcessEnv): void {
    this.#env.set(name, digestOfVariable(name, env));
  }

  git(git: Git): void {
    this.#git = git;
  }

  inputs(root: string, patterns: readonly string[]): void {
    this.#inputs = { root, patterns, digest: digestOfInputs(root, patterns) };
  }

  record(): ReadsRecord {
    return {
      files: Object.fromEntries(this.#files),
      absent: [...this.#absent],
      links: Object.fromEntries(this.#links),
      env: Object.fromEntries(this.#env),
      ...(this.#git && { git: this.#git }),
      ...(this.#inputs && { inputs: this.#inputs }),
    };
  }
}

/** What would be read differently now, or undefined if nothing would. */
export function changedSince(record: ReadsRecord, env: NodeJS.ProcessEnv): string | undefined {
  for (const [path, digest] of Object.entries(record.files)) if (digestOfFile(path) !== digest) return path;
  for (const path of record.absent) if (statSync(path, { throwIfNoEntry: false })?.isFile()) return path;
  for (const [path, real] of Object.entries(record.links)) if (realOf(path) !== real) return path;
  for (const [name, digest] of Object.entries(record.env))
    if (digestOfVariable(name, env) !== digest) return `$${name}`;
  if (record.git) {
    const now = readGit(record.git.root);
    if (now.commit !== record.git.commit || now.branch !== record.git.branch) return 'git';
  }
  const { inputs } = record;
  if (inputs && digestOfInputs(inputs.root, inputs.patterns) !== inputs.digest) return 'inputs';
  return undefined;
}

function digestOfFile(path: string): string | undefined {
  try {
    return hash('sha256', readFileSync(path), 'base64url');
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

function realOf(path: string): string | null {
  if (!statSync(path, { throwIfNoEntry: false })) return null;
  return realpathSync.native(path);
}

function digestOfVariable(name: string, env: NodeJS.ProcessEnv): string | null {
  if (name === '*') return hash('sha256', JSON.stringify(Object.entries(env).sort()), 'base64url');
  // A name such as `toString` is inherited, and no variable.
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  return value === undefined ? null : hash('sha256', value, 'base64url');
}

/** What declared inputs are now: paths relative to the root, there or not. */
export function pathsOfInputs(root: string, patterns: readonly string[]): ReadonlySet<string> {
  const paths = new Set<string>();
  for (const pattern of patterns) {
    const matched = /[*?[{]/.test(pattern) ? globSync(pattern, { cwd: root }) : [pattern];
    for (const path of matched) paths.add(path);
  }
  return paths;
}

function digestOfInputs(root: string, patterns: readonly string[]): string {
  const paths = pathsOfInputs(root, patterns);
  const contents = [...paths].sort().map((path) => [path, digestOfFile(resolve(root, path)) ?? null]);
  return hash('sha256', JSON.stringify(contents), 'base64url');
}

/** What can't be read counts as absent too; being there all the same, it will always look changed. */
function isAbsence(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP', 'EACCES', 'EPERM'].includes(
    (error as NodeJS.ErrnoException).code ?? '',
  );
}
