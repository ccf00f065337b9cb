import type { RunEvent } from '@monokit/engine';
import { advance } from './advance.ts';
import type { ImageModel, RunModel } from './model.ts';
import { outcomeOf } from './outcome.ts';

/** The model after an event, as `advance` has it. */
export function reduce(model: RunModel, event: RunEvent): RunModel {
  if (event.kind !== 'task-failed' && event.kind !== 'task-blocked' && event.kind !== 'task-cancelled')
    return advance(model, event);
  const images = model.images as Map<string, ImageModel>;
  const image = images.get(event.task);
  if (image) images.set(event.task, { ...image, state: outcomeOf(event, model), endedAt: event.at });
  return model;
}
