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
    for (const path of lines(git(top, ['ls-files', '-z', '--others', '--exclude-standard']))) paths.add(path);
  }
  return { top, base, head, paths: [...paths].sort() };
}

/** Every file that is in a commit; of the working tree also those that are not committed yet. */
export function filesOf(commit: string | undefined, top: string): readonly string[] {
  if (commit !== undefined) return lines(git(top, ['ls-tree', '-r', '-z', '--name-only', commit]));
  return lines(git(top, ['ls-files', '-z', '--cached', '--others', '--exclude-standard']));
}

/**
 * Where the changes of this checkout begin: at the fork from what was asked for, from what a CI says is the target of the
 * pull request, or from the default branch.
 */
export function baseOf(asked: string | undefined, top: string, env: NodeJS.ProcessEnv): string {
  const branch = asked ?? targetOf(env) ?? defaultBranch(top);
  if (branch === undefined) {
    throw new Mistake('--affected has nothing to compare with: there is no main or master branch', 'give a --base REF');
  }
  const { status, stdout } = run(top, ['merge-base', commitOf(branch, top), 'HEAD']);
  if (status === 0) return stdout.trim();
  if (isShallow(top)) {
    throw new Mistake(
      `this clone is too shallow to tell where it forked from ${branch}`,
      'run git fetch --unshallow, or check out with the whole history (fetch-depth: 0)',
    );
  }
  return commitOf(branch, top);
}

/** What CIs say that a change is meant for. */
function targetOf(env: NodeJS.ProcessEnv): string | undefined {
  if (env.CI_MERGE_REQUEST_DIFF_BASE_SHA) return env.CI_MERGE_REQUEST_DIFF_BASE_SHA;
  const branch = env.GITHUB_BASE_REF || env.BUILDKITE_PULL_REQUEST_BASE_BRANCH;
  // Azure gives the whole ref.
  const target = branch || env.SYSTEM_PULLREQUEST_TARGETBRANCH?.replace(/^refs\/heads\//, '');
  return target ? `origin/${target}` : undefined;
}

function defaultBranch(top: string): string | undefined {
  const head = run(top, ['symbolic-ref', '--quiet', '--short', 'refs/remotes/origin/HEAD']);
  const candidates = [head.status === 0 ? head.stdout.trim() : '', 'origin/main', 'origin/master', 'main', 'master'];
  return candidates.find((name) => name !== '' && exists(name, top));
}

function commitOf(ref: string, top: string): string {
  const { status, stdout } = run(top, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`]);
  if (status === 0) return stdout.trim();
  const branch = ref.replace(/^origin\//, '');
  throw new Mistake(
    `git knows no ${ref} here`,
    isShallow(top) ? `run git fetch origin ${branch}` : 'give a --base REF',
  );
}

function exists(ref: string, top: string): boolean {
  return run(top, ['rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`]).status === 0;
}

function isShallow(top: string): boolean {
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
  return result;
}

function lines(text: string): readonly string[] {
  return text.split('\0').filter((line) => line !== '');
}
