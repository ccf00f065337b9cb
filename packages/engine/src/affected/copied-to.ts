// Where in an image a path of a client's folder is, as far as its steps tell without being run.

import { posix } from 'node:path';
import type { CopyAction } from '../llb/copy-action.ts';
import type { Graph, GraphEdge, GraphVertex } from '../llb/graph.ts';
import { hasWildcards } from '../std/glob.ts';

export interface ClientPath {
  /** As the graph names it: an absolute path. */
  readonly folder: string;
  /** Relative to it; '' is the folder itself. */
  readonly path: string;
  readonly directory: boolean;
}

export type CopiedTo =
  | { readonly kind: 'at'; readonly target: string }
  /** Why nobody can say, and the step that is why. */
  | { readonly kind: 'unclear'; readonly reason: string; readonly step?: GraphVertex };

/** Absolute in the image, if exactly one step of the image's own stage copies it there, and none parts of it elsewhere. */
export function copiedTo(graph: Graph, root: number, { folder, path, directory }: ClientPath): CopiedTo {
  const copies = [...copiesOnTheWay(graph.roots[root])].filter(
    ({ from }) => from.op.kind === 'source' && from.op.identifier === `local://${folder}`,
  );
  let found: { readonly target: string; readonly step: GraphVertex } | undefined;
  const inside: { readonly rest: string; readonly dest: string; readonly step: GraphVertex }[] = [];
  for (const { action, step } of copies) {
    const unclear = (reason: string): CopiedTo => ({ kind: 'unclear', reason, step });
    const src = posix.normalize(action.src).replace(/^\/+|\/+$/g, '');
    const wild = action.allowWildcard && hasWildcards(src);
    const fixed = wild
      ? src
          .slice(0, src.search(/[*?[\\]/))
          .replace(/[^/]*$/, '')
          .replace(/\/$/, '')
      : src;
    if (below(fixed, path) === undefined && below(path, fixed) === undefined) continue;
    if (wild) return unclear('is copied by a wildcard');
    const rest = below(path, src);
    if (rest === undefined) {
      inside.push({ rest: below(src, path)!, dest: action.dest, step });
      continue;
    }
    if (action.include.length + action.exclude.length > 0) return unclear('is copied in part');
    const target = targetOf(action, { rest, directory, name: posix.basename(src) });
    if (target === undefined) return unclear(`may be copied to ${action.dest}, or into it`);
    if (found && found.target !== target) return unclear(`is copied to ${found.target} and to ${target}`);
    found = { target, step };
  }
  if (!found) return { kind: 'unclear', reason: 'is not copied by a step of its own stage' };
  const { target } = found;
  const astray = inside.find(({ rest, dest }) => !isAt(dest, posix.join(target, rest)));
  if (!astray) return { kind: 'at', target };
  return {
    kind: 'unclear',
    reason: `is copied to ${target}, but ${astray.rest} in it to ${astray.dest}`,
    step: astray.step,
  };
}

/** The copies that the image's own tree went through, last first. */
function* copiesOnTheWay(edge: GraphEdge | undefined): Generator<{
  readonly action: CopyAction;
  readonly from: GraphVertex;
  readonly step: GraphVertex;
}> {
  if (!edge) return;
  const { vertex: step, index } = edge;
  const { op, inputs } = step;
  if (op.kind === 'exec') {
    const root = op.mounts.find(({ dest }) => dest === '/');
    if (root && root.input >= 0) yield* copiesOnTheWay(inputs[root.input]);
  } else if (op.kind === 'merge') for (const input of inputs) yield* copiesOnTheWay(input);
  else if (op.kind === 'file') {
    let at = op.actions.findIndex(({ output }) => output === index);
    for (; at >= 0;) {
      const action = op.actions[at]!;
      const from = inputs[action.secondaryInput];
      if (action.kind === 'copy' && from) yield { action, from: from.vertex, step };
      if (action.input < inputs.length) {
        if (action.input >= 0) yield* copiesOnTheWay(inputs[action.input]);
        return;
      }
      at = action.input - inputs.length;
    }
  }
}

/** `path` relative to `folder`, '' for itself; undefined if it is not in there. */
function below(path: string, folder: string): string | undefined {
  if (folder === '' || folder === path) return folder === path ? '' : path;
  return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : undefined;
}

function targetOf(
  { dest, dirCopyContents }: CopyAction,
  { rest, directory, name }: { readonly rest: string; readonly directory: boolean; readonly name: string },
): string | undefined {
  const into = /\/\.?$/.test(dest);
  const isFile = rest === '' && !directory;
  if (isFile) return into ? posix.join(dest, name) : posix.basename(dest) === name ? posix.normalize(dest) : undefined;
  return dirCopyContents ? posix.join(dest, rest).replace(/(.)\/$/, '$1') : undefined;
}

function isAt(dest: string, target: string): boolean {
  return posix.normalize(dest) === target || posix.join(dest, posix.basename(target)) === target;
}
