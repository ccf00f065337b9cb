import type { Diagnostic } from '@monokit/engine/std/diagnostic';
import { placeOf, type Source } from './place.ts';
import type { Problem } from './problem.ts';

/** Problems with their places in the configuration's text, in the order of the text. */
export function diagnose(problems: readonly Problem[], source: Source): Diagnostic[] {
  const diagnostics = problems.map(({ code, path, place, message, hint, severity = 'error' }): Diagnostic => {
    const range = place?.range ?? (path && placeOf(source, path));
    const file = place?.file ?? source.file;
    return { severity, code, message, ...(hint !== undefined && { hint }), file, ...(range && { range }) };
  });
  return diagnostics.sort(
    (a, b) =>
      Number(a.file > b.file) - Number(a.file < b.file) || (a.range?.start.line ?? 0) - (b.range?.start.line ?? 0),
  );
}
