import type { Diagnostic, Position, Range } from '../../std/diagnostic.ts';
import { Failed } from '../../std/failed.ts';
import { nearest } from '../../std/nearest.ts';

/** What the Dockerfile frontend says went wrong. */
export type DockerfileFailure =
  /** The Dockerfile says something that cannot be built; `message` is the first of the diagnostics, with its place. */
  | {
      readonly kind: 'dockerfile-invalid';
      readonly message: string;
      readonly diagnostics: readonly [Diagnostic, ...Diagnostic[]];
    }
  | { readonly kind: 'dockerfile-missing'; readonly path: string; readonly message: string }
  /** A frontend option (`--opt`) that is unknown or has a value that cannot be. */
  | { readonly kind: 'dockerfile-option'; readonly option: string; readonly message: string }
  /** A question, asked instead of a build, that this frontend has no answer to. */
  | { readonly kind: 'subrequest-unsupported'; readonly request: string; readonly message: string }
  /** Something of BuildKit's Dockerfile frontend that this one does not do. */
  | { readonly kind: 'dockerfile-unsupported'; readonly message: string };

/** A mistake in a Dockerfile, on its way up to where its place is known. */
export interface Mistake {
  readonly kind: 'dockerfile-mistake';
  readonly message: string;
  readonly hint?: string;
  /** The words that are wrong, to be found among the instruction's lines. */
  readonly token?: string;
  readonly places?: readonly Range[];
}

/**
 * A mistake with what was meant: the candidate nearest to `nearTo` makes `(did you mean …?)`, in BuildKit's words. Where
 * none is near, `hint` says what to do.
 */
export function mistake(
  message: string,
  about: {
    readonly token?: string;
    readonly nearTo?: { readonly word: string; readonly candidates: Iterable<string> };
    readonly hint?: string;
    readonly range?: Range;
    readonly cause?: unknown;
  } = {},
): Failed<Mistake> {
  const { token, nearTo, hint, range, cause } = about;
  const meant = nearTo && nearest(nearTo.word, nearTo.candidates);
  const close = meant !== undefined && meant !== nearTo?.word;
  return new Failed<Mistake>(
    {
      kind: 'dockerfile-mistake',
      message: close ? `${message} (did you mean ${meant}?)` : message,
      ...(close ? { hint: `did you mean ${meant}?` } : hint !== undefined && { hint }),
      ...(token !== undefined && { token }),
      ...(range && { places: [range] }),
    },
    { cause },
  );
}

/** Runs `work`; a mistake in it that has no place yet gets the place `where`. */
export function placed<T>(where: Range, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw withPlace(error, where);
  }
}

/** `error` with the place `where` added if it is a mistake, and as it is if it is anything else. */
export function withPlace(error: unknown, where: Range): unknown {
  if (!isMistake(error) || error.failure.places) return error;
  return new Failed<Mistake>({ ...error.failure, places: [where] }, { cause: error.cause });
}

export function isMistake(error: unknown): error is Failed<Mistake> {
  return error instanceof Failed && (error.failure as { kind: string }).kind === 'dockerfile-mistake';
}

/** The text of a Dockerfile and its name, to tell where mistakes are. */
export interface SourceText {
  readonly file: string;
  readonly lines: readonly string[];
}

/** Mistakes as the failure that the frontend throws: each with file, line and column. */
export function invalid(mistakes: readonly Failed<Mistake>[], source: SourceText): Failed<DockerfileFailure> {
  const diagnostics = mistakes.map((found) => diagnose(found.failure, source));
  const [first, ...rest] = diagnostics;
  if (!first) throw new Error('invalid() needs a mistake');
  const { line, column } = first.range?.start ?? { line: 0, column: 0 };
  const place = line > 0 ? `${first.file}:${line}:${column}: ` : `${first.file}: `;
  return new Failed<DockerfileFailure>(
    { kind: 'dockerfile-invalid', message: place + first.message, diagnostics: [first, ...rest] },
    { cause: mistakes[0]?.cause },
  );
}

function diagnose(found: Mistake, source: SourceText): Diagnostic {
  const [place] = found.places ?? [];
  const range = place && (find(found.token, place, source) ?? place);
  return {
    severity: 'error',
    code: 'dockerfile',
    message: found.message,
    ...(found.hint !== undefined && { hint: found.hint }),
    file: source.file,
    ...(range && { range }),
  };
}

/** The first place of `token` in the lines of `within`. */
function find(token: string | undefined, within: Range, source: SourceText): Range | undefined {
  if (!token) return undefined;
  for (let line = within.start.line; line <= within.end.line; line++) {
    const at = source.lines[line - 1]?.indexOf(token) ?? -1;
    if (at < 0) continue;
    const start: Position = { line, column: at + 1 };
    return { start, end: { line, column: at + 1 + token.length } };
  }
  return undefined;
}
