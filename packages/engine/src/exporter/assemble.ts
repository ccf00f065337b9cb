import type { LayerBlob } from '../cache/ref.ts';
import type { Provider } from '../content/store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { ImageConfig } from '../oci/image-config.ts';
import { indexJson } from '../oci/index-json.ts';
import { layerCompression, layerMediaType, mediaTypes } from '../oci/media-type.ts';
import { isOrigin, originsIn } from '../oci/origin.ts';
import type { Platform } from '../oci/platform.ts';
import { Failed } from '../std/failed.ts';
import { Semaphore } from '../std/semaphore.ts';
import type { AttestationManifest } from './attestation-manifest.ts';
import { wrongOption } from './attrs.ts';
import { configJson, describe, manifestJson, type Document } from './documents.ts';
import { epochOf, timeOf } from './epoch.ts';
import type { ExportImage, ExportInput } from './exporter.ts';
import type { ExportFailure } from './failure.ts';
import { completeHistory } from './history.ts';
import type { ImageOptions } from './image-options.ts';
import { step, type StepWork } from './step.ts';

/** An image, or an index of several, with all that hangs below it. A provider of the whole graph. */
export interface Assembled extends Provider {
  /** Of the manifest or index, with its descriptor's annotations. */
  readonly root: Descriptor;
  /** The config of an image that is no index. */
  readonly config?: Digest;
  /** Every descriptor of the graph, the root first. */
  readonly graph: readonly Descriptor[];
  children(descriptor: Descriptor): readonly Descriptor[];
  /** Repositories of this registry that have a layer already. */
  origins(domain: string, digest: Digest): readonly string[];
  /** Bytes of all layers, compressed. */
  readonly size: number;
}

/** Makes layers, configs, manifests and index of what was built. Nothing is written; layers come from their refs. */
export async function assemble(input: ExportInput, options: ImageOptions, work: StepWork): Promise<Assembled> {
  const { images } = input;
  const platforms = images.map(({ platform }) => platform);
  if (images.length === 0 || (!input.multiPlatform && images.length > 1)) {
    const message = images.length
      ? 'cannot export multiple platforms without multi-platform enabled'
      : 'there is nothing to export';
    throw new Failed<ExportFailure>({ kind: 'export-result', message });
  }
  const index = makesIndex(input, options);
  options.annotations.check(platforms, { index, oci: options.oci });
  const layers = await step('exporting layers', work, () => exportLayers(images, options, work));
  const made = await Promise.all(
    images.map((image, i) => makeImage({ ...image, startedAt: input.startedAt }, layers[i]!, options, work)),
  );
  if (!index) {
    const { manifest, config, platform } = made[0]!;
    return graphOf(made, { ...manifest.descriptor, platform }, { config: config.descriptor.digest });
  }
  const notes = options.annotations.of();
  const manifests = [
    ...made.map(({ manifest, platform }) => ({ ...manifest.descriptor, platform })),
    // After all that runs, so that whoever takes the first one that fits takes none of these.
    ...made.flatMap(({ attested }) => (attested ? [attested.listed] : [])),
  ];
  const mediaType = options.oci ? mediaTypes.ociIndex : mediaTypes.dockerIndex;
  const bytes = indexJson({ mediaType, manifests, annotations: notes.index });
  const list = describe(bytes, mediaType, notes['index-descriptor']);
  await step(`exporting manifest list ${list.descriptor.digest}`, work, async () => {});
  return graphOf(made, list.descriptor, { index: { ...list, manifests } });
}

/** Attestations hang in an index, even beside one image alone. */
export function makesIndex({ images, multiPlatform }: ExportInput, options: ImageOptions): boolean {
  const attested = images.some((image) => attestationsOf(image, options).length > 0);
  if (attested && !options.oci)
    throw wrongOption('oci-mediatypes', 'cannot export attestations with "oci-mediatypes=false"');
  return multiPlatform || attested;
}

function attestationsOf({ attestations = [] }: ExportImage, { inlineAttestations }: ImageOptions) {
  return inlineAttestations ? attestations : attestations.filter(({ inlineOnly }) => !inlineOnly);
}

interface MadeImage {
  readonly platform: Platform;
  readonly manifest: Document;
  readonly config: Document;
  readonly layers: readonly Descriptor[];
  readonly blobs: readonly LayerBlob[];
  readonly attested?: AttestationManifest;
}

function exportLayers(
  images: readonly ExportImage[],
  options: ImageOptions,
  work: StepWork,
): Promise<readonly (readonly LayerBlob[])[]> {
  const { compression, level, force, rewriteTimestamp, created } = options;
  const { signal } = work;
  const permits = new Semaphore(4);
  return Promise.all(
    images.map(async ({ ref, epoch: found, baseConfig }) => {
      using _permit = await permits.acquire({ signal });
      const epoch = rewriteTimestamp ? epochOf(created, found) : undefined;
      return ref.blobs({
        compression,
        ...(level !== undefined && { level }),
        force,
        // The base's layers are somebody else's and stay what they are (SNAP-012).
        ...(epoch !== undefined && { epoch, keep: baseConfig?.rootfs?.diff_ids.length ?? 0 }),
        signal,
        report: (event) => work.report(event),
      });
    }),
  );
}

async function makeImage(
  image: ExportImage & Pick<ExportInput, 'startedAt'>,
  blobs: readonly LayerBlob[],
  options: ImageOptions,
  work: StepWork,
): Promise<MadeImage> {
  const { platform, baseConfig } = image;
  const { oci, created, compression, level, force } = options;
  const config = image.config ?? defaultConfig(platform);
  if (!config.os || !config.architecture) {
    const missing = config.os ? 'architecture' : 'os';
    throw new Failed<ExportFailure>({
      kind: 'export-result',
      message: `invalid image config for export: missing ${missing}`,
    });
  }
  const epoch = epochOf(created, image.epoch);
  const times = { ...(epoch !== undefined && { epoch }), time: timeOf(created, image.epoch) };
  const history = completeHistory(config.history ?? [], { layers: blobs, base: baseConfig?.history ?? [], ...times });
  const diffIds = blobs.map(({ diffId }) => diffId);
  const inlineCache = await image.inlineCache?.({ compression, force, ...(level !== undefined && { level }) });
  const configDocument = describe(
    configJson(config, { diffIds, history, ...times, ...(inlineCache && { inlineCache }) }),
    oci ? mediaTypes.ociConfig : mediaTypes.dockerConfig,
  );
  const notes = options.annotations.of(platform);
  const layers = blobs.map(({ descriptor }) => layerDescriptor(descriptor, options));
  const bytes = manifestJson({ oci, config: configDocument.descriptor, layers, annotations: notes.manifest });
  const manifest = describe(
    bytes,
    oci ? mediaTypes.ociManifest : mediaTypes.dockerManifest,
    notes['manifest-descriptor'],
  );
  await step(`exporting manifest ${manifest.descriptor.digest}`, work, async () => {});
  await step(`exporting config ${configDocument.descriptor.digest}`, work, async () => {});
  const attestations = attestationsOf(image, options);
  if (attestations.length === 0) return { platform, manifest, config: configDocument, layers, blobs };
  const now = Date.now();
  const { attestationManifest } = await import('./attestation-manifest.ts');
  const attested = attestationManifest(attestations, {
    of: manifest.descriptor,
    platform,
    options,
    told: {
      layers,
      digest: manifest.descriptor.digest,
      created: times.time,
      ...(created?.kind === 'now' && { times: { started: image.startedAt ?? now, finished: now } }),
    },
  });
  await step(`exporting attestation manifest ${attested.listed.digest}`, work, async () => {});
  return { platform, manifest, config: configDocument, layers, blobs, attested };
}

function graphOf(
  images: readonly MadeImage[],
  root: Descriptor,
  top: { readonly config?: Digest; readonly index?: Document & { readonly manifests: readonly Descriptor[] } },
): Assembled {
  const documents = new Map<Digest, Uint8Array>();
  const layers = new Map<Digest, LayerBlob>();
  const children = new Map<Digest, readonly Descriptor[]>();
  const graph = new Map<Digest, Descriptor>([[root.digest, root]]);
  const { index } = top;
  if (index) {
    documents.set(root.digest, index.bytes);
    children.set(root.digest, index.manifests);
  }
  let size = 0;
  for (const { manifest, config, blobs, attested, ...image } of images) {
    const below = [config.descriptor, ...image.layers];
    for (const { descriptor, bytes } of [manifest, config]) documents.set(descriptor.digest, bytes);
    for (const blob of blobs) layers.set(blob.descriptor.digest, blob);
    children.set(manifest.descriptor.digest, below);
    for (const descriptor of [manifest.descriptor, ...below]) {
      if (!graph.has(descriptor.digest)) graph.set(descriptor.digest, descriptor);
    }
    size += image.layers.reduce((sum, layer) => sum + layer.size, 0);
    for (const { descriptor, bytes } of attested?.documents ?? []) {
      documents.set(descriptor.digest, bytes);
      if (!graph.has(descriptor.digest)) graph.set(descriptor.digest, descriptor);
    }
    if (attested) children.set(attested.listed.digest, attested.below);
  }
  return {
    root,
    ...(top.config && { config: top.config }),
    graph: [...graph.values()],
    children: ({ digest }) => children.get(digest) ?? [],
    origins: (domain, digest) => {
      const layer = layers.get(digest);
      return layer ? originsIn(domain, layer.descriptor) : [];
    },
    size,
    async *open(descriptor, options) {
      const document = documents.get(descriptor.digest);
      if (document) yield document;
      else yield* layers.get(descriptor.digest)!.provider.open(descriptor, options);
    },
  };
}

/** A layer as the manifest names it: in the manifest's family of media types, without the engine's own annotations. */
function layerDescriptor(
  { mediaType, digest, size, annotations = {} }: Descriptor,
  { oci, preferNondist }: ImageOptions,
): Descriptor {
  const compression = layerCompression(mediaType);
  if (!compression)
    throw new Failed<ExportFailure>({ kind: 'export-result', message: `a layer has the type ${mediaType}` });
  const nondist = preferNondist && /nondistributable|foreign/.test(mediaType);
  const plain = layerMediaType(compression, oci ? 'oci' : 'docker');
  const kept = Object.entries(annotations).filter(([key]) => oci && !isInternal(key));
  return {
    mediaType: nondist
      ? oci
        ? plain.replace('.layer.v1', '.layer.nondistributable.v1')
        : plain.replace('rootfs.diff', 'rootfs.foreign.diff')
      : plain,
    digest,
    size,
    ...(kept.length && { annotations: Object.fromEntries(kept) }),
  };
}

function isInternal(annotation: string): boolean {
  return annotation === 'containerd.io/uncompressed' || annotation === 'buildkit/createdat' || isOrigin(annotation);
}

/** What LLB without a config gets. */
function defaultConfig({ os, architecture, variant }: Platform): ImageConfig {
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return {
    architecture,
    os,
    ...(variant && { variant }),
    config: { ...(os !== 'windows' && { Env: [path] }), WorkingDir: '/' },
  };
}

/** BuildKit's answer about an image; `descriptor` as it is told (and kept in a layout's index). */
export function imageResponse(assembled: Assembled, descriptor: Descriptor): Record<string, string> {
  return {
    'containerimage.digest': assembled.root.digest,
    ...(assembled.config && { 'containerimage.config.digest': assembled.config }),
    'containerimage.descriptor': Buffer.from(JSON.stringify(descriptor)).toString('base64'),
  };
}
