// What differs in what a step reads of its client's folders.

import { posix } from 'node:path';
import { ignoring } from '@monokit/engine/affected';
import type { Cause } from './cause.ts';
import type { PlatformComponents, ReadComponents, StepComponents } from './components.ts';
import type { ListOf } from './differences.ts';
import { folderChanges } from './folder-changes.ts';
import { bare, takesAll } from './step.ts';
import { arrow } from './variables.ts';

/** Both sides of a comparison. */
interface Sides {
  readonly before: PlatformComponents;
  readonly after: PlatformComponents;
  readonly listOf: ListOf;
}

/** A cause for each path that came, changed or went, be it because another thing is ignored now. */
export function readCauses(old: StepComponents, now: StepComponents, sides: Sides): readonly Cause[] {
  return (now.reads ?? []).flatMap((read, i): Cause[] => {
    const was = old.reads?.[i];
    if (!was || was.content === read.content) return [];
    const [before, after] = [sides.listOf(was.list), sides.listOf(read.list)];
    const changes = before && after ? folderChanges(before, after) : [];
    if (changes.length === 0) {
      const what = read.path === '' ? 'files of the context' : `files of ${read.path}`;
      return [{ kind: 'file', what, how: arrow(was.content.slice(0, 4), read.content.slice(0, 4)) }];
    }
    const rule = ruleOf(was, read, sides);
    return changes.map(({ path: inside, how, what: change }): Cause => {
      const path = posix.join(read.path, inside);
      const word = how === 'changed' ? undefined : rule(inside);
      if (word !== undefined) return { kind: 'ignore', what: path, how: word, from: 'ignore file' };
      const hint = `${path} were ignored: ${bare(now.name)} takes all that is in the context`;
      return { kind: 'file', what: path, how: change, ...(takesAll(now) && changes.length === 1 && { hint }) };
    });
  });
}

/** Says of a path whether it came or went because another thing is ignored now. */
function ruleOf(
  was: ReadComponents,
  read: ReadComponents,
  { before, after }: Sides,
): (path: string) => string | undefined {
  const [old, now] = [patternsOf(before, was), patternsOf(after, read)];
  if (JSON.stringify(old) === JSON.stringify(now)) return () => undefined;
  const [wasIgnored, isIgnored] = [ignoring(old), ignoring(now)];
  return (path) => {
    if (wasIgnored(path) === isIgnored(path)) return undefined;
    return isIgnored(path) ? 'ignored now' : 'no longer ignored';
  };
}

function patternsOf({ steps }: PlatformComponents, { folder }: ReadComponents): readonly string[] {
  return JSON.parse(steps[folder]?.parts['local.excludepatterns'] ?? '[]') as string[];
}
