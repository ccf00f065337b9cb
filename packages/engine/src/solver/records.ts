import { digestOf, type Digest } from '../oci/digest.ts';
import { rootKey } from './cache-key.ts';
import type { Edge } from './vertex.ts';

/** One record of a cache export, as BuildKit writes them: a key, and for each input the keys that lead to it. */
export interface CacheRecord {
  readonly digest: Digest;
  /** For each input the ways to it; `link` is an index into the list of records. */
  readonly inputs?: readonly (readonly CacheLink[])[];
}

export interface CacheLink {
  readonly selector?: Digest;
  readonly link: number;
}

/** A record with the edges whose results are found under it; content has none. */
export interface EdgeRecord extends CacheRecord {
  readonly edges: readonly Edge[];
}

/** What an edge is keyed by, as far as records tell it. */
export interface KeyedEdge {
  /** Cache map digests that later builds can hit, the most specific first. */
  readonly digests: readonly Digest[];
  readonly deps: readonly {
    readonly selector?: Digest;
    /** Keys of the content that matters of this input. */
    readonly contents?: readonly Digest[];
  }[];
}

/**
 * The records that lead to `roots`, in an order that depends on nothing else than what they say. `keyed` is asked once
 * for each edge.
 */
export async function cacheRecords(
  roots: readonly Edge[],
  keyed: (edge: Edge) => Promise<KeyedEdge>,
): Promise<readonly EdgeRecord[]> {
  const found = new Map<Digest, Draft>();
  const visited = new Map<string, Promise<Draft | undefined>>();
  await Promise.all(roots.map(visit));
  const drafts = [...found.values()].sort(
    (a, b) => compare(a.digest, b.digest) || a.inputs.length - b.inputs.length || compare(a.id, b.id),
  );
  const indexes = new Map(drafts.map((draft, i) => [draft, i]));
  return drafts.map(({ digest, inputs, edges }) => ({
    digest,
    ...(inputs.length > 0 && {
      inputs: inputs.map((links) =>
        links
          .map(({ selector, to }) => ({ ...(selector && { selector }), link: indexes.get(to)! }))
          .sort((a, b) => a.link - b.link || compare(a.selector ?? '', b.selector ?? '')),
      ),
    }),
    edges,
  }));

  /** The record that others link to for this edge; undefined for what only this session has. */
  function visit(edge: Edge): Promise<Draft | undefined> {
    const key = `${edge.vertex.digest}@${edge.index}`;
    let record = visited.get(key);
    if (!record) {
      record = make(edge);
      visited.set(key, record);
    }
    return record;
  }

  async function make(edge: Edge): Promise<Draft | undefined> {
    const { digests, deps } = await keyed(edge);
    const inputs = await Promise.all(
      edge.vertex.inputs.map(async (input, i): Promise<Draft['inputs'][number]> => {
        const { selector, contents = [] } = deps[i] ?? {};
        const byDefinition = await visit(input);
        return [
          ...contents.map((content) => ({ to: record(content, []) })),
          ...(byDefinition ? [{ to: byDefinition, ...(selector && { selector }) }] : []),
        ];
      }),
    );
    if (inputs.some((links) => links.length === 0)) return undefined;
    const records = digests.map((digest) => record(rootKey(digest, edge.index), inputs));
    for (const { edges } of records) edges.push(edge);
    return records[0];
  }

  /** Records are equal where digest and inputs are. */
  function record(digest: Digest, inputs: Draft['inputs']): Draft {
    const links = inputs.map((each) => each.map(({ selector = '', to }) => `${to.id} ${selector}`).sort());
    const id = digestOf(JSON.stringify([digest, links]));
    const known = found.get(id);
    if (known) return known;
    const draft = { id, digest, inputs, edges: [] };
    found.set(id, draft);
    return draft;
  }
}

interface Draft {
  /** Of all that leads to it. */
  readonly id: Digest;
  readonly digest: Digest;
  readonly inputs: readonly (readonly { readonly selector?: Digest; readonly to: Draft }[])[];
  readonly edges: Edge[];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
