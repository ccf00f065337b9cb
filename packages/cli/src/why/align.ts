// Which step of one run is which of another: steps keep their order, so the longest row of steps that both have stays, and
// what lies between is an edit, an insertion or a removal.

import { isInternal } from '../ui/model.ts';
import type { StepComponents } from './components.ts';
import { bare, normal } from './step.ts';

export interface Pair {
  /** Index and step; undefined for one that is new, or gone. */
  readonly before?: readonly [index: number, step: StepComponents];
  readonly after?: readonly [index: number, step: StepComponents];
  /** It stands elsewhere among the others. */
  readonly moved?: true;
}

interface Named {
  readonly step: StepComponents;
  readonly index: number;
  readonly name: string;
}

/** Pairs the steps of two runs, in the order of the second; those that are gone stand where they were. */
export function align(before: readonly StepComponents[], after: readonly StepComponents[]): readonly Pair[] {
  const [a, b] = [before, after].map((steps) => steps.map((step, index) => ({ step, index, name: nameOf(step) })));
  const kept = longestRow(
    a!.map(({ name }) => name),
    b!.map(({ name }) => name),
  );
  const gaps: { readonly gone: Named[]; readonly come: Named[]; readonly next?: Pair }[] = [];
  let [x, y] = [0, 0];
  for (const [i, j] of [...kept, [a!.length, b!.length] as const]) {
    const next = i < a!.length ? { before: [i, before[i]!] as const, after: [j, after[j]!] as const } : undefined;
    gaps.push({ gone: a!.slice(x, i), come: b!.slice(y, j), ...(next && { next }) });
    [x, y] = [i + 1, j + 1];
  }
  // What stands elsewhere is neither gone nor new; what is left between the same neighbours was edited.
  const twins = new Map<Named, Pair>();
  for (const { come } of gaps) {
    for (const each of come) {
      const twin = takeFrom(
        gaps.map(({ gone }) => gone),
        ({ name }) => name === each.name,
      );
      if (twin) twins.set(each, { ...pairOf(twin, each), moved: true });
    }
  }
  return gaps.flatMap(({ gone, come, next }) => {
    for (const each of come) {
      const twin = twins.has(each) ? undefined : takeFrom([gone], ({ step }) => kindOf(step) === kindOf(each.step));
      if (twin) twins.set(each, pairOf(twin, each));
    }
    return [
      ...gone.map(({ index, step }): Pair => ({ before: [index, step] })),
      ...come.map((each) => twins.get(each) ?? { after: [each.index, each.step] as const }),
      ...(next ? [next] : []),
    ];
  });
}

function pairOf(before: Named, after: Named): Pair {
  return { before: [before.index, before.step], after: [after.index, after.step] };
}

function takeFrom(lists: readonly Named[][], fits: (named: Named) => boolean): Named | undefined {
  for (const list of lists) {
    const at = list.findIndex(fits);
    if (at >= 0) return list.splice(at, 1)[0];
  }
  return undefined;
}

/** What a step is called by those who know its content only. */
function nameOf({ owner = '', kind, text, name }: StepComponents): string {
  return [owner, kind, text === undefined ? bare(name) : normal(text), isInternal({ name }) ? bare(name) : ''].join(
    '\0',
  );
}

/** The same instruction of the same image. */
function kindOf({ owner = '', kind, name }: StepComponents): string {
  return [owner, kind, bare(name).split(' ', 1)[0]].join('\0');
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
