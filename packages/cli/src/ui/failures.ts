// Who failed, and whom that blocks: one failure however many images want what failed.

import type { SourcePlace } from '@monokit/engine';
import { failedOf } from '@monokit/engine/std/failed';
import type { ImageState, RunModel, StepModel } from './model.ts';
import { brokenStep, neededImage } from './outcome.ts';

export interface RunFailure {
  readonly error: unknown;
  readonly step?: StepModel;
  readonly source?: SourcePlace;
  /** Whose own it is; at least one. */
  readonly images: readonly string[];
  /** Images that need those: they are built from them, or depend on them. */
  readonly blocked: readonly string[];
}

/** The run's failures, those of one step together. */
export function failuresOf(model: RunModel): readonly RunFailure[] {
  const groups = new Map<unknown, [id: string, error: unknown][]>();
  for (const { id, state } of model.images.values()) {
    const error = errorIn(state, model);
    if (error === undefined) continue;
    const key = brokenStep(error)?.vertex ?? neededImage(error) ?? id;
    groups.set(key, [...(groups.get(key) ?? []), [id, error]]);
  }
  const blocked = blockedImages(model);
  return [...groups].map(([key, failed]) => {
    const [, error] = failed.find(([id]) => id === key) ?? failed[0]!;
    const broken = brokenStep(error);
    const step = broken && model.steps.get(broken.vertex);
    const source = broken?.source ?? step?.source;
    const images = failed.map(([id]) => id);
    return {
      error,
      ...(step && { step }),
      ...(source && { source }),
      images,
      blocked: images.flatMap((id) => blocked.get(id) ?? []),
    };
  });
}

/** Why an image failed. Where the one that blocks it was given up before it could fail, the failure is told as its own. */
function errorIn(state: ImageState, model: RunModel): unknown {
  if (state.kind === 'failed') return state.error;
  if (state.kind !== 'blocked' || state.error === undefined) return undefined;
  return model.images.get(state.because)?.state.kind === 'cancelled' ? state.error : undefined;
}

/** Who is blocked by each image that failed, be it by way of others. */
function blockedImages({ images }: RunModel): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>();
  for (const { id, state } of images.values()) {
    if (state.kind !== 'blocked') continue;
    // A record that somebody brought here may lead in a circle.
    const way = new Set([state.because]);
    for (const each of way) {
      const above = images.get(each)?.state;
      if (above?.kind === 'blocked') way.add(above.because);
    }
    const root = [...way].at(-1)!;
    found.set(root, [...(found.get(root) ?? []), id]);
  }
  return found;
}

/** What the process that failed ended with; undefined where none did. */
export function exitCode(error: unknown): number | undefined {
  return (failedOf(error, 'process-exit')?.failure as { readonly code?: number } | undefined)?.code;
}
