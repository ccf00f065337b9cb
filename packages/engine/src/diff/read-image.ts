import { childrenIn, readDocument } from '../content/children.ts';
import type { Provider } from '../content/store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { ImageConfig } from '../oci/image-config.ts';
import { isIndex } from '../oci/media-type.ts';
import { bestManifest } from '../oci/platform-match.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import { Failed } from '../std/failed.ts';
import type { DiffFailure } from './failure.ts';

/** An image to compare: what names it, and where its content can be read. */
export interface ImageAt {
  /** For people. */
  readonly name: string;
  readonly descriptor: Descriptor;
  readonly provider: Provider;
}

export interface ImageLayer {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  /** The instruction, as the image's history has it. */
  readonly createdBy: string;
}

export interface ReadImage extends ImageAt {
  readonly config: ImageConfig;
  readonly layers: readonly ImageLayer[];
}

/** Reads an image's documents; of an index, those of the image for a platform. Fails with `image-unlike` and the store's. */
export async function readImage(
  { name, descriptor, provider }: ImageAt,
  { platform, signal }: { readonly platform: Platform; readonly signal: AbortSignal },
): Promise<ReadImage> {
  const bytes = await readDocument(descriptor, provider, { signal });
  if (isIndex(descriptor.mediaType)) {
    const manifests = childrenIn(descriptor, bytes).filter((each) => !isStatement(each));
    const chosen = bestManifest(manifests, platform) ?? (manifests.length === 1 ? manifests[0] : undefined);
    if (chosen) return readImage({ name, descriptor: chosen, provider }, { platform, signal });
    const has = manifests.flatMap((each) => (each.platform ? [formatPlatform(each.platform)] : [])).join(', ');
    throw unlike(`${name} has no image for ${formatPlatform(platform)}; it has ${has}: choose with --platform`);
  }
  const [configAt, ...blobs] = childrenIn(descriptor, bytes);
  if (!configAt) throw unlike(`${name} is no image: ${descriptor.digest} is of type ${descriptor.mediaType}`);
  const text = Buffer.from(await readDocument(configAt, provider, { signal })).toString();
  const config = configIn(text);
  if (!config) throw unlike(`${name} is no image: ${configAt.digest} is no config`);
  const diffIds = config.rootfs?.diff_ids ?? [];
  if (diffIds.length !== blobs.length) {
    throw unlike(`${name} is no image: its config tells of ${diffIds.length} layers, and it has ${blobs.length}`);
  }
  const history = (config.history ?? []).filter((entry) => !entry.empty_layer);
  const layers = blobs.map((blob, i) => ({
    descriptor: blob,
    diffId: diffIds[i]!,
    createdBy: history[i]?.created_by ?? history[i]?.comment ?? '',
  }));
  return { name, descriptor, provider, config, layers };
}

/** Of what is said of an image, and is none. */
function isStatement({ annotations, platform }: Descriptor): boolean {
  return annotations?.['vnd.docker.reference.type'] !== undefined || platform?.os === 'unknown';
}

/** A config as far as layers are told by it; undefined for what is none, whatever the manifest says of it. */
function configIn(text: string): ImageConfig | undefined {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  const { rootfs, history } = (config ?? {}) as Partial<ImageConfig>;
  return Array.isArray(rootfs?.diff_ids ?? []) && Array.isArray(history ?? []) ? (config as ImageConfig) : undefined;
}

function unlike(message: string): Failed<DiffFailure> {
  return new Failed<DiffFailure>({ kind: 'image-unlike', message });
}
