import { mistake } from './failure.ts';

/**
 * A pattern of `${x#p}` and `${x/p/r}`: `*` is any run of characters of a line, `?` any one, `\` makes these (and
 * itself) plain. Matching takes time proportional to pattern times value, whatever they are.
 */
export type ValuePattern = readonly Step[];

type Step =
  | { readonly kind: 'character'; readonly character: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'run' };

/** Reads a pattern; throws a mistake for an escape that means nothing. */
export function readValuePattern(text: string): ValuePattern {
  const characters = [...text];
  const steps: Step[] = [];
  for (let at = 0; at < characters.length; at++) {
    let character = characters[at]!;
    if (character === '*') steps.push({ kind: 'run' });
    else if (character === '?') steps.push({ kind: 'any' });
    else {
      if (character === '\\') {
        const escaped = characters[++at];
        if (escaped === undefined || !'*?\\}/'.includes(escaped)) {
          throw mistake(`invalid pattern (${text}) in substitution: invalid escape '\\${escaped ?? ''}'`);
        }
        character = escaped;
      }
      steps.push({ kind: 'character', character });
    }
  }
  return steps;
}

/** `value` without the shortest (or, `longest`, the longest) beginning that the pattern matches. */
export function trimStart(pattern: ValuePattern, value: string, longest: boolean): string {
  const characters = [...value];
  const length = matchedLength(pattern, characters, longest);
  return length === undefined ? value : characters.slice(length).join('');
}

/** As `trimStart`, at the end of the value. */
export function trimEnd(pattern: ValuePattern, value: string, longest: boolean): string {
  const characters = [...value].reverse();
  const length = matchedLength(pattern.toReversed(), characters, longest);
  return length === undefined ? value : characters.slice(length).reverse().join('');
}

/** `value` with the first match (or all that do not overlap) replaced; a match is the leftmost, then the longest. */
export function replaceMatches(pattern: ValuePattern, value: string, replacement: string, all: boolean): string {
  const characters = [...value];
  let result = '';
  let at = 0;
  while (at <= characters.length) {
    const match = findMatch(pattern, characters, at);
    if (!match) break;
    result += characters.slice(at, match.start).join('') + replacement;
    at = match.end;
    if (match.end === match.start) result += characters[at++] ?? '';
    if (!all) break;
  }
  return result + characters.slice(at).join('');
}

function accepts(step: Step, character: string): boolean {
  return step.kind === 'character' ? step.character === character : character !== '\n';
}

/**
 * Runs the pattern as an automaton. `starts[i]` is where the match began that has the first `i` steps behind it, the
 * leftmost where several have; a place behind a run is reached without a character too.
 */
function settle(pattern: ValuePattern, starts: (number | undefined)[]): void {
  for (let i = 0; i < pattern.length; i++) {
    const start = starts[i];
    if (pattern[i]!.kind !== 'run' || start === undefined) continue;
    const next = starts[i + 1];
    if (next === undefined || start < next) starts[i + 1] = start;
  }
}

function advance(
  pattern: ValuePattern,
  starts: readonly (number | undefined)[],
  character: string,
): (number | undefined)[] {
  const next = Array.from<number | undefined>({ length: pattern.length + 1 });
  const reach = (place: number, start: number) => {
    if (next[place] === undefined || start < next[place]!) next[place] = start;
  };
  for (let i = 0; i < pattern.length; i++) {
    const start = starts[i];
    if (start === undefined || !accepts(pattern[i]!, character)) continue;
    reach(pattern[i]!.kind === 'run' ? i : i + 1, start);
  }
  return next;
}

function matchedLength(pattern: ValuePattern, characters: readonly string[], longest: boolean): number | undefined {
  let starts = Array.from<number | undefined>({ length: pattern.length + 1 });
  starts[0] = 0;
  let found: number | undefined;
  for (let at = 0; ; at++) {
    settle(pattern, starts);
    if (starts[pattern.length] !== undefined) {
      if (!longest) return at;
      found = at;
    }
    const character = characters[at];
    if (character === undefined || starts.every((start) => start === undefined)) return found;
    starts = advance(pattern, starts, character);
  }
}

function findMatch(pattern: ValuePattern, characters: readonly string[], from: number) {
  let starts = Array.from<number | undefined>({ length: pattern.length + 1 });
  let best: { start: number; end: number } | undefined;
  for (let at = from; ; at++) {
    // Once something matched, only what began as early may still improve it.
    if (!best) starts[0] ??= at;
    settle(pattern, starts);
    const start = starts[pattern.length];
    if (start !== undefined && (!best || start <= best.start)) best = { start, end: at };
    const limit = best?.start;
    if (limit !== undefined) starts = starts.map((s) => (s !== undefined && s <= limit ? s : undefined));
    const character = characters[at];
    if (character === undefined) return best;
    if (best && starts.every((s) => s === undefined)) return best;
    starts = advance(pattern, starts, character);
  }
}
