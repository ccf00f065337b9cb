import type { RemoteLayer } from '../cache/api.ts';
import type { Provider } from '../content/store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import { layerCompression } from '../oci/media-type.ts';
import type { CacheConfig } from './cache-config.ts';
import { createdNote, uncompressedNote } from './package.ts';

/** One record of an imported cache, linked with the others. */
export class ImportedRecord {
  readonly digest: Digest;
  readonly results: readonly ImportedResult[];
  /** For each input the records of content (and of sources) that lead here. */
  readonly roots: readonly (readonly Digest[])[];
  readonly #next = new Map<string, Set<ImportedRecord>>();

  constructor(digest: Digest, results: readonly ImportedResult[], roots: readonly (readonly Digest[])[]) {
    this.digest = digest;
    this.results = results;
    this.roots = roots;
  }

  lead(to: ImportedRecord, input: number, selector: Digest | undefined): void {
    const name = linkName(input, to.digest, selector);
    this.#next.set(name, (this.#next.get(name) ?? new Set()).add(to));
  }

  /** The records with this digest that have this one as an input. */
  next(digest: Digest, input: number, selector: Digest | undefined): ReadonlySet<ImportedRecord> {
    return this.#next.get(linkName(input, digest, selector)) ?? none;
  }
}

const none: ReadonlySet<ImportedRecord> = new Set();

function linkName(input: number, digest: Digest, selector: Digest | undefined): string {
  return `${input}|${digest}|${selector ?? ''}`;
}

/** Where records came from. */
export interface Origin {
  /** For people. */
  readonly name: string;
  readonly provider: Provider;
  /** Told of a result that could not be had; the build goes on without. */
  readonly lost: (error: unknown) => void;
}

export interface ImportedResult {
  readonly origin: Origin;
  readonly layers: readonly RemoteLayer[];
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** The records of a cache without inputs, by digest; all others are reached from them. */
export function linkRecords(
  { layers, records }: CacheConfig,
  blobs: ReadonlyMap<Digest, Descriptor>,
  origin: Origin,
): ReadonlyMap<Digest, ImportedRecord> {
  const remote = layers.map(({ blob }) => remoteLayer(blobs.get(blob), origin.provider));
  const linked = records.map(({ digest, inputs, results }) => {
    const whole = results.flatMap(({ layers: chain, createdAt }): ImportedResult[] => {
      const found = chain.map((i) => remote[i]);
      return found.length > 0 && found.every((layer) => layer !== undefined)
        ? [{ origin, layers: found, createdAt }]
        : [];
    });
    const roots = inputs.map((links) =>
      links.flatMap(({ selector, link }) => {
        const from = records[link]!;
        return from.inputs.length === 0 && !selector ? [from.digest] : [];
      }),
    );
    return new ImportedRecord(digest, whole, roots);
  });
  const roots = new Map<Digest, ImportedRecord>();
  for (const [i, { digest, inputs }] of records.entries()) {
    if (inputs.length === 0) roots.set(digest, linked[i]!);
    for (const [input, links] of inputs.entries()) {
      for (const { link, selector } of links) linked[link]!.lead(linked[i]!, input, selector);
    }
  }
  return roots;
}

/** Undefined for what is no layer that can be unpacked and recognised. */
function remoteLayer(descriptor: Descriptor | undefined, provider: Provider): RemoteLayer | undefined {
  if (!descriptor) return undefined;
  const { mediaType, digest, size, annotations = {} } = descriptor;
  const compression = layerCompression(mediaType);
  const diffId = annotations[uncompressedNote] ?? (compression === 'uncompressed' ? digest : undefined);
  if (!compression || !diffId || !isDigest(diffId)) return undefined;
  const created = Date.parse(annotations[createdNote] ?? '');
  return {
    descriptor: { mediaType, digest, size },
    diffId,
    provider,
    ...(!Number.isNaN(created) && { createdAt: Math.floor(created / 1000) }),
  };
}
