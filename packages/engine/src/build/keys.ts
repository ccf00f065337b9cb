// What the steps of a request's images are keyed by, for those who compare builds: told by references into what is open
// anyway, and made only where somebody asks.

import type { Defined, FolderContent, ImageKeys, StepKey } from '../engine.ts';
import { opKey, type DepKey } from '../llb/cache-key.ts';
import type { Definition } from '../llb/definition.ts';
import type { GraphEdge, GraphVertex } from '../llb/graph.ts';
import { opParts } from '../llb/op-parts.ts';
import type { SourceOp } from '../llb/source.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import type { OpenGraph } from './open-graph.ts';

/** A request whose images are parts of an open graph, from `first` on. */
export interface SolvedRequest {
  readonly defined: Defined;
  readonly open: Pick<OpenGraph, 'graph' | 'solver'>;
  readonly first: number;
}

/** The keys of a request's images as far as the solver knows them by now. */
export function requestKeys({ defined, open, first }: SolvedRequest): readonly ImageKeys[] {
  return defined.images.map((image, i) => imageKeys(image, first + i, { defined, open, first }));
}

function imageKeys(
  { platform, config, definition }: Defined['images'][number],
  part: number,
  { defined: { request, lenders }, open: { graph, solver } }: SolvedRequest,
): ImageKeys {
  const vertices = inOrder(graph.roots[part]);
  const numbers = new Map(vertices.map((vertex, i) => [vertex, i]));
  const steps = vertices.map((vertex): StepKey => {
    const { digest, name, op, source, ignoreCache } = vertex;
    const written = vertex.writtenAs[vertex.owners.indexOf(part)]!;
    const { digest: pinned, pin, contents } = solver.facts(vertex) ?? nothing;
    return {
      digest,
      name,
      kind: op.kind,
      owner: lenders?.get(written)?.id ?? request.id,
      ignoreCache,
      inputs: vertex.inputs.map((input) => numbers.get(input.vertex)!),
      reads: [...contents].flatMap(([input, content]) => {
        const folder = vertex.inputs[input]!.vertex;
        if (!isFolder(folder)) return [];
        return [readOf(vertex, { input, content, folder: numbers.get(folder)!, solver })];
      }),
      ...(pin !== undefined && { pin }),
      ...(source && { source }),
      own: () => ownKey(vertex, pinned),
      parts: () => opParts(op),
      text: () => textOf(written, definition),
    };
  });
  return { platform, ...(config && { config }), steps, files: definition.source?.infos ?? [] };
}

const nothing = { digest: undefined, pin: undefined, contents: new Map<number, Digest>() };

function isFolder({ op }: GraphVertex): boolean {
  return op.kind === 'source' && op.identifier.startsWith('local://');
}

function readOf(
  vertex: GraphVertex,
  {
    input,
    content,
    folder,
    solver,
  }: {
    readonly input: number;
    readonly content: Digest;
    readonly folder: number;
    readonly solver: OpenGraph['solver'];
  },
): FolderContent {
  const { op } = vertex.inputs[input]!.vertex;
  const selectors = () => depsOf(vertex)[input]?.content ?? [];
  return {
    folder,
    content,
    name: () => digestOf(JSON.stringify([(op as SourceOp).identifier, content, selectors()])),
    entries: async () => (await solver.here(vertex, input))?.tree?.manifest(selectors()),
  };
}

/** What a vertex is keyed by, its inputs' own keys left out; which part of a folder it reads is told by its content. */
function ownKey(vertex: GraphVertex, pinned: Digest | undefined): Digest {
  const { op, digest, inputs } = vertex;
  if (op.kind === 'source') return pinned ?? digest;
  const selectors = depsOf(vertex).map(({ selector }, i) => (isFolder(inputs[i]!.vertex) ? '' : (selector ?? '')));
  return digestOf(JSON.stringify([opKey(op).digest, selectors]));
}

function depsOf({ op }: GraphVertex): readonly DepKey[] {
  return op.kind === 'source' ? [] : opKey(op).deps;
}

/** Every vertex that leads to a root once, inputs before what reads them. */
function inOrder(root: GraphEdge | undefined): readonly GraphVertex[] {
  const found = new Set<GraphVertex>();
  const open: { readonly vertex: GraphVertex; next: number }[] = root ? [{ vertex: root.vertex, next: 0 }] : [];
  const seen = new Set(open.map(({ vertex }) => vertex));
  for (let top = open.at(-1); top; top = open.at(-1)) {
    const input = top.vertex.inputs[top.next++]?.vertex;
    if (!input) {
      found.add(top.vertex);
      open.pop();
    } else if (!seen.has(input)) {
      seen.add(input);
      open.push({ vertex: input, next: 0 });
    }
  }
  return [...found];
}

/** The lines of the Dockerfile that a vertex comes from. */
function textOf(written: Digest, { source }: Definition): string | undefined {
  const [location] = source?.locations.get(written) ?? [];
  const info = location && source!.infos[location.sourceIndex];
  const [first, last] = [location?.ranges[0], location?.ranges.at(-1)];
  if (!info || !first || !last) return undefined;
  const lines = Buffer.from(info.data).toString().split('\n');
  return lines.slice(first.start.line - 1, Math.max(last.end.line, first.start.line)).join('\n');
}
