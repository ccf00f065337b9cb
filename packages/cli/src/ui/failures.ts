// Who failed, and whom that blocks: one failure however many images want what failed.
import { failedOf } from '@monokit/engine/std/failed';
import type { Digest, SourcePlace } from '@monokit/engine';
import type { ImageModel, RunModel, StepModel } from './model.ts';

export interface RunFailure {
  readonly error: unknown;
  readonly step?: StepModel;
  readonly source?: SourcePlace;
  /** Whose own it is; at least one. */
  readonly images: readonly string[];
  /** Images that are built from those. */
  readonly blocked: readonly string[];
}

/** The run's failures, those of one step together. `folders` are those of the images' Dockerfiles. */
export function failuresOf(model: RunModel, folders: ReadonlyMap<string, string>): readonly RunFailure[] {
  const groups = new Map<unknown, ImageModel[]>();
  for (const image of model.images.values()) {
    if (image.state.kind !== 'failed') continue;
    const { error } = image.state;
    const key = vertexOf(error)?.vertex ?? neededImage(error) ?? image.id;
    groups.set(key, [...(groups.get(key) ?? []), image]);
  }
  return [...groups].map(([key, images]) => {
    const errors = images.map(({ state }) => (state.kind === 'failed' ? state.error : undefined));
    const own = images.findIndex(({ id }) => id === key);
    const error = errors[Math.max(0, own)];
    const vertex = vertexOf(error);
    const step = vertex && model.steps.get(vertex.vertex);
    const source = vertex?.source ?? step?.source;
    const isOwner = ({ id }: ImageModel) =>
      vertex ? source?.folder !== undefined && folders.get(id) === source.folder : id === key;
    const owners = images.filter(isOwner);
    const failed = owners.length > 0 ? owners : images.slice(0, 1);
    return {
      error,
      ...(step && { step }),
      ...(source && { source }),
      images: failed.map(({ id }) => id),
      blocked: images.filter((image) => !failed.includes(image)).map(({ id }) => id),
    };
  });
}

function vertexOf(error: unknown): { readonly vertex: Digest; readonly source?: SourcePlace } | undefined {
  return failedOf(error, 'vertex')?.failure as { vertex: Digest; source?: SourcePlace } | undefined;
}

/** The image that could not be defined, where another one is built from it: the innermost of several. */
export function neededImage(error: unknown): string | undefined {
  const needed = failedOf(error, 'image-needed');
  if (!needed) return undefined;
  return neededImage(needed.cause) ?? (needed.failure as unknown as { readonly image: string }).image;
}

/** What the process that failed ended with; undefined where none did. */
export function exitCode(error: unknown): number | undefined {
  return (failedOf(error, 'process-exit')?.failure as { readonly code?: number } | undefined)?.code;
}
