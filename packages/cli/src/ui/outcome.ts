// What became of an image that was not built: whether the failure is its own, or that of an image which it needs.

import type { Digest, RunEvent, SourcePlace } from '@monokit/engine';
import type { failedOf } from '@monokit/engine/std/failed';
import type { ImageState, RunModel } from './model.ts';

type Ended = Extract<RunEvent, { readonly kind: 'task-failed' | 'task-blocked' | 'task-cancelled' }>;

/** The state of an image that was not built, by the model before the event. */
export function outcomeOf(event: Ended, model: RunModel): ImageState {
  switch (event.kind) {
    case 'task-blocked':
      return { kind: 'blocked', because: event.because };
    case 'task-failed': {
      const because = blamed(event.task, ownersOf(event.error, model));
      return because === undefined
        ? { kind: 'failed', error: event.error }
        : { kind: 'blocked', because, error: event.error };
    }
    case 'task-cancelled': {
      // The others were stopped because of the very step that this one needs.
      const { steps = [] } = model.images.get(event.task) ?? {};
      const broken = steps.find((vertex) => model.steps.get(vertex)?.state === 'failed');
      const because = broken && blamed(event.task, ownersOfStep(broken, undefined, model));
      return because === undefined ? { kind: 'cancelled' } : { kind: 'blocked', because };
    }
  }
}

/** The step that failed, and its place, where it was a step. */
export function brokenStep(error: unknown): { readonly vertex: Digest; readonly source?: SourcePlace } | undefined {
  return failureIn(error, 'vertex')?.failure as { vertex: Digest; source?: SourcePlace } | undefined;
}

/** The image that could not be defined, where another one is built from it: the innermost of several. */
export function neededImage(error: unknown): string | undefined {
  const needed = failureIn(error, 'image-needed');
  if (!needed) return undefined;
  return neededImage(needed.cause) ?? (needed.failure as unknown as { readonly image: string }).image;
}

/** Images of the run whose own the failure is; none where that is nobody's, and so everybody's. */
function ownersOf(error: unknown, model: RunModel): readonly string[] {
  const broken = brokenStep(error);
  if (broken) return ownersOfStep(broken.vertex, broken.source, model);
  const needed = neededImage(error);
  return needed !== undefined && model.images.has(needed) ? [needed] : [];
}

/** Those that want the step, and in whose Dockerfile's folder it was written. */
function ownersOfStep(vertex: Digest, source: SourcePlace | undefined, model: RunModel): readonly string[] {
  const step = model.steps.get(vertex);
  const folder = (source ?? step?.source)?.folder;
  if (!step || folder === undefined) return [];
  return step.wantedBy.filter((id) => model.images.has(id) && model.folders.get(id) === folder);
}

function blamed(image: string, owners: readonly string[]): string | undefined {
  return owners.includes(image) ? undefined : owners[0];
}

/** As `failedOf` has it, for answers that are told again load none of the engine. */
function failureIn(error: unknown, kind: string): ReturnType<typeof failedOf> {
  for (let each = error; each instanceof Error; each = each.cause) {
    const found = each as NonNullable<ReturnType<typeof failedOf>>;
    if (found.failure?.kind === kind) return found;
  }
  return undefined;
}
