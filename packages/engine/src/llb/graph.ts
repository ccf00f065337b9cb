import type { Digest } from '../oci/digest.ts';
import { normalise } from '../oci/platform.ts';
import type { SourcePlace } from '../progress/event.ts';
import type { Definition } from './definition.ts';
import { mostOf, needsOf, relaxed, type DeclaredNeeds } from './limits.ts';
import { loadDefinition } from './load.ts';
import type { LinuxResources, OpMetadata } from './metadata.ts';
import { marshalOp, type Op, type Vertex } from './op.ts';
import type { SourceOp } from './source.ts';

/** A node of the global graph. */
export interface GraphVertex {
  /** Of the op with canonical inputs; that of the definition where nothing had to change. */
  readonly digest: Digest;
  /** Its digest in the definition of the first part that wants it. */
  readonly written: Digest;
  readonly op: Op;
  readonly metadata: OpMetadata;
  readonly name: string;
  readonly inputs: readonly GraphEdge[];
  readonly ignoreCache: boolean;
  /** What parts declare that its process needs: the most of each. */
  readonly needs?: DeclaredNeeds;
  /** Where it was written first. */
  readonly source?: SourcePlace;
  /** Of the parts that want it, in order: indexes into what was merged. */
  readonly owners: readonly number[];
  /** Its digest in the definition of each of them. */
  readonly writtenAs: readonly Digest[];
}

export interface GraphEdge {
  readonly vertex: GraphVertex;
  readonly index: number;
}

/** One definition that goes into a graph. */
export interface GraphPart {
  readonly definition: Definition;
  /**
   * Names the folder behind `local://name` in the op of this digest, equal for equal folders; undefined where the
   * client lends none.
   */
  folder(name: string, digest: Digest): string | undefined;
  /** The folder that source files of the op of this digest are in, where the client lends it. */
  sourceFolder?(digest: Digest): string | undefined;
}

/** Definitions merged into one. */
export interface Graph {
  /** What each part is about; undefined for scratch. */
  readonly roots: readonly (GraphEdge | undefined)[];
  /** Every vertex once, inputs before what reads them. */
  readonly vertices: readonly GraphVertex[];
}

/**
 * Merges definitions into one graph in which equal vertices are one. All local sources of one folder under the same
 * patterns become one canonical source that yields the union of the paths they follow: what a copy selects is keyed by
 * content, so the image that asks cannot change the key, and the folder is read once. What follows is digested anew.
 */
export function mergeDefinitions(parts: readonly GraphPart[]): Graph {
  const loaded = parts.map(({ definition }) => loadDefinition(definition));
  const locals = canonicalLocals(parts, loaded);
  const vertices = new Map<string, Building>();
  const roots = loaded.map((graph, part) => {
    if (!graph) return undefined;
    const { definition } = parts[part]!;
    const placed = new Map<Digest, Building>();
    for (const vertex of graph.vertices.values()) {
      placed.set(vertex.digest, place(vertex, placed, part, definition));
    }
    return { vertex: placed.get(graph.head.digest)!, index: graph.head.index };
  });
  return { roots, vertices: [...vertices.values()] };

  function place(
    vertex: Vertex,
    placed: ReadonlyMap<Digest, Building>,
    part: number,
    { source }: Definition,
  ): Building {
    const inputs = vertex.op.inputs.map(({ digest, index }) => ({ vertex: placed.get(digest)!, index }));
    const op = canonical(vertex, inputs, part);
    const { digest } = op === vertex.op ? vertex : marshalOp(op);
    const ignoreCache = vertex.metadata.ignoreCache ?? false;
    const key = `${digest} ${ignoreCache}`;
    let known = vertices.get(key);
    if (!known) {
      const written = source && placeOf(vertex.digest, source);
      const folder = written && parts[part]!.sourceFolder?.(vertex.digest);
      const at = written && { ...written, ...(folder !== undefined && { folder }) };
      const { metadata, name } = vertex;
      const needs = needsOf(metadata.linuxResources);
      known = {
        digest,
        written: vertex.digest,
        op,
        metadata,
        name,
        inputs,
        ignoreCache,
        ...(needs && { needs }),
        ...(at && { source: at }),
        owners: [],
        writtenAs: [],
      };
      vertices.set(key, known);
    } else if (known.owners.at(-1) !== part) share(known, vertex.metadata.linuxResources);
    if (known.owners.at(-1) !== part) {
      known.owners.push(part);
      known.writtenAs.push(vertex.digest);
    }
    return known;
  }

  function canonical({ op, digest }: Vertex, inputs: readonly GraphEdge[], part: number): Op {
    const local = op.kind === 'source' ? locals.get(`${part} ${digest}`) : undefined;
    if (local) return local;
    const platform = op.platform && normalise(op.platform);
    const samePlatform = !platform || JSON.stringify(platform) === JSON.stringify(op.platform);
    if (samePlatform && op.inputs.every((input, i) => input.digest === inputs[i]!.vertex.digest)) return op;
    const edges = op.inputs.map((input, i) => ({ ...input, digest: inputs[i]!.vertex.digest }));
    return { ...op, inputs: edges, ...(platform && { platform }) };
  }
}

type Building = Omit<GraphVertex, 'owners' | 'writtenAs' | 'metadata' | 'needs'> & {
  metadata: OpMetadata;
  needs?: DeclaredNeeds;
  readonly owners: number[];
  readonly writtenAs: Digest[];
};

/** One more part wants it: it may take what the most generous of them allows. */
function share(vertex: Building, resources: LinuxResources | undefined): void {
  const { linuxResources: own, ...metadata } = vertex.metadata;
  if (!own && !resources) return;
  const limits = relaxed(own, resources);
  vertex.metadata = { ...metadata, ...(limits && { linuxResources: limits }) };
  const needs = mostOf(vertex.needs, needsOf(resources));
  if (needs) vertex.needs = needs;
}

type Loaded = ReturnType<typeof loadDefinition>;

/** The canonical op of each local source, by part and digest. */
function canonicalLocals(parts: readonly GraphPart[], loaded: readonly Loaded[]): ReadonlyMap<string, SourceOp> {
  const groups = new Map<
    string,
    { followed: Set<string> | 'all'; members: string[]; attrs: Map<string, string>; id: string }
  >();
  loaded.forEach((graph, part) => {
    for (const { op, digest } of graph?.vertices.values() ?? []) {
      if (op.kind !== 'source' || !op.identifier.startsWith('local://')) continue;
      const id = parts[part]!.folder(op.identifier.slice('local://'.length), digest);
      if (id === undefined) continue;
      const attrs = new Map(
        op.attrs
          .entries()
          .filter(([name]) => patterns.includes(name))
          .toArray()
          .sort(),
      );
      const key = JSON.stringify([id, ...attrs]);
      const group = groups.get(key) ?? { followed: new Set(), members: [], attrs, id };
      groups.set(key, group);
      group.members.push(`${part} ${digest}`);
      const followed = op.attrs.get('local.followpaths');
      if (!followed) group.followed = 'all';
      else if (group.followed !== 'all') for (const path of JSON.parse(followed) as string[]) group.followed.add(path);
    }
  });
  const canonical = new Map<string, SourceOp>();
  for (const { followed, members, attrs, id } of groups.values()) {
    const all = new Map(attrs);
    if (followed !== 'all') all.set('local.followpaths', JSON.stringify([...followed].sort()));
    const op: SourceOp = { kind: 'source', inputs: [], identifier: `local://${id}`, attrs: all };
    for (const member of members) canonical.set(member, op);
  }
  return canonical;
}

/** What decides which files a local source yields. */
const patterns = ['local.includepattern', 'local.excludepatterns'];

function placeOf(digest: Digest, { locations, infos }: NonNullable<Definition['source']>): SourcePlace | undefined {
  for (const { sourceIndex, ranges } of locations.get(digest) ?? []) {
    const [info, range] = [infos[sourceIndex], ranges[0]];
    if (info && range) {
      const last = ranges.at(-1)!.end.line;
      return { file: info.filename, lines: [range.start.line, Math.max(last, range.start.line)] };
    }
  }
  return undefined;
}
