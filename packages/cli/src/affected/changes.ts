// What git says has changed. All paths are relative to the top of the repository.

import { spawnSync } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import type { ChangeRange } from '@monokit/config';
import { textOf, type BytePath } from '@monokit/engine/std/byte-path';
import { Mistake } from '../mistake.ts';

/** Which changes somebody asks about. */
export type AskedChanges =
  | { readonly kind: 'range'; readonly range: ChangeRange }
  /** Those that are not committed: of files that git knows, of files that it doesn't. */
  | { readonly kind: 'working-tree'; readonly known: boolean; readonly unknown: boolean }
  /** Absolute paths of files and folders, there or not; of folders all that is in them. */
  | { readonly kind: 'files'; readonly files: readonly string[] };

/** What lies between two states of a workspace. */
export interface Changes {
  readonly top: string;
  /** A commit; undefined where nobody says what the files were before. */
  readonly base: string | undefined;
  /** Undefined: the working tree. */
  readonly head: string | undefined;
  /** As text: what patterns of steps are held against. `''` is the top itself. */
  readonly paths: readonly string[];
  /** Whether what git keeps nothing of counts as well. */
  readonly unseenToo: boolean;
}

/** The changes that are asked about; with a range that ends with the working tree, all that is not committed is among them. */
export function changesIn(asked: AskedChanges, top: string): Changes {
  if (asked.kind === 'range') return changesOfRange(asked.range, top);
  const made = { top, head: undefined, unseenToo: false };
  if (asked.kind === 'files') {
    const paths = asked.files.map((file) => relative(realpathSync(top), real(file)));
    return { ...made, base: undefined, paths: sorted(paths) };
  }
  // Of what git doesn't know nobody can say what it was.
  const base = asked.known ? commitOf('HEAD', top) : undefined;
  const known = base === undefined ? [] : differing(top, [base]);
  return { ...made, base, paths: sorted([...known, ...(asked.unknown ? unknownFiles(top) : [])]) };
}

function changesOfRange({ base: from, head: to }: ChangeRange, top: string): Changes {
  const base = commitOf(from, top);
  const given = to === undefined ? undefined : commitOf(to, top);
  const dirty = names(top, ['status', '--porcelain', '--untracked-files=normal']).length > 0;
  // What is checked out need not be fetched from git.
  const head = given !== undefined && (dirty || given !== commitOf('HEAD', top)) ? given : undefined;
  const paths = differing(top, head === undefined ? [base] : [base, head]);
  const others = given === undefined ? unknownFiles(top) : [];
  return { top, base, head, paths: sorted([...paths, ...others]), unseenToo: to === undefined };
}

function sorted(paths: readonly string[]): readonly string[] {
  return [...new Set(paths)].sort();
}

/** A path without the links on the way to it, as far as that is there. */
function real(path: string): string {
  const folder = dirname(path);
  if (folder === path) return path;
  return join(existsSync(folder) ? realpathSync(folder) : real(folder), basename(path));
}

/** Files that differ between two commits, or a commit and the working tree. */
function differing(top: string, commits: readonly string[]): readonly string[] {
  const diff = ['diff', '--name-only', '--no-renames', '--no-ext-diff', '--ignore-submodules=none'];
  return names(top, diff, [...commits, '--']).map(textOf);
}

function unknownFiles(top: string): readonly string[] {
  const found = names(top, ['ls-files', '--others', '--exclude-standard']).map(textOf);
  // A repository in this one stands there as a folder.
  return found.map((path) => path.replace(/\/$/, ''));
}

/** Every file that is in a commit; of the working tree also those that are not committed yet. */
export function filesOf(commit: string | undefined, top: string): readonly BytePath[] {
  return commit === undefined
    ? names(top, ['ls-files', '--cached', '--others', '--exclude-standard'])
    : names(top, ['ls-tree', '-r', '--name-only'], [commit]);
}

/** The commit that a reference means; a mistake that says how to get it where git has none. */
export function commitOf(ref: string, top: string): string {
  const { status, stdout } = run(top, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`]);
  if (status === 0) return stdout.trim();
  throw new Mistake(`git knows no ${ref} here`, howToFetch(ref, top));
}

function howToFetch(ref: string, top: string): string {
  const branch = /^origin\/(.+)$/.exec(ref)?.[1];
  if (branch !== undefined) return `run git fetch origin +refs/heads/${branch}:refs/remotes/origin/${branch}`;
  if (/^[0-9a-f]{40,64}$/.test(ref)) return `run git fetch origin ${ref}, or give another --base`;
  return isShallow(top) ? `run git fetch origin ${ref}, or git fetch --unshallow` : 'give a --base REF';
}

/** Whether git knows a commit by this reference here. */
export function exists(ref: string, top: string): boolean {
  return run(top, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`]).status === 0;
}

/** Whether the repository has only the youngest part of its history. */
export function isShallow(top: string): boolean {
  return run(top, ['rev-parse', '--is-shallow-repository']).stdout.trim() === 'true';
}

/** What a command of git lists, which may be no UTF-8. */
function names(top: string, command: readonly string[], operands: readonly string[] = []): readonly BytePath[] {
  const { status, stdout, stderr } = run(top, [...command, '-z', ...operands], { encoding: 'latin1' });
  if (status === 0) return stdout.split('\0').filter((name) => name !== '');
  throw new Error(`git ${command[0]} failed in ${top}: ${textOf(stderr).trim()}`);
}

/** Runs git, which has to be there. */
export function run(
  top: string,
  args: readonly string[],
  {
    env = process.env,
    encoding = 'utf8',
  }: { readonly env?: NodeJS.ProcessEnv; readonly encoding?: 'utf8' | 'latin1' } = {},
) {
  const result = spawnSync('git', ['-C', top, ...args], { encoding, env, maxBuffer: 1 << 30 });
  if (result.error) throw new Mistake(`git is needed to tell what has changed: ${result.error.message}`, 'install git');
  if (/^fatal: detected dubious ownership/m.test(result.stderr)) {
    throw new Mistake(
      `git doesn't tell what has changed, since ${top} belongs to somebody else`,
      `run git config --global --add safe.directory ${top}`,
    );
  }
  return result;
}
