import type { Defined } from '@monokit/engine';
import type { GraphVertex } from '@monokit/engine/llb/graph';
import { treeLayers } from '@monokit/engine/llb/tree-layers';
import type { MergedGraph } from '../graph/graph.ts';

/** Digests of the steps whose layers go elsewhere: those of images that are pushed, and those that caches are to have. */
export function uploadedSteps(
  { ends, vertices }: Pick<MergedGraph, 'ends' | 'vertices'>,
  defined: readonly Pick<Defined, 'request'>[],
): ReadonlySet<string> {
  const requests = new Map(defined.map(({ request }) => [request.id, request]));
  const uploaded = new Set<string>();
  const add = (layers: Iterable<GraphVertex>) => {
    for (const { digest } of layers) uploaded.add(digest);
  };
  for (const [part, { image, root }] of ends.entries()) {
    const { exports, cacheTo } = requests.get(image)!;
    if (cacheTo.some(({ attrs }) => attrs['mode'] === 'max')) {
      add(vertices.filter(({ owners }) => owners.includes(part)));
    } else if (root && (exports.some(({ attrs }) => attrs['push'] === 'true') || cacheTo.some(isElsewhere))) {
      add(treeLayers(root));
    }
  }
  return uploaded;
}

/** One in the image itself has no layers beside the image's. */
function isElsewhere({ type }: { readonly type: string }): boolean {
  return type !== 'inline';
}
