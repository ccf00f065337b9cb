import { filtered, parseFilter, type ChangeRange, type Workspace } from '@monokit/config';
import { failedOf } from '@monokit/engine/std/failed';
import type { ShowInvocation } from '../tasks/defined-images.ts';
import { Mistake } from '../mistake.ts';
import { baseOf, forkOf } from './base.ts';
import { Comparison } from './affected.ts';

/** Ids that `--filter` and `--affected` leave of a workspace. */
export async function narrowed(invocation: ShowInvocation, workspace: Workspace): Promise<ReadonlySet<string>> {
  const { cwd, flags } = invocation;
  const { targets, groups } = workspace;
  await using comparison = new Comparison(invocation, workspace);
  const affected = async (range: ChangeRange) => new Set((await comparison.affected(range)).map(({ id }) => id));
  const inFilter = ({ base, head }: ChangeRange) =>
    affected(head === undefined ? { base } : { base: forkOf(base, head, comparison.top), head });
  const needs = async () => {
    const { needs: built, waits } = await comparison.at();
    return [...built, ...waits];
  };
  try {
    const filters = flags.filter.map(parseFilter);
    const meant = await filtered(filters, { targets, groups, cwd, affected: inFilter, needs });
    if (!flags.affected) return meant;
    const changed = await affected(rangeOf(invocation, comparison.top));
    return new Set([...meant].filter((id) => changed.has(id)));
  } catch (error) {
    const failure = failedOf(error, 'filter');
    if (failure) throw new Mistake((failure as Error).message, 'cli help build shows what a filter can be');
    throw error;
  }
}

/** What `--base` and `--head` say. */
export function rangeOf({ flags, env }: Pick<ShowInvocation, 'flags' | 'env'>, top: string): ChangeRange {
  const base = baseOf(flags, top, env);
  return { base, ...(flags.head !== undefined && { head: flags.head }) };
}
