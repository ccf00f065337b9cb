import type { RemoteLayer } from '../cache/api.ts';
import type { Store } from '../content/store.ts';
import { chainId } from '../oci/chain-id.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf, isDigest, type Digest } from '../oci/digest.ts';
import { isIndex, isManifest, layerCompression } from '../oci/media-type.ts';
import { withOrigin } from '../oci/origin.ts';
import { bestManifest } from '../oci/platform-match.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import { readManifest } from '../oci/read-manifest.ts';
import type { Reference } from '../oci/reference.ts';
import type { FoundImage } from '../registry/registry.ts';
import { collect } from '../std/collect.ts';
import { Failed } from '../std/failed.ts';
import { goJson } from '../std/go-json.ts';
import type { SourceFailure } from './failure.ts';

/** An image's manifest and config, here; its layers wherever they are. */
export interface PulledImage {
  /** What the name stands for: a manifest's digest or an index's. */
  readonly digest: Digest;
  readonly config: Uint8Array;
  /** Lowest first. */
  readonly layers: readonly RemoteLayer[];
}

/** Larger is no config (as manifests). */
const documentLimit = 8 * 1024 * 1024;

/** Brings the manifest and config for one platform into `content`. Layers stay where they are. */
export async function pullImage(
  found: FoundImage,
  options: {
    readonly name: string;
    readonly platform: Platform;
    readonly content: Store;
    /** The repository it is in, for whoever pushes its layers to another one of that registry. */
    readonly repository?: Pick<Reference, 'domain' | 'path'>;
    readonly signal: AbortSignal;
  },
): Promise<PulledImage> {
  const { name, platform, content, repository, signal } = options;
  const document = async (
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    kind: 'manifest' | 'blob',
  ): Promise<Uint8Array> => {
    const size = await content.stat(descriptor.digest);
    const here = size === undefined ? undefined : { digest: descriptor.digest, size };
    if (here && size! <= documentLimit) return collect(content.open(here, { signal }), documentLimit);
    if (descriptor.size > documentLimit) throw malformed(name, `its ${kind} of ${descriptor.size} bytes is too large`);
    const bytes =
      kind === 'manifest'
        ? await found.manifest(descriptor.digest, { signal })
        : await collect(found.blobs.open(descriptor, { signal }), documentLimit);
    await content.write(once(bytes), { expected: { digest: descriptor.digest }, signal });
    return bytes;
  };

  let descriptor = found.descriptor;
  for (let depth = 0; ; depth++) {
    const read = understood(name, await document(descriptor, 'manifest'));
    if (read.kind === 'index') {
      const best = bestManifest(read.index.manifests.filter(isImage), platform);
      if (!best || depth === 4) throw noPlatform(name, platform, read.index.manifests);
      descriptor = best;
      continue;
    }
    const config = await document(read.manifest.config, 'blob');
    const descriptors = read.manifest.layers.map((layer) => withOrigin(layer, repository));
    const layers = layersOf(name, descriptors, { config, blobs: found.blobs, content });
    return { digest: found.descriptor.digest, config, layers };
  }
}

/** BuildKit's two keys of an image (LLB-062): by manifest and platform, and by what its layers hold. */
export function imageKeys(
  image: PulledImage,
  options: { readonly platform: Platform; readonly limit?: number },
): readonly Digest[] {
  const { platform, limit } = options;
  const { os, architecture, variant } = platform;
  const byManifest = digestOf(
    goJson({
      Digest: image.digest,
      OS: os,
      Arch: architecture,
      ...(variant && { Variant: variant }),
      ...(platform['os.version'] && { OSVersion: platform['os.version'] }),
      ...(platform['os.features']?.length && { OSFeatures: platform['os.features'] }),
      ...(limit !== undefined && { Limit: limit }),
    }),
  );
  const layers = image.layers.slice(0, limit);
  return layers.length ? [byManifest, chainId(layers.map(({ diffId }) => diffId))] : [byManifest];
}

function layersOf(
  name: string,
  descriptors: readonly Descriptor[],
  from: { readonly config: Uint8Array; readonly blobs: RemoteLayer['provider']; readonly content: Store },
): readonly RemoteLayer[] {
  const { config, blobs, content } = from;
  const diffIds = diffIdsOf(name, config);
  if (diffIds.length !== descriptors.length) {
    throw malformed(name, `its config tells of ${diffIds.length} layers, its manifest of ${descriptors.length}`);
  }
  const provider: RemoteLayer['provider'] = {
    async *open(descriptor, options) {
      const here = (await content.stat(descriptor.digest)) !== undefined;
      yield* (here ? content : blobs).open(descriptor, options);
    },
  };
  return descriptors.map((descriptor, i) => {
    if (layerCompression(descriptor.mediaType) === undefined) {
      throw malformed(
        name,
        `it has a layer of type ${descriptor.mediaType}, which is no filesystem layer that can be read`,
      );
    }
    return { descriptor, diffId: diffIds[i]!, provider };
  });
}

function diffIdsOf(name: string, config: Uint8Array): readonly Digest[] {
  let parsed: { rootfs?: { type?: unknown; diff_ids?: unknown } | null } | null;
  try {
    parsed = JSON.parse(Buffer.from(config).toString()) as typeof parsed;
  } catch {
    throw malformed(name, 'its config is not JSON');
  }
  const diffIds = parsed?.rootfs?.diff_ids ?? [];
  if (!Array.isArray(diffIds) || !diffIds.every((id) => typeof id === 'string' && isDigest(id))) {
    throw malformed(name, 'its config has no proper list of layers');
  }
  return diffIds as readonly Digest[];
}

function understood(name: string, bytes: Uint8Array): ReturnType<typeof readManifest> {
  try {
    return readManifest(bytes);
  } catch (error) {
    if (error instanceof TypeError) throw malformed(name, error.message);
    throw error;
  }
}

/** Attestations hang in the same index. */
function isImage({ mediaType, annotations }: Descriptor): boolean {
  const attestation = annotations?.['vnd.docker.reference.type'] !== undefined;
  return !attestation && (!mediaType || isManifest(mediaType) || isIndex(mediaType));
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function noPlatform(reference: string, wanted: Platform, manifests: readonly Descriptor[]): Failed<SourceFailure> {
  const platform = formatPlatform(wanted);
  const has = manifests.filter(isImage).flatMap(({ platform }) => (platform ? [formatPlatform(platform)] : []));
  return new Failed<SourceFailure>({
    kind: 'no-platform',
    reference,
    platform,
    message: `${reference}: no match for platform in manifest: ${platform} is wanted, ${has.length ? `there is ${[...new Set(has)].join(', ')}` : 'it has none'}`,
  });
}

function malformed(reference: string, why: string): Failed<SourceFailure> {
  return new Failed<SourceFailure>({
    kind: 'image-malformed',
    reference,
    message: `${reference} can't be used: ${why}`,
  });
}
