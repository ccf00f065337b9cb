import type { LintError, LintResults, LintWarning } from '@monokit/engine/subrequests/lint';
import { lintErrorText, lintText } from '@monokit/engine/subrequests/lint';
import type { SourceInfo } from '@monokit/engine/subrequests/location';
import { count } from '../ui/format.ts';
import type { Asked } from './ask.ts';

/** What was found in one Dockerfile, whichever images are built from it. */
interface File {
  readonly source: SourceInfo;
  readonly warnings: Map<string, LintWarning>;
  readonly errors: Map<string, LintError>;
}

/** What was found in images, each thing once, by file and line, and at the end how much that is. */
export function lintReport(images: readonly Asked[]): { readonly text: string; readonly clean: boolean } {
  const files = new Map<string, File>();
  const failures: string[] = [];
  for (const { id, answer, nameOf } of images) {
    if ('failure' in answer) {
      failures.push(`\nERROR: ${id}: ${answer.message}\n`);
      continue;
    }
    const { warnings, sources, buildError } = JSON.parse(answer.json) as LintResults;
    const [source = {}] = sources ?? [];
    const name = nameOf(source);
    const key = JSON.stringify([name, source.data]);
    const file = files.get(key) ?? { source: { ...source, filename: name }, warnings: new Map(), errors: new Map() };
    files.set(key, file);
    for (const warning of warnings ?? []) file.warnings.set(JSON.stringify(warning), warning);
    if (buildError) file.errors.set(JSON.stringify(buildError), buildError);
  }
  const sorted = [...files.values()].toSorted((a, b) => (a.source.filename! < b.source.filename! ? -1 : 1));
  const texts = sorted.flatMap(({ source, warnings, errors }) => [
    lintText({ warnings: [...warnings.values()], sources: [source] }),
    ...[...errors.values()].map((buildError) => {
      const text = lintErrorText({ warnings: [], sources: [source], buildError });
      return `\nERROR: ${buildError.location.ranges ? text : `${source.filename}: ${text}`}`;
    }),
  ]);
  const sum = (of: (file: File) => number) => sorted.reduce((total, file) => total + of(file), 0);
  const [warned, failed] = [sum(({ warnings }) => warnings.size), sum(({ errors }) => errors.size) + failures.length];
  const clean = warned + failed === 0;
  const found = [warned > 0 ? count(warned, 'warning') : '', failed > 0 ? count(failed, 'error') : ''];
  const tally = `${clean ? 'no warnings' : found.filter(Boolean).join(' and ')} in ${count(files.size, 'Dockerfile')}\n`;
  return { text: [...texts, ...failures, clean ? '' : '\n', tally].join('').trimStart(), clean };
}
