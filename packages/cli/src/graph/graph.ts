// Images and steps as one graph, as commands show it.

import type { Defined } from '@monokit/engine';
import type { GraphEdge, GraphVertex } from '@monokit/engine/llb/graph';
import type { DefinedImages } from '../tasks/defined-images.ts';

export interface ShownGraph {
  readonly images: readonly ShownImage[];
  /** Inputs before what reads them. */
  readonly steps: readonly ShownStep[];
}

export interface ShownImage {
  readonly id: string;
  /** Ids of the images that it is built from or depends on. */
  readonly needs: readonly string[];
  /** Digests of its steps; none of an image that is only needed by others. */
  readonly steps: readonly string[];
}

export interface ShownStep {
  readonly digest: string;
  readonly name: string;
  readonly inputs: readonly string[];
  /** Ids of the images that share it. */
  readonly images: readonly string[];
  readonly source?: { readonly file: string; readonly lines: readonly [number, number] };
}

/** Merges the images' definitions as a build does: equal steps are one. */
export async function graphOf(images: Pick<DefinedImages, 'tasks' | 'defined' | 'needs'>): Promise<ShownGraph> {
  const { steps, images: shown } = await mergedGraph(images);
  return { images: shown.map(({ id, needs, steps }) => ({ id, needs, steps })), steps };
}

export interface MergedGraph extends ShownGraph {
  readonly images: readonly (ShownImage & {
    /** Digests of the steps that give it, one for each platform; none for scratch. */
    readonly roots: readonly string[];
  })[];
  /** Those of the steps, in the same order. */
  readonly vertices: readonly GraphVertex[];
  /** What the parts give that vertices have as owners: an image, for one platform; nothing for scratch. */
  readonly ends: readonly { readonly image: string; readonly root: GraphEdge | undefined }[];
}

/** The same with the vertices behind it. */
export async function mergedGraph({
  tasks,
  defined,
  needs,
}: Pick<DefinedImages, 'tasks' | 'defined' | 'needs'>): Promise<MergedGraph> {
  const { mergeDefinitions } = await import('@monokit/engine/llb/graph');
  const parts = defined.flatMap((each) =>
    each.images.map(({ definition }) => ({ id: each.request.id, each, definition })),
  );
  const { vertices, roots } = mergeDefinitions(
    parts.map(({ each, definition }) => ({
      definition,
      folder: (name, digest) => rootOf(each, name, digest),
      sourceFolder: (digest) => rootOf(each, 'dockerfile', digest),
    })),
  );
  const steps = vertices.map(({ digest, name, inputs, owners, source }): ShownStep => ({
    digest,
    name,
    inputs: inputs.map(({ vertex }) => vertex.digest),
    images: [...new Set(owners.map((owner) => parts[owner]!.id))],
    ...(source && { source: { file: source.file, lines: source.lines } }),
  }));
  const edges = [
    ...needs,
    ...tasks.flatMap(({ request, dependsOn = [] }) => dependsOn.map((id) => [request.id, id] as const)),
  ];
  const ids = new Set([...defined.map(({ request }) => request.id), ...edges.flat()]);
  const needed = Map.groupBy(edges, ([from]) => from);
  const stepsOf = new Map([...ids].map((id): [string, string[]] => [id, []]));
  for (const step of steps) for (const id of step.images) stepsOf.get(id)!.push(step.digest);
  const images = [...ids].map((id) => ({
    id,
    needs: [...new Set((needed.get(id) ?? []).map(([, to]) => to))],
    steps: stepsOf.get(id)!,
    roots: roots.flatMap((root, part) => (root && parts[part]!.id === id ? [root.vertex.digest] : [])),
  }));
  return { images, steps, vertices, ends: parts.map(({ id }, part) => ({ image: id, root: roots[part] })) };
}

type Lender = NonNullable<Defined['lenders']> extends ReadonlyMap<infer D, unknown> ? D : never;

/** The folder behind `local://name` in the op of this digest, where the client lends one. */
export function rootOf({ request, lenders }: Defined, name: string, digest: Lender): string | undefined {
  return (lenders?.get(digest) ?? request).session.folder(name)?.root;
}
