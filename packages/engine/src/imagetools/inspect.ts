import { childrenIn, hasChildren, readDocument } from '../content/children.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Index } from '../oci/manifest.ts';
import { isIndex, mediaTypes } from '../oci/media-type.ts';
import { formatPlatform, normalise, type Platform } from '../oci/platform.ts';
import { collect } from '../std/collect.ts';
import type { Found } from './found.ts';

/** An image as a name stands for it, and what can be asked of it. */
export interface Inspected {
  readonly descriptor: Descriptor;
  /** The bytes of the manifest or index. */
  readonly bytes: Uint8Array;
  /** Undefined for a manifest. */
  readonly index?: Index;
  /** Images by platform, with what is said of each. */
  images(): Promise<ReadonlyMap<string, InspectedImage>>;
}

export interface InspectedImage {
  /** Its config, as it is. */
  readonly config: unknown;
  provenance(): Promise<{ readonly SLSA?: unknown }>;
  sbom(): Promise<{ readonly SPDX?: unknown; readonly AdditionalSPDXs?: readonly unknown[] }>;
}

/** A statement is at most this long. */
const maxStatement = 64 << 20;

export async function inspect(found: Found, { signal }: { readonly signal: AbortSignal }): Promise<Inspected> {
  const { descriptor } = found;
  const bytes = await readDocument(descriptor, found, { signal });
  const index = isIndex(descriptor.mediaType) ? (parse(bytes) as Index) : undefined;
  return { descriptor, bytes, ...(index && { index }), images: () => imagesOf(found, bytes, signal) };
}

async function imagesOf(
  found: Found,
  bytes: Uint8Array,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, InspectedImage>> {
  const read = (descriptor: Descriptor) => readDocument(descriptor, found, { signal });
  const below = async (descriptor: Descriptor) =>
    childrenIn(descriptor, descriptor.digest === found.descriptor.digest ? bytes : await read(descriptor));
  const images: Descriptor[] = [];
  const about = new Map<string, Descriptor[]>();
  const open = [found.descriptor];
  for (let next = open.pop(); next; next = open.pop()) {
    const subject =
      next.annotations?.['vnd.docker.reference.digest'] ?? next.annotations?.['com.docker.reference.digest'];
    if (isIndex(next.mediaType)) open.push(...(await below(next)).toReversed());
    else if (subject !== undefined) about.set(subject, [...(about.get(subject) ?? []), next]);
    else if (hasChildren(next.mediaType)) images.push(next);
  }
  const statements = async (image: Digest, type: (predicate: string) => boolean) => {
    const layers = (await Promise.all((about.get(image) ?? []).map(below))).flat();
    const wanted = layers.filter(
      ({ mediaType, annotations }) => isStatement(mediaType) && type(annotations?.['in-toto.io/predicate-type'] ?? ''),
    );
    return Promise.all(
      wanted.map(async (layer) => {
        const statement = unsealed(parse(await collect(found.open(layer, { signal }), maxStatement)), layer.mediaType);
        return (statement as { predicate?: unknown }).predicate;
      }),
    );
  };
  const told = await Promise.all(
    images.map(async (image): Promise<[string, InspectedImage]> => {
      const [configDescriptor] = await below(image);
      const config = parse(await read(configDescriptor!)) as Platform;
      const platform = formatPlatform(normalise(image.platform ?? config));
      return [
        platform,
        {
          config,
          async provenance() {
            const [SLSA] = await statements(image.digest, (type) => type.startsWith('https://slsa.dev/provenance/'));
            return SLSA === undefined ? {} : { SLSA };
          },
          async sbom() {
            const [SPDX, ...more] = await statements(image.digest, (type) => type === 'https://spdx.dev/Document');
            if (SPDX === undefined) return {};
            return { SPDX, ...(more.length > 0 && { AdditionalSPDXs: more }) };
          },
        },
      ];
    }),
  );
  return new Map(told.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isStatement(mediaType: string): boolean {
  return mediaType === mediaTypes.inToto || isSealed(mediaType);
}

function isSealed(mediaType: string): boolean {
  return /^application\/vnd\.in-toto\..*\+dsse$/.test(mediaType);
}

/** The statement in a signed envelope (DSSE). The signature is not judged. */
function unsealed(value: unknown, mediaType: string): unknown {
  if (!isSealed(mediaType)) return value;
  return parse(Buffer.from(String((value as { payload?: unknown }).payload), 'base64'));
}

function parse(bytes: Uint8Array): unknown {
  return JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
}
