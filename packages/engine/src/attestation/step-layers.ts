import type { Definition } from '../llb/definition.ts';
import { loadDefinition } from '../llb/load.ts';
import type { Edge, Op } from '../llb/op.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { stepNames } from './build-steps.ts';

export type StepLayers = Readonly<Record<string, readonly (readonly Descriptor[])[]>>;

/**
 * The layers of each step's output that the image is made of, as `step2:0`. They follow from the definition and the
 * image alone, so a build that found everything in the cache says the same as one that ran: an exec and a file op add
 * one layer to what they start from, a merge lays its inputs upon each other, and the layers that are left are the base
 * image's. Where that does not add up, only the whole image is told.
 */
export function stepLayers(definition: Definition, layers: readonly Descriptor[]): StepLayers {
  const loaded = loadDefinition(definition);
  if (!loaded || layers.length === 0) return {};
  const { head, vertices } = loaded;
  const names = stepNames(definition);
  const nameOf = ({ digest, index }: Edge) => `${names.get(digest)!}:${index}`;
  const opOf = ({ digest }: Edge) => vertices.get(digest)!.op;

  const heights = new Map<string, Height>();
  const edges = [head, ...[...vertices.values()].flatMap(({ op }) => op.inputs)];
  const byVertex = Map.groupBy(edges, ({ digest }) => digest);
  for (const [digest, { op }] of vertices) {
    for (const edge of byVertex.get(digest)!) {
      const below = startsFrom(op, edge.index).map((input) => heights.get(nameOf(input))!);
      heights.set(nameOf(edge), {
        own: below.reduce((sum, { own }) => sum + own, layersOf(op)),
        unknown: below.reduce((sum, { unknown }) => sum + unknown, countable.has(op.kind) ? 0 : 1),
      });
    }
  }

  const { own, unknown } = heights.get(nameOf(head))!;
  const base = layers.length - own;
  if (unknown > 1 || base < 0 || (unknown === 0 && base > 0)) return { [nameOf(head)]: [layers] };
  const found = new Map<string, readonly Descriptor[]>();
  const open = [{ edge: head, end: layers.length }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { edge, end } = next;
    const height = heights.get(nameOf(edge))!;
    const part = layers.slice(end - height.own - height.unknown * base, end);
    if (part.length > 0) found.set(nameOf(edge), part);
    let top = end - layersOf(opOf(edge));
    for (const input of startsFrom(opOf(edge), edge.index).toReversed()) {
      open.push({ edge: input, end: top });
      const below = heights.get(nameOf(input))!;
      top -= below.own + below.unknown * base;
    }
  }
  return Object.fromEntries([...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, part]) => [name, [part]]));
}

/** How many layers of an output steps made, and how many things it starts from whose layers can't be counted. */
interface Height {
  readonly own: number;
  readonly unknown: number;
}

const countable: ReadonlySet<Op['kind']> = new Set(['exec', 'file', 'merge']);

function layersOf({ kind }: Op): number {
  return kind === 'exec' || kind === 'file' ? 1 : 0;
}

/** The inputs whose layers an output begins with, lowest first. */
function startsFrom(op: Op, output: number): readonly Edge[] {
  const edge = (index: number) => (index < 0 ? [] : [op.inputs[index]!]);
  if (op.kind === 'merge') return op.layers.flatMap(edge);
  if (op.kind === 'exec') return edge(op.mounts.find((mount) => mount.output === output)?.input ?? -1);
  if (op.kind !== 'file') return [];
  let action = op.actions.find((each) => each.output === output);
  // An action starts from an input, or from what an earlier action gave.
  while (action && action.input >= op.inputs.length) action = op.actions[action.input - op.inputs.length];
  return edge(action?.input ?? -1);
}
