import { styleText } from 'node:util';
import type { Diagnostic } from '@monokit/engine/std/diagnostic';
import { Failed } from '@monokit/engine/std/failed';
import { systemText } from './system-text.ts';
import { harmless } from './tame.ts';

/** What went wrong, for people: the message, and what lies behind it. A bug comes with its stack. */
export function describe(error: unknown): string {
  const [first, ...causes] = chain(error);
  const lines = [`${styleText('red', 'error', { stream: process.stderr })}: ${systemText(first)}`];
  for (const cause of causes) lines.push(`  because ${systemText(cause)}`);
  return `${[...lines, ...bugLines([first, ...causes])].join('\n')}\n`;
}

/** What to report, where an error is a bug of this program. */
export function bugLines(errors: readonly unknown[]): readonly string[] {
  const bug = errors.find((each) => each instanceof Error && !isTold(each));
  if (!(bug instanceof Error)) return [];
  return ['', 'This is our mistake. Please report it with this:', harmless(bug.stack ?? String(bug))];
}

/** The messages of an error and its causes, without those that only repeat. */
export function chain(error: unknown): unknown[] {
  const found: unknown[] = [];
  for (let each = error; each !== undefined; each = each instanceof Error ? each.cause : undefined) {
    // Behind a mistake in a file there may be what could not read it; that was expected, and is told with its place.
    if (!isTold(each) && found.some((above) => placesOf(above).length > 0)) continue;
    const last = found.at(-1);
    if (last !== undefined && messageOf(each) !== '' && messageOf(last).includes(messageOf(each))) {
      if (!isTold(each)) found[found.length - 1] = each;
      continue;
    }
    found.push(each);
    // What a config's own function threw is told already, and no bug of ours.
    if (each instanceof Failed && each.failure.kind === 'define') break;
  }
  return found;
}

/** Every problem in a file that an error tells of. */
export function diagnosticsOf(error: unknown): readonly Diagnostic[] {
  for (let each = error; each instanceof Error; each = each.cause) {
    const found = placesOf(each);
    if (found.length > 0) return found;
  }
  return [];
}

function placesOf(error: unknown): readonly Diagnostic[] {
  if (!(error instanceof Failed)) return [];
  return (error.failure as { readonly diagnostics?: readonly Diagnostic[] }).diagnostics ?? [];
}

/** A problem in one line; what to do comes behind it, unless the message says so itself. */
export function noteOf({ message, hint }: Pick<Diagnostic, 'message' | 'hint'>): string {
  return harmless(hint === undefined || message.includes(hint) ? message : `${message}: ${hint}`);
}

/** What it says of itself; parts of that may be a registry's, a file's or a frontend's own words. */
export function messageOf(error: unknown): string {
  return harmless(error instanceof Error ? error.message : String(error));
}

/** Failures that are somebody's to mend, and not bugs of this program: ours, and the system's with an errno. */
function isTold(error: unknown): boolean {
  return (
    error instanceof Failed ||
    (error instanceof Error && ('errno' in error || ['AbortError', 'Mistake', 'TimeoutError'].includes(error.name)))
  );
}
