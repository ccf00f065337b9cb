// The line of an image that is done, as facts and as text: what and why, how long, how large, its digest.

import type { Cause } from './facts.ts';
import { bytes, count, duration, shortDigest } from './format.ts';
import { isInternal, isWork, madeBytes, type ImageModel, type RunModel, type StepModel } from './model.ts';
import type { RunStart } from './renderer.ts';
import type { Symbols } from './symbols.ts';

/** What is told of an image that is done; '' for what there is nothing to tell of. */
export interface ImageFacts {
  readonly symbol: keyof Symbols;
  readonly id: string;
  /** Why, and what ran, each where there is something to tell. */
  readonly note: readonly string[];
  readonly took: string;
  readonly size: string;
  readonly digest: string;
}

/** The facts of an image that was built, or found to be there. */
export function imageFacts(model: RunModel, image: ImageModel, { facts = {} }: Pick<RunStart, 'facts'>): ImageFacts {
  const { id, state, startedAt, endedAt } = image;
  const { digest, size } = state.kind === 'built' || state.kind === 'cached' ? state : {};
  const cached = state.kind === 'cached';
  const before = facts.before?.(id);
  const unchanged = !cached && digest !== undefined && before?.digest === digest;
  const ran = image.steps.flatMap((vertex) => {
    const step = model.steps.get(vertex);
    return isWork(step) && !isInternal(step!) ? [step!] : [];
  });
  const note = unchanged
    ? [...causeText(facts.cause?.(id)), `re-ran ${placesOf(ran)}, content unchanged, digest kept`]
    : cached
      ? []
      : [
          ...causeText(facts.cause?.(id)),
          [
            count(ran.length, 'step'),
            ...sharedText(ran.filter(({ uses }) => uses > 1).length),
            ...(before ? madeText(ran) : []),
          ].join(', '),
        ];
  const fetched = image.steps.some((vertex) => model.steps.get(vertex)?.from === 'remote');
  return {
    symbol: unchanged ? 'unchanged' : !cached ? 'built' : fetched ? 'fetched' : 'cached',
    id,
    note,
    took: cached || startedAt === undefined || endedAt === undefined ? '' : duration(endedAt - startedAt),
    size: size === undefined ? '' : bytes(size),
    digest: digest ? shortDigest(digest) : '',
  };
}

/** `✔ web  src/db.ts → COPY src/  1 step  1.3s  3.0 MiB  sha256:777777777777`. */
export function imageLine({ symbol, id, ...facts }: ImageFacts, symbols: Symbols): string {
  const rest = [facts.note.join('  '), facts.took, facts.size, facts.digest].filter(Boolean);
  return `${symbols[symbol]} ${[id, ...rest].join('  ')}`;
}

/** `[4/6]`, or how many where they are several. */
function placesOf(ran: readonly StepModel[]): string {
  const [only, ...more] = ran;
  return (more.length === 0 && only && /^\[[^\]]+\]/.exec(only.name)?.[0]) || count(ran.length, 'step');
}

/** `src/db.ts → [7/9] COPY src/`, as a list of one or none. */
export function causeText(cause: Cause | undefined): string[] {
  if (!cause) return [];
  return [cause.step === undefined ? cause.what : `${cause.what} → ${cause.step}`];
}

function sharedText(shared: number): string[] {
  return shared > 0 ? [`${shared} shared`] : [];
}

/** `+14.2 KiB`, of the layers that are new. */
function madeText(ran: readonly StepModel[]): string[] {
  const made = madeBytes(ran);
  return made > 0 ? [`+${bytes(made)}`] : [];
}
