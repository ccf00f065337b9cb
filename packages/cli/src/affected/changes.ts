// What git says has changed. All paths are relative to the top of the repository.
import { spawnSync } from 'node:child_process';
import type { ChangeRange } from '@monokit/config';
import { Mistake } from '../mistake.ts';

/** What lies between two states of a repository. */
export interface Changes {
  readonly top: string;
  /** A commit. */
  readonly base: string;
  /** Undefined: the working tree. */
  readonly head: string | undefined;
  readonly paths: readonly string[];
}

/** The changes in a range; uncommitted and untracked files are among them where it ends with the working tree. */
export function changesIn({ base: from, head: to }: ChangeRange, top: string): Changes {
  const base = commitOf(from, top);
  const given = to === undefined ? undefined : commitOf(to, top);
  const dirty = lines(git(top, ['status', '--porcelain', '-z', '--untracked-files=normal'])).length > 0;
  // What is checked out need not be fetched from git.
  const head = given !== undefined && (dirty || given !== commitOf('HEAD', top)) ? given : undefined;
  const diff = ['diff', '--name-only', '-z', '--no-renames', '--no-ext-diff', '--ignore-submodules=none'];
  const paths = new Set(lines(git(top, [...diff, base, ...(head === undefined ? [] : [head]), '--'])));
  if (head === undefined && given === undefined) {
    const others = lines(git(top, ['ls-files', '-z', '--others', '--exclude-standard']));
    // A repository in this one stands there as a folder.
    for (const path of others) paths.add(path.replace(/\/$/, ''));
  }
  return { top, base, head, paths: [...paths].sort() };
}

/** Every file that is in a commit; of the working tree also those that are not committed yet. */
export function filesOf(commit: string | undefined, top: string): readonly string[] {
  if (commit !== undefined) return lines(git(top, ['ls-tree', '-r', '-z', '--name-only', commit]));
  return lines(git(top, ['ls-files', '-z', '--cached', '--others', '--exclude-standard']));
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

function git(top: string, args: readonly string[]): string {
  const { status, stdout, stderr } = run(top, args);
  if (status === 0) return stdout;
  throw new Error(`git ${args[0]} failed in ${top}: ${stderr.trim()}`);
}

/** Runs git, which has to be there. */
export function run(top: string, args: readonly string[], env: NodeJS.ProcessEnv = process.env) {
  const result = spawnSync('git', ['-C', top, ...args], { encoding: 'utf8', env, maxBuffer: 1 << 30 });
  if (result.error) throw new Mistake(`git is needed to tell what has changed: ${result.error.message}`, 'install git');
  if (/^fatal: detected dubious ownership/m.test(result.stderr)) {
    throw new Mistake(
      `git doesn't tell what has changed, since ${top} belongs to somebody else`,
      `run git config --global --add safe.directory ${top}`,
    );
  }
  return result;
}

function lines(text: string): readonly string[] {
  return text.split('\0').filter((line) => line !== '');
}
