// Which step of one run is which of another: steps keep their order, so the longest row of steps that both have stays, and
// what lies between is an edit, an insertion or a removal.
import type { StepComponents } from './components.ts';

export interface Pair<T = StepComponents> {
  /** Index and step; undefined for one that is new, or gone. */
  readonly before?: readonly [index: number, step: T];
  readonly after?: readonly [index: number, step: T];
}

/** Pairs the steps of two runs, in the order of the second; those that are gone stand where they were. */
export function align(before: readonly StepComponents[], after: readonly StepComponents[]): readonly Pair[] {
  const a = before.map((step, i) => ({ step, i, name: nameOf(step) }));
  const b = after.map((step, i) => ({ step, i, name: nameOf(step) }));
  const kept = longestRow(
    a.map(({ name }) => name),
    b.map(({ name }) => name),
  );
  const pairs: Pair[] = [];
  let [x, y] = [0, 0];
  for (const [i, j] of [...kept, [a.length, b.length] as const]) {
    pairs.push(...between(a.slice(x, i), b.slice(y, j)));
    if (i < a.length) pairs.push({ before: [i, a[i]!.step], after: [j, b[j]!.step] });
    [x, y] = [i + 1, j + 1];
  }
  return pairs;
}

interface Named {
  readonly step: StepComponents;
  readonly i: number;
  readonly name: string;
}

/** What lies between two steps that stayed: the same steps in another order, then edits of the same instruction. */
function between(a: readonly Named[], b: readonly Named[]): Pair[] {
  const gone = [...a];
  const take = (fits: (other: Named) => boolean): Named | undefined => {
    const at = gone.findIndex(fits);
    return at < 0 ? undefined : gone.splice(at, 1)[0];
  };
  const found = new Map<Named, Named | undefined>();
  for (const each of b)
    found.set(
      each,
      take(({ name }) => name === each.name),
    );
  for (const each of b) {
    if (found.get(each)) continue;
    found.set(
      each,
      take(({ step }) => kindOf(step) === kindOf(each.step)),
    );
  }
  const removed = gone.map(({ step, i }): Pair => ({ before: [i, step] }));
  const rest = b.map((each): Pair => {
    const twin = found.get(each);
    return { ...(twin && { before: [twin.i, twin.step] as const }), after: [each.i, each.step] };
  });
  return [...removed, ...rest];
}

/** What a step is called by those who know its content only. */
function nameOf({ owner = '', kind, text, name }: StepComponents): string {
  return [owner, kind, text === undefined ? bare(name) : normal(text), isInternal(name) ? bare(name) : ''].join('\0');
}

/** The same instruction of the same image. */
function kindOf({ owner = '', kind, name }: StepComponents): string {
  return [owner, kind, bare(name).split(' ', 1)[0]].join('\0');
}

/** A name without its number, stage and digests. */
export function bare(name: string): string {
  return name.replace(/^\[(?!internal)[^\]]*\] /, '').replaceAll(/@sha256:[0-9a-f]{64}/g, '');
}

export function isInternal(name: string): boolean {
  return name.startsWith('[internal]');
}

/** An instruction's text without what means nothing: comments, blanks, continued lines. */
export function normal(text: string): string {
  return text
    .split('\n')
    .filter((line, i) => i === 0 || !/^\s*(#.*)?$/.test(line))
    .join('\n')
    .replaceAll(/\\\n\s*/g, ' ')
    .replaceAll(/[ \t]+/g, ' ')
    .trim();
}

/** Indexes of the longest common subsequence, as pairs in order. */
function longestRow(a: readonly string[], b: readonly string[]): readonly (readonly [number, number])[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end++;
  const [x, y] = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const width = y.length + 1;
  // What remains of very long files is paired as edits.
  const lengths = x.length * y.length > mostCells ? undefined : new Uint32Array((x.length + 1) * width);
  const middle: [number, number][] = [];
  if (lengths) {
    for (let i = x.length - 1; i >= 0; i--) {
      for (let j = y.length - 1; j >= 0; j--) {
        lengths[i * width + j] =
          x[i] === y[j]
            ? lengths[(i + 1) * width + j + 1]! + 1
            : Math.max(lengths[(i + 1) * width + j]!, lengths[i * width + j + 1]!);
      }
    }
    for (let [i, j] = [0, 0]; i < x.length && j < y.length;) {
      if (x[i] === y[j]) middle.push([start + i++, start + j++]);
      else if (lengths[(i + 1) * width + j]! >= lengths[i * width + j + 1]!) i++;
      else j++;
    }
  }
  return [
    ...Array.from({ length: start }, (_, i) => [i, i] as const),
    ...middle,
    ...Array.from({ length: end }, (_, i) => [a.length - end + i, b.length - end + i] as const),
  ];
}

const mostCells = 4_000_000;
