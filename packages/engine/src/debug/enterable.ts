import type { Parts } from '../build/parts.ts';
import type { Defined, DefinedImage } from '../engine.ts';
import type { FailedStep } from '../ops/failed-step.ts';
import type { Job } from '../session/job.ts';
import { Failed } from '../std/failed.ts';
import { builtPlace } from './built-place.ts';
import { enter, placeOf, type Entered, type Place } from './enter.ts';
import type { DebugFailure } from './failure.ts';

/** What can be entered. */
export type Enterable =
  /** A failed step, as it left its trees or as they were before it. */
  | { readonly kind: 'failed'; readonly step: FailedStep; readonly state: 'left' | 'before' }
  /** What a request makes for one platform; with `at`, what its last step makes that this is true for. */
  | {
      readonly kind: 'built';
      readonly defined: Defined;
      readonly image: DefinedImage;
      readonly at?: (stepName: string) => boolean;
    };

/** Opens it; what that takes is let go with what it gives. Fails with `step-gone`, `step-unknown` or `no-busybox`. */
export async function enterAt(
  where: Enterable,
  parts: Parts,
  { env, scratch, job }: { readonly env: Parts['env']; readonly scratch: string; readonly job: Job },
): Promise<Entered> {
  await using stack = new AsyncDisposableStack();
  const entered = stack.use(await enter(await place(), { ...parts, env, scratch }, job));
  const held = stack.move();
  return { ...entered, [Symbol.asyncDispose]: () => held.disposeAsync() };

  async function place(): Promise<Place> {
    if (where.kind === 'failed') return placeOf(where.step, where.state, parts, stack);
    const { defined, image, at } = where;
    const built = await builtPlace(defined, image, { parts, job, stack, ...(at && { at }) });
    if (built) return built;
    const message = `${defined.request.id} has no such step`;
    throw new Failed<DebugFailure>({ kind: 'step-unknown', message });
  }
}
