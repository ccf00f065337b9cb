// What the steps of a request's images are keyed by, for those who compare builds: told by references into what is open
// anyway, and made only where somebody asks.
import type { ImmutableRef } from '../cache/ref.ts';
import type { Defined, ImageKeys, StepKey } from '../engine.ts';
import { opKey } from '../llb/cache-key.ts';
import type { Definition } from '../llb/definition.ts';
import type { GraphEdge, GraphVertex } from '../llb/graph.ts';
import { opParts } from '../llb/op-parts.ts';
import type { Digest } from '../oci/digest.ts';
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
  const steps = vertices.map((vertex) => {
    const written = vertex.writtenAs[vertex.owners.indexOf(part)]!;
    const { digest: pinned, pin, contents } = solver.facts(vertex) ?? { contents: new Map<number, Digest>() };
    return stepKey(vertex, {
      owner: lenders?.get(written)?.id ?? request.id,
      text: () => textOf(written, definition),
      pinned,
      pin,
      contents,
      inputs: vertex.inputs.map((input) => numbers.get(input.vertex)!),
      here: (input) => solver.here(vertex, input),
    });
  });
  return { platform, ...(config && { config }), steps, files: definition.source?.infos ?? [] };
}

function stepKey(
  vertex: GraphVertex,
  about: {
    readonly owner: string;
    readonly text: () => string | undefined;
    readonly pinned: Digest | undefined;
    readonly pin: string | undefined;
    readonly contents: ReadonlyMap<number, Digest>;
    readonly inputs: readonly number[];
    readonly here: (input: number) => Promise<ImmutableRef | undefined>;
  },
): StepKey {
  const { digest, name, op, source, ignoreCache } = vertex;
  const { owner, text, pinned, pin, contents, inputs, here } = about;
  return {
    digest,
    name,
    kind: op.kind,
    owner,
    ignoreCache,
    inputs,
    contents,
    ...(pin !== undefined && { pin }),
    ...(source && { source }),
    own: () => (op.kind === 'source' ? (pinned ?? digest) : opKey(op).digest),
    parts: () => opParts(op),
    text,
    async manifest(input) {
      const { content } = opKey(op as Exclude<typeof op, { kind: 'source' }>).deps[input] ?? {};
      return content && (await here(input))?.tree?.manifest(content);
    },
  };
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
