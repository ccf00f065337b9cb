import { filtered, parseFilter, type Workspace } from '@monokit/config';
import { failedOf } from '@monokit/engine/std/failed';
import type { ShowInvocation } from '../tasks/defined-images.ts';
import { Mistake } from '../mistake.ts';
import { baseOf } from './changes.ts';
import { Comparison } from './affected.ts';

/** Ids that `--filter` and `--affected` leave of a workspace. */
export async function narrowed(invocation: ShowInvocation, workspace: Workspace): Promise<ReadonlySet<string>> {
  const { cwd, flags } = invocation;
  const { targets, groups } = workspace;
  await using comparison = new Comparison(invocation, workspace);
  const affected = async (range: { readonly base: string; readonly head?: string }) =>
    new Set((await comparison.affected(range)).map(({ id }) => id));
  const needs = async () => (await comparison.at()).needs;
  try {
    const filters = flags.filter.map(parseFilter);
    const meant = await filtered(filters, { targets, groups, cwd, affected, needs });
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
export function rangeOf(
  { flags, env }: Pick<ShowInvocation, 'flags' | 'env'>,
  top: string,
): { readonly base: string; readonly head?: string } {
  const base = baseOf(flags.base, top, env);
  return { base, ...(flags.head !== undefined && { head: flags.head }) };
}
