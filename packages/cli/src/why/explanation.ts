// Why the steps of an image ran: what differs, what followed from that, and what ran though nothing differs. Pure.

import { isInternal } from '../ui/model.ts';
import type { Cause } from './cause.ts';
import type { StepComponents } from './components.ts';
import type { Differences } from './differences.ts';
import { dependingOn, isFolder } from './step.ts';

/** How a step fared, or would. */
export type Fate = 'run' | 'failed' | 'cancelled' | 'cached' | 'needless' | 'unknown';

/** One run, as far as it matters to an image. */
export interface Fates {
  /** By the digest of the step's vertex. */
  readonly of: ReadonlyMap<string, Fate>;
  readonly monokit: string;
  /** The cache folder. */
  readonly cache: string;
  /** Nobody knows which machine's that folder is. */
  readonly elsewhere?: true;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

export interface ExplainedCause extends Omit<Cause, 'kind' | 'step'> {
  /** `again`: a step ran though nothing differs. */
  readonly kind: Cause['kind'] | 'again';
  /** The image whose Dockerfile has the step, if that is another one. */
  readonly owner?: string;
  readonly step?: ExplainedStep;
  /** Later steps that ran only because of this. */
  readonly only: number;
}

export interface ExplainedStep {
  readonly vertex: string;
  readonly name: string;
  readonly file?: string;
  readonly line?: number;
  readonly fate?: Fate;
}

/** Why one platform of an image is another than before. */
export interface Explanation {
  readonly platform: string;
  readonly causes: readonly ExplainedCause[];
  /** Steps that ran, failed or would run. */
  readonly ran: number;
  /** Of those, the ones that more than one cause leads to. */
  readonly shared: number;
  /** Steps of which only the run tells whether they run. */
  readonly unknown: number;
  /** Steps that the run did not end, as it was over before. */
  readonly stopped: number;
  /** Set where the two runs had different caches: what ran in the later one for no other reason. */
  readonly otherCache?: OtherCache;
}

export interface OtherCache {
  /** Of those that ran. */
  readonly steps: number;
  readonly before: string;
  readonly after: string;
}

export interface Explaining {
  readonly before: Fates;
  readonly after: Fates;
  /** Steps that are asked about; all unless given. */
  readonly about?: (step: StepComponents) => boolean;
}

/** Explains differences by what ran. */
export function explain(differences: Differences, explaining: Explaining): Explanation {
  const { platform, steps, causes } = differences;
  const { before, after, about } = explaining;
  const fateOf = (index: number) => after.of.get(steps[index]!.digest);
  const worked = new Set(
    steps.flatMap((step, i) => (isWork(fateOf(i)) && !isFolder(step) && !isInternal(step) ? [i] : [])),
  );
  const isMeant = (index: number) => !about || dependingOn(index, steps).some((each) => about(steps[each]!));
  const all = [...causes, ...ranAgain(differences, worked, explaining)].filter(({ step }) =>
    step === undefined ? !about : isMeant(step),
  );
  const first = new Set(all.flatMap(({ step }) => step ?? []));
  const places = [...first];
  const reached = places.map((step) => new Set(dependingOn(step, steps)));
  const later = [...worked].filter((index) => !first.has(index));
  const leading = (index: number) => places.filter((_, i) => reached[i]!.has(index));
  const told = new Set<number>();
  const unexplained = later.filter((index) => leading(index).length === 0 && isMeant(index)).length;
  return {
    platform,
    ...(isOtherCache(before, after) &&
      unexplained > 0 && { otherCache: { steps: unexplained, before: before.cache, after: after.cache } }),
    ran: worked.size,
    shared: later.filter((index) => leading(index).length > 1).length,
    unknown: steps.filter((_, i) => fateOf(i) === 'unknown').length,
    stopped: steps.filter((step, i) => fateOf(i) === 'cancelled' && !isFolder(step) && !isInternal(step)).length,
    causes: all.map(({ step, ...cause }): ExplainedCause => {
      if (step === undefined) return { ...cause, only: 0 };
      // Of several things in one step, what followed is told once.
      const counted = told.has(step) ? [] : later.filter((index) => leading(index).join() === String(step));
      told.add(step);
      const { owner } = steps[step]!;
      return {
        ...cause,
        ...(owner !== undefined && { owner }),
        step: explainedStep(steps[step]!, fateOf(step)),
        only: counted.length,
      };
    }),
  };
}

/** Steps that ran though no cause leads to them, and nothing before them ran. */
function ranAgain(
  { steps, causes, touched, twins }: Differences,
  worked: ReadonlySet<number>,
  { before, after }: Explaining,
): readonly (Omit<Cause, 'kind'> & { readonly kind: 'again' })[] {
  // What concerns the whole image explains every step that is another one.
  const whole = causes.some(({ kind }) => kind === 'platform' || kind === 'target');
  const explained = new Set(
    [...new Set(causes.flatMap(({ step }) => step ?? []))].flatMap((step) => dependingOn(step, steps)),
  );
  return [...worked].flatMap((index) => {
    if (explained.has(index) || (whole && touched.has(index))) return [];
    if (leadingTo(index, steps).some((other) => worked.has(other))) return [];
    // No difference: a cache that is another one never had it.
    if (isOtherCache(before, after) && !steps[index]!.forced) return [];
    const what = touched.has(index) ? 'nothing that is known differs' : 'nothing differs';
    const why = whyAgain(steps[index]!, twins.get(index), before, after);
    return [{ kind: 'again' as const, what, step: index, ...why }];
  });
}

function isOtherCache(before: Fates, after: Fates): boolean {
  return before.cache !== after.cache || before.elsewhere === true || after.elsewhere === true;
}

function explainedStep({ digest, name, file, lines }: StepComponents, fate: Fate | undefined): ExplainedStep {
  return {
    vertex: digest,
    name,
    ...(file !== undefined && { file }),
    ...(lines && { line: lines[0] }),
    ...(fate && { fate }),
  };
}

function isWork(fate: Fate | undefined): boolean {
  return fate === 'run' || fate === 'failed';
}

function leadingTo(step: number, steps: readonly StepComponents[]): readonly number[] {
  const found = new Set<number>();
  const open = [...steps[step]!.inputs];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (found.has(index)) continue;
    found.add(index);
    open.push(...steps[index]!.inputs);
  }
  return [...found];
}

/** Why a step ran that is what it was. */
function whyAgain(
  step: StepComponents,
  twin: StepComponents | undefined,
  before: Fates,
  after: Fates,
): Pick<Cause, 'how' | 'hint'> {
  if (step.forced) return { how: 'told to run whatever is in the cache', hint: '--no-cache were left out' };
  if (before.monokit !== after.monokit)
    return { how: `another version of monokit: ${before.monokit}→${after.monokit}` };
  if (after.at < before.at) return { how: 'it was not in the cache yet' };
  switch (twin && before.of.get(twin.digest)) {
    case 'failed':
      return { how: 'it failed in the run before' };
    case 'cancelled':
      return { how: 'the run before was over before it' };
    case undefined:
    case 'unknown':
      return { how: 'the run before did not come to it' };
    case 'needless':
    case 'cached':
    case 'run':
      return { how: 'its result is no longer in the cache' };
  }
}
