import { childrenIn, readDocument } from '../content/children.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { indexJson } from '../oci/index-json.ts';
import type { Index } from '../oci/manifest.ts';
import { isIndex, isManifest, mediaTypes } from '../oci/media-type.ts';
import { formatPlatform, matches, normalise, type Platform } from '../oci/platform.ts';
import { Failed } from '../std/failed.ts';
import type { ImageToolsFailure } from './failure.ts';
import type { Found } from './found.ts';

/** An image to make another one of; `descriptor` may say more of it than where it was found. */
export interface Source {
  readonly found: Found;
  readonly descriptor: Descriptor;
}

/** An annotation of what is made, as buildx reads them. */
export interface Annotation {
  readonly level: 'index' | 'manifest-descriptor';
  readonly platform?: Platform;
  readonly key: string;
  readonly value: string;
}

export interface CombineOptions {
  readonly annotations: readonly Annotation[];
  /** One image becomes an index of one, too. */
  readonly preferIndex: boolean;
  /** Only these; none means all. */
  readonly platforms: readonly Platform[];
}

/** What was made: the bytes of an index (or of the one manifest), and where each part of it is. */
export interface Combined {
  readonly bytes: Uint8Array;
  readonly descriptor: Descriptor;
  /** What the bytes lead to, each with where it is; the manifest itself where it is one image as it was. */
  readonly parts: readonly { readonly descriptor: Descriptor; readonly found: Found }[];
}

const referenceType = 'vnd.docker.reference.type';
const referenceDigest = 'vnd.docker.reference.digest';

/** Puts images together as one index, as `docker buildx imagetools create` does. Nothing is written. */
export async function combine(
  sources: readonly Source[],
  options: CombineOptions,
  { signal }: { readonly signal: AbortSignal },
): Promise<Combined> {
  const read = await Promise.all(
    sources.map(async ({ found, descriptor }) => {
      const bytes = await readDocument(descriptor, found, { signal });
      if (!isManifest(descriptor.mediaType)) return { found, descriptor, bytes };
      return { found, descriptor: await withPlatform(descriptor, bytes, found, signal), bytes };
    }),
  );
  const [only, ...others] = read;
  if (!only) throw refused('no sources specified');
  // Bytes that nothing is changed in stay what they are, so that the digest does.
  if (others.length === 0 && options.annotations.length === 0) {
    const { found, descriptor, bytes } = only;
    if (isIndex(descriptor.mediaType)) {
      const manifests = manifestsIn(descriptor, bytes);
      const whole = { bytes, descriptor, parts: manifests.map((each) => ({ descriptor: each, found })) };
      return chosen(whole, JSON.parse(Buffer.from(bytes).toString()) as Index, options.platforms);
    }
    if (!options.preferIndex) {
      checkPlatform(descriptor, options.platforms);
      return { bytes, descriptor, parts: [{ descriptor, found }] };
    }
  }
  const parts = merged(read);
  const docker = parts.every(({ descriptor }) => descriptor.mediaType.startsWith('application/vnd.docker.'));
  const mediaType = docker ? mediaTypes.dockerIndex : mediaTypes.ociIndex;
  if (docker && options.annotations.length > 0)
    throw refused('annotations take an OCI index, and all of these are Docker manifests');
  const annotated = parts.map((part) => ({ ...part, descriptor: withNotes(part.descriptor, options.annotations) }));
  const notes = options.annotations.filter(({ level }) => level === 'index').map(({ key, value }) => [key, value]);
  const index: Index = {
    schemaVersion: 2,
    mediaType,
    manifests: annotated.map(({ descriptor }) => descriptor),
    annotations: Object.fromEntries(notes) as Record<string, string>,
  };
  return chosen({ ...printed(index), parts: annotated }, index, options.platforms);
}

/** All manifests of all sources, each once; what a later source says of one goes before. */
function merged(
  sources: readonly { readonly found: Found; readonly descriptor: Descriptor; readonly bytes: Uint8Array }[],
): readonly { readonly descriptor: Descriptor; readonly found: Found }[] {
  const parts = new Map<Digest, { readonly descriptor: Descriptor; readonly found: Found }>();
  for (const { found, descriptor, bytes } of sources) {
    for (const each of isIndex(descriptor.mediaType) ? manifestsIn(descriptor, bytes) : [descriptor]) {
      const { platform, annotations } = each;
      const old = parts.get(each.digest)?.descriptor;
      const both = old && {
        ...old,
        ...(platform && { platform }),
        ...((old.annotations ?? annotations) && { annotations: { ...old.annotations, ...annotations } }),
      };
      parts.set(each.digest, { descriptor: both ?? each, found });
    }
  }
  return [...parts.values()];
}

/** Those for the platforms that are asked for, with what is said of them. */
function chosen(whole: Combined, index: Index, platforms: readonly Platform[]): Combined {
  if (platforms.length === 0) return whole;
  const fits = ({ platform }: Descriptor) => !platform || platforms.some((wanted) => matches(wanted, platform));
  const subjects = new Map(whole.parts.map(({ descriptor }) => [descriptor.digest as string, descriptor]));
  const parts = whole.parts.filter(({ descriptor }) => {
    const { annotations = {} } = descriptor;
    const subject = subjects.get(annotations[referenceDigest] ?? '');
    if (annotations[referenceType] === 'attestation-manifest' && subject) return fits(subject);
    return fits(descriptor);
  });
  if (parts.length === 0) throw refused('none of the manifests match the provided platforms');
  if (parts.length === whole.parts.length) return whole;
  return { ...printed({ ...index, manifests: parts.map(({ descriptor }) => descriptor) }), parts };
}

function printed({ mediaType = mediaTypes.ociIndex, ...index }: Index): Pick<Combined, 'bytes' | 'descriptor'> {
  const bytes = indexJson({ ...index, mediaType });
  return { bytes, descriptor: { mediaType, digest: digestOf(bytes), size: bytes.length } };
}

function manifestsIn(descriptor: Descriptor, bytes: Uint8Array): readonly Descriptor[] {
  return childrenIn(descriptor, bytes);
}

/** A manifest with its platform, which its config tells where nothing else does. */
async function withPlatform(
  descriptor: Descriptor,
  bytes: Uint8Array,
  found: Found,
  signal: AbortSignal,
): Promise<Descriptor> {
  const { platform } = descriptor;
  if (platform?.os && platform.architecture) return descriptor;
  const [config] = childrenIn(descriptor, bytes);
  const read = JSON.parse(Buffer.from(await readDocument(config!, found, { signal })).toString()) as Partial<Platform>;
  const { os, architecture, variant } = { ...read, ...platform };
  if (!os || !architecture) throw refused(`${descriptor.digest} does not tell its platform; add it to its descriptor`);
  return { ...descriptor, platform: normalise({ os, architecture, ...(variant && { variant }) }) };
}

function checkPlatform({ platform }: Descriptor, platforms: readonly Platform[]): void {
  if (platforms.length === 0 || (platform && platforms.some((wanted) => matches(wanted, platform)))) return;
  const has = platform ? formatPlatform(platform) : 'of an unknown platform';
  throw refused(`the image is ${has}, which does not match any of the provided platforms`);
}

function withNotes(descriptor: Descriptor, annotations: readonly Annotation[]): Descriptor {
  const { platform } = descriptor;
  const wanted = annotations.filter(
    ({ level, platform: only }) => level === 'manifest-descriptor' && (!only || (platform && matches(only, platform))),
  );
  if (wanted.length === 0) return descriptor;
  const notes = Object.fromEntries(wanted.map(({ key, value }) => [key, value]));
  return { ...descriptor, annotations: { ...descriptor.annotations, ...notes } };
}

export function refused(message: string): Failed<ImageToolsFailure> {
  return new Failed<ImageToolsFailure>({ kind: 'image-combination', message });
}
