import { posix } from 'node:path';
import { Failed } from './failed.ts';
import { globExpression, globStarExpression, type BadPattern } from './glob.ts';

/** One line of a list of patterns, read as Docker reads `.dockerignore`: cleaned, and perhaps an exception (`!`). */
export interface Pattern {
  /** Cleaned, without the `!`. */
  readonly text: string;
  /** A pattern that begins with `!` takes back what earlier ones matched. */
  readonly exception: boolean;
  readonly test: (path: string) => boolean;
}

/** What matching a folder found out, to be handed in for its children so that nothing is matched twice. */
export interface MatchState {
  readonly matched: boolean;
  /** One per pattern: whether this path, or a folder above it, matched that pattern. */
  readonly each: readonly boolean[];
}

/**
 * An ordered list of patterns as moby's patternmatcher reads it; the last pattern that matches a path decides.
 * A pattern that matches a folder matches all that lies under it. Paths are relative, with `/` between names; nothing
 * here looks at a disk. Throws `Failed<BadPattern>` when a pattern cannot be read.
 */
export class PatternMatcher {
  readonly patterns: readonly Pattern[];
  readonly hasExceptions: boolean;

  constructor(patterns: Iterable<string>) {
    this.patterns = Array.from(patterns, (line) => line.trim())
      .filter((line) => line !== '')
      .map(readPattern);
    this.hasExceptions = this.patterns.some((pattern) => pattern.exception);
  }

  /** Whether the list selects `path` (by its own name or through a folder above it). */
  matches(path: string): boolean {
    return this.match(path).matched;
  }

  /** As `matches`; in a walk, `parent` is what this method returned for the folder that `path` lies in. */
  match(path: string, parent?: MatchState): MatchState {
    const { patterns } = this;
    const each = Array.from<boolean>({ length: patterns.length }).fill(false);
    const above = parent ? [] : foldersAbove(path);
    let matched = false;
    for (let i = 0; i < patterns.length; i++) {
      const pattern = patterns[i]!;
      let hit = parent?.each[i] ?? false;
      if (!hit) {
        // Only a pattern that would change the answer is worth trying.
        if (pattern.exception !== matched) continue;
        hit = pattern.test(path) || above.some((folder) => pattern.test(folder));
      }
      each[i] = hit;
      if (hit) matched = !pattern.exception;
    }
    return { matched, each };
  }
}

/** What a `PathFilter` says of one path of a walk. */
export interface FilterState {
  /** The path passes. Its folders then belong to the result too, whether or not they pass by themselves. */
  readonly selected: boolean;
  /** Something below this folder may pass. */
  readonly descend: boolean;
  readonly include?: MatchState;
  readonly exclude?: MatchState;
}

/**
 * Include and exclude patterns of a walk, as fsutil combines them: a path passes when the include list selects it (or
 * there is none) and the exclude list does not. Tells as early as it can that nothing below a folder can pass.
 */
export class PathFilter {
  readonly #include: PatternMatcher | undefined;
  readonly #exclude: PatternMatcher | undefined;
  readonly #includePrefixes: readonly string[] | undefined;
  readonly #exceptionPrefixes: readonly string[] | undefined;

  constructor(patterns: { readonly include?: readonly string[]; readonly exclude?: readonly string[] }) {
    this.#include = patterns.include?.length ? new PatternMatcher(patterns.include) : undefined;
    this.#exclude = patterns.exclude?.length ? new PatternMatcher(patterns.exclude) : undefined;
    this.#includePrefixes = this.#include && prefixes(this.#include.patterns.filter((pattern) => !pattern.exception));
    this.#exceptionPrefixes = this.#exclude && prefixes(this.#exclude.patterns.filter((pattern) => pattern.exception));
  }

  /** Judges `path`; `parent` is what was said of its folder (left out for what lies in the root). */
  visit(path: string, kind: { readonly directory: boolean }, parent?: FilterState): FilterState {
    let selected = true;
    let descend = kind.directory;
    const include = this.#include?.match(path, parent?.include);
    if (include && !include.matched) {
      selected = false;
      if (descend && this.#includePrefixes) descend = reachesBelow(path, this.#includePrefixes);
    }
    const exclude = this.#exclude?.match(path, parent?.exclude);
    if (exclude?.matched) {
      selected = false;
      if (descend && this.#exceptionPrefixes) descend = reachesBelow(path, this.#exceptionPrefixes);
    }
    return { selected, descend, ...(include && { include }), ...(exclude && { exclude }) };
  }
}

function readPattern(line: string): Pattern {
  const cleaned = cleanPath(line);
  const exception = cleaned.startsWith('!');
  const text = exception ? cleaned.slice(1) : cleaned;
  if (text === '') {
    throw new Failed<BadPattern>({ kind: 'bad-pattern', pattern: line, message: 'illegal exclusion pattern: "!"' });
  }
  return { text, exception, test: compile(text) };
}

/** Most patterns are plain names; those never meet a regular expression. */
function compile(text: string): (path: string) => boolean {
  if (!/[*?[\]\\]/.test(text)) return (path) => path === text;
  globExpression(text); // says so when the pattern cannot be read
  const inner = text.slice(2);
  if (text.startsWith('**') && !/[*?[\]\\]/.test(inner)) {
    return (path) => path.endsWith(inner) || (inner.startsWith('/') && path === inner.slice(1));
  }
  const prefix = text.slice(0, -2);
  if (text.endsWith('**') && !/[*?[\]\\]/.test(prefix)) return (path) => path.startsWith(prefix);
  const expression = globStarExpression(text);
  return (path) => expression.test(path);
}

/** The literal beginnings of patterns, or undefined when one has wildcards in its middle and so may match anywhere. */
function prefixes(patterns: readonly Pattern[]): readonly string[] | undefined {
  const texts = patterns.map(({ text }) => text.replace(/\/\*\*$/, '').replace(/\/\*$/, ''));
  return texts.some((text) => /[*[\]?^\\]/.test(text)) ? undefined : texts.map((text) => `${text}/`);
}

function reachesBelow(folder: string, beginnings: readonly string[]): boolean {
  const below = `${folder}/`;
  return beginnings.some((beginning) => beginning.startsWith(below));
}

function foldersAbove(path: string): string[] {
  const folders: string[] = [];
  for (let slash = path.indexOf('/'); slash >= 0; slash = path.indexOf('/', slash + 1)) {
    if (slash > 0) folders.push(path.slice(0, slash));
  }
  return folders;
}

/** The shortest equal path, as Go's `filepath.Clean`: no `//`, `.` or inner `..`, no slash at the end, `.` for nothing. */
export function cleanPath(path: string): string {
  const shortest = posix.normalize(path);
  return shortest.length > 1 && shortest.endsWith('/') ? shortest.slice(0, -1) : shortest;
}
