import { filtered, parseFilter, type ChangeRange, type Workspace } from '@monokit/config';
import { failedOf } from '@monokit/engine/std/failed';
import { refuseMixedChanges } from '../flags/workspace.ts';
import { Mistake } from '../mistake.ts';
import type { ShowInvocation } from '../tasks/defined-images.ts';
import { Comparison } from './affected.ts';
import { baseOf, forkOf } from './base.ts';
import type { AskedChanges } from './changes.ts';
import { filesFrom, filesIn } from './named-files.ts';

/** Ids that `--filter` and `--affected` leave of a workspace. */
export async function narrowed(invocation: ShowInvocation, workspace: Workspace): Promise<ReadonlySet<string>> {
  const { cwd, flags } = invocation;
  const { targets, groups } = workspace;
  await using comparison = new Comparison(invocation, workspace);
  const affected = async (asked: AskedChanges) => new Set((await comparison.affected(asked)).map(({ id }) => id));
  const inFilter = ({ base, head }: ChangeRange) =>
    affected({
      kind: 'range',
      range: head === undefined ? { base } : { base: forkOf(base, head, comparison.top), head },
    });
  const needs = async () => {
    const { needs: built, waits } = await comparison.at();
    return [...built, ...waits];
  };
  try {
    const filters = flags.filter.map(parseFilter);
    const meant = await filtered(filters, { targets, groups, cwd, affected: inFilter, needs });
    if (!flags.affected) return meant;
    const changed = await affected(await changesAskedBy(invocation, comparison));
    return new Set([...meant].filter((id) => changed.has(id)));
  } catch (error) {
    const failure = failedOf(error, 'filter');
    if (failure) throw new Mistake((failure as Error).message, 'cli help build shows what a filter can be');
    throw error;
  }
}

/** Which changes the command line asks about. */
export async function changesAskedBy(
  invocation: Pick<ShowInvocation, 'flags' | 'env' | 'cwd' | 'stdin'>,
  comparison: Pick<Comparison, 'top'>,
): Promise<AskedChanges> {
  refuseMixedChanges(invocation);
  const { flags, env, cwd, stdin } = invocation;
  if (flags.files.length > 0 || flags.stdin) {
    const read = flags.stdin ? await filesFrom(stdin, cwd) : [];
    return { kind: 'files', files: [...filesIn(flags.files, cwd), ...read] };
  }
  if (flags.uncommitted || flags.untracked) {
    return { kind: 'working-tree', known: flags.uncommitted, unknown: flags.untracked };
  }
  const base = baseOf(flags, comparison.top, env);
  return { kind: 'range', range: { base, ...(flags.head !== undefined && { head: flags.head }) } };
}
