// What differs between two trees that have the same layers below. What only one of them says anything of has to be looked
// up in those: the first pass finds which paths, the second one tells.

import type { BytePath } from '../std/byte-path.ts';
import { differingFacts, type FileFacts } from './file-facts.ts';
import type { TreePath } from './layered-tree.ts';

/** One path that differs. */
export type FileChange = {
  readonly path: BytePath;
  /** The layers of the two images that make it what it is, or take it away; undefined where that is one below. */
  readonly fromLayer?: number;
  readonly toLayer?: number;
} & (
  | { readonly kind: 'added'; readonly to: FileFacts }
  | { readonly kind: 'removed'; readonly from: FileFacts }
  | { readonly kind: 'changed'; readonly from: FileFacts; readonly to: FileFacts }
);

/** What is known of the layers below: their tree, or nothing, which counts as an empty one. */
export type Below = TreePath | undefined;

/**
 * Compares. `ask` is told each path of which the answer lies below; `every` where it and all below it are wanted.
 */
export function* compareTrees(
  from: TreePath,
  to: TreePath,
  below: Below,
  ask: (path: readonly BytePath[], every: boolean) => void = () => {},
): Generator<FileChange> {
  yield* compare([], { node: from }, { node: to }, below, ask);
}

interface View {
  readonly node: TreePath | undefined;
  /** The layer that hides here what is below, because of a folder above. */
  readonly hiddenBy?: number | undefined;
}

function* compare(
  path: readonly BytePath[],
  a: View,
  b: View,
  below: Below,
  ask: (path: readonly BytePath[], every: boolean) => void,
): Generator<FileChange> {
  if (!a.node && !b.node && isHidden(a) === isHidden(b)) return;
  if (path.length > 0) {
    const [before, after] = [factsAt(a, below), factsAt(b, below)];
    if (seesBelow(a) !== seesBelow(b)) ask(path, false);
    const [fromLayer, toLayer] = [layerOf(a), layerOf(b)];
    const where = {
      path: path.join('/'),
      ...(fromLayer !== undefined && { fromLayer }),
      ...(toLayer !== undefined && { toLayer }),
    };
    if (before && after) {
      if (differingFacts(before, after).length > 0) yield { kind: 'changed', from: before, to: after, ...where };
    } else if (after) yield { kind: 'added', to: after, ...where };
    else if (before) yield { kind: 'removed', from: before, ...where };
  }
  const [inA, inB] = [hiddenUnder(a), hiddenUnder(b)];
  const names = new Set([...(a.node?.children.keys() ?? []), ...(b.node?.children.keys() ?? [])]);
  if ((inA === undefined) !== (inB === undefined)) {
    ask(path, true);
    for (const name of below?.children.keys() ?? []) names.add(name);
  }
  for (const name of [...names].sort()) {
    const next = (view: View, hiddenBy: number | undefined): View => ({
      node: view.node?.children.get(name),
      hiddenBy,
    });
    yield* compare([...path, name], next(a, inA), next(b, inB), below?.children.get(name), ask);
  }
}

function isHidden({ hiddenBy }: View): boolean {
  return hiddenBy !== undefined;
}

/** Whether a path is what it is below. */
function seesBelow(view: View): boolean {
  return !isHidden(view) && view.node?.facts === undefined && !view.node?.gone;
}

function factsAt(view: View, below: Below): FileFacts | undefined {
  return seesBelow(view) ? below?.facts : view.node?.facts;
}

/** The layer that makes a path what it is, or hides it; undefined where that is one below. */
function layerOf({ node, hiddenBy }: View): number | undefined {
  return node && node.layer >= 0 ? node.layer : hiddenBy;
}

/** Who hides what is below in a path: whoever hides the path itself, or made it anew. */
function hiddenUnder({ node, hiddenBy }: View): number | undefined {
  return hiddenBy ?? node?.opaqueBy;
}
