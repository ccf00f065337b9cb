import { excerptOf, firstLine, printable, type Location, type SourceInfo } from './location.ts';
import { answerMetadata, subrequest } from './subrequest.ts';

export const lintRequest = subrequest('frontend.lint', {
  description: 'Lint a Dockerfile',
  opts: [],
  answers: ['result.json', 'result.txt', 'result.statuscode'],
});

/** What the rules found, and what would keep it from being built. */
export interface LintResults {
  /** In the order in which they were found. Null from a frontend that found none. */
  readonly warnings: readonly LintWarning[] | null;
  readonly sources: readonly SourceInfo[] | null;
  readonly buildError?: LintError;
}

export interface LintWarning {
  readonly ruleName: string;
  /** What the rule is about. */
  readonly description?: string;
  /** A page that explains the rule. */
  readonly url?: string;
  /** What was found here. */
  readonly detail?: string;
  readonly location?: Location;
}

export interface LintError {
  readonly message: string;
  readonly location: Location;
}

/** How a client calls the file of a source. */
export type NameOf = (source: SourceInfo) => string;

export function lintMetadata(results: LintResults): Readonly<Record<string, string>> {
  const found = (results.warnings ?? []).length > 0 || results.buildError;
  return answerMetadata(lintRequest, { value: results, text: lintText(results), status: found ? 1 : 0 });
}

/** The warnings for people, file by file and line by line. */
export function lintText({ warnings, sources }: LintResults, nameOf?: NameOf): string {
  const file = ({ location }: LintWarning) => sources?.[location?.sourceIndex ?? 0]?.filename ?? '';
  const sorted = (warnings ?? []).toSorted(
    (a, b) => compare(file(a), file(b)) || firstLine(a.location) - firstLine(b.location),
  );
  return sorted.map((warning) => warningText(warning, sources ?? [], nameOf)).join('');
}

/** The error for people, in the form of warnings; empty if there is none. */
export function lintErrorText({ buildError, sources }: LintResults, nameOf?: NameOf): string {
  if (!buildError) return '';
  const { message, location } = buildError;
  return `${message.split('\n').map(printable).join('\n')}\n${excerptOf(location, sources ?? [], nameOf)}`;
}

function warningText(
  { ruleName, url, detail = '', location }: LintWarning,
  sources: readonly SourceInfo[],
  nameOf: NameOf | undefined,
): string {
  const head = url === undefined || url === '' ? ruleName : `${ruleName} - ${url}`;
  return `\nWARNING: ${printable(head)}\n${printable(detail)}\n${excerptOf(location, sources, nameOf)}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
