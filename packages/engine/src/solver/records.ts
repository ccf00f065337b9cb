import type { Digest } from '../oci/digest.ts';
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

/** What a vertex is keyed by, as far as records tell it. */
export interface KeyedVertex {
  /** Cache map digests that later builds can hit, the most specific first. */
  readonly digests: readonly Digest[];
  readonly deps: readonly {
    readonly selector?: Digest;
    /** The content that matters of this input. */
    readonly content?: Digest;
  }[];
}

/** The records that lead to `roots`, sorted by digest. `keyed` is asked once for each vertex. */
export async function cacheRecords(
  roots: readonly Edge[],
  keyed: (edge: Edge) => Promise<KeyedVertex>,
): Promise<readonly CacheRecord[]> {
  const found = new Map<string, Draft>();
  const visited = new Map<string, Promise<Draft | undefined>>();
  await Promise.all(roots.map(visit));
  const drafts = [...found.values()].sort((a, b) => (a.digest < b.digest ? -1 : a.digest > b.digest ? 1 : 0));
  const indexes = new Map(drafts.map((draft, i) => [draft, i]));
  return drafts.map(({ digest, inputs }) => ({
    digest,
    ...(inputs.length > 0 && {
      inputs: inputs.map((links) =>
        links.map(({ selector, to }) => ({ ...(selector && { selector }), link: indexes.get(to)! })),
      ),
    }),
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
      edge.vertex.inputs.map(async (input, i) => {
        const { selector, content } = deps[i] ?? {};
        const byDefinition = await visit(input);
        return [
          ...(content ? [{ to: record(rootKey(content, -1), []) }] : []),
          ...(byDefinition ? [{ to: byDefinition, ...(selector && { selector }) }] : []),
        ];
      }),
    );
    if (inputs.some((links) => links.length === 0)) return undefined;
    const records = digests.map((digest) => record(rootKey(digest, edge.index), inputs));
    return records[0];
  }

  /** Records are equal where digest and inputs are. */
  function record(digest: Digest, inputs: Draft['inputs']): Draft {
    const key = JSON.stringify([digest, inputs.map((links) => links.map(({ selector, to }) => [selector, to.id]))]);
    const known = found.get(key);
    if (known) return known;
    const draft = { id: key, digest, inputs };
    found.set(key, draft);
    return draft;
  }
}

interface Draft {
  readonly id: string;
  readonly digest: Digest;
  readonly inputs: readonly (readonly { readonly selector?: Digest; readonly to: Draft }[])[];
}
