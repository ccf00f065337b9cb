import type { LayerBlob } from '../cache/ref.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import type { ConfigLayer } from './cache-config.ts';

/** The layers of many results, each chain of them once. */
export class LayerForest {
  /** By blob and what is below. */
  readonly #nodes = new Map<string, Node>();

  /** Adds a result's layers, lowest first, and gives a name for their chain. */
  add(blobs: readonly LayerBlob[]): string {
    let name = '';
    for (const blob of blobs) {
      const key = `${blob.descriptor.digest} ${name}`;
      let node = this.#nodes.get(key);
      // Hashed, so that the names of deep chains stay short.
      if (!node) this.#nodes.set(key, (node = { key, name: digestOf(key), parent: name, blob }));
      name = node.name;
    }
    return name;
  }

  /** All layers by blob and what is below, and where the top of each chain is among them. */
  sorted(): { readonly layers: readonly ConfigLayer[]; readonly places: ReadonlyMap<string, number> } {
    const nodes = [...this.#nodes.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    const places = new Map(nodes.map(({ name }, i) => [name, i]));
    const layers = nodes.map(({ blob, parent }) => {
      const below = places.get(parent);
      return { blob: blob.descriptor.digest, ...(below !== undefined && { parent: below }) };
    });
    return { layers, places };
  }

  /** Each blob once, in the order of their digests. */
  blobs(): readonly LayerBlob[] {
    const byDigest = new Map<Digest, LayerBlob>();
    for (const { blob } of this.#nodes.values()) {
      if (!byDigest.has(blob.descriptor.digest)) byDigest.set(blob.descriptor.digest, blob);
    }
    return [...byDigest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, blob]) => blob);
  }
}

interface Node {
  readonly key: string;
  readonly name: string;
  readonly parent: string;
  readonly blob: LayerBlob;
}
