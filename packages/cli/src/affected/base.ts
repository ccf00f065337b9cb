// Where the changes of a checkout begin.

import { Mistake } from '../mistake.ts';
import { commitOf, exists, isShallow, run } from './changes.ts';
import { ciBase } from './ci-base.ts';

/**
 * The commit where changes up to `head` (the working tree where it is left out) begin: at the fork from what was asked
 * for, from what a CI says is the target of the pull request, or from the default branch; for a push to a branch, what it
 * was before.
 */
export function baseOf(
  { base, head = 'HEAD' }: { readonly base: string | undefined; readonly head: string | undefined },
  top: string,
  env: NodeJS.ProcessEnv,
): string {
  if (base !== undefined) return forkOf(base, head, top);
  const told = ciBase(env);
  if (told?.kind === 'target') return forkOf(told.ref, head, top);
  if (told) return commitOf(told.commit, top);
  const branch = defaultBranch(top);
  if (branch === undefined) {
    throw new Mistake('--affected has nothing to compare with: there is no main or master branch', 'give a --base REF');
  }
  const fork = forkOf(branch, head, top);
  if (isCi(env) && fork === commitOf(head, top)) {
    throw new Mistake(
      `what is checked out is ${branch} itself, and this CI does not say what was there before`,
      'give a --base REF: the commit of the last build that succeeded',
    );
  }
  return fork;
}

/** The last commit that both have in common; the first of them where they have none. */
export function forkOf(from: string, to: string, top: string): string {
  const commit = commitOf(from, top);
  const { status, stdout } = run(top, ['merge-base', commit, commitOf(to, top)]);
  if (status === 0) return stdout.trim();
  if (!isShallow(top)) return commit;
  throw new Mistake(
    `this clone is too shallow to tell where it forked from ${from}`,
    'run git fetch --unshallow, or check out with the whole history (fetch-depth: 0)',
  );
}

function defaultBranch(top: string): string | undefined {
  const head = run(top, ['symbolic-ref', '--quiet', '--short', 'refs/remotes/origin/HEAD']);
  const candidates = [head.status === 0 ? head.stdout.trim() : '', 'origin/main', 'origin/master', 'main', 'master'];
  return candidates.find((name) => name !== '' && exists(name, top));
}

function isCi({ CI }: NodeJS.ProcessEnv): boolean {
  return CI !== undefined && CI !== '' && CI !== 'false';
}
