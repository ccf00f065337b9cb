// The JSON documents of an image, byte for byte as BuildKit writes them: manifests and indexes indented by two spaces in
// the order of OCI's Go types, the config compact with its keys sorted (EXP-008).

import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import type { History, ImageConfig } from '../oci/image-config.ts';
import { orderedDescriptor, sorted, sortedNotes } from '../oci/index-json.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { goJson } from '../std/go-json.ts';
import type { Notes } from './annotations.ts';
import { rfc3339 } from './epoch.ts';

/** Bytes with the descriptor that names them. */
export interface Document {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** Bytes by their digest. */
export function describe(bytes: Uint8Array, mediaType: string, annotations: Notes = {}): Document {
  const descriptor = { mediaType, digest: digestOf(bytes), size: bytes.length };
  return { bytes, descriptor: Object.keys(annotations).length ? { ...descriptor, annotations } : descriptor };
}

export function manifestJson(options: {
  readonly oci: boolean;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations: Notes;
  readonly artifactType?: string;
  /** What an artifact is about. */
  readonly subject?: Descriptor;
}): Buffer {
  const { oci, config, layers, annotations, artifactType, subject } = options;
  const manifest = {
    schemaVersion: 2,
    mediaType: oci ? mediaTypes.ociManifest : mediaTypes.dockerManifest,
    ...(artifactType && { artifactType }),
    config: orderedDescriptor(config),
    layers: layers.map(orderedDescriptor),
    ...(subject && { subject: orderedDescriptor(subject) }),
    ...sortedNotes(annotations),
  };
  return Buffer.from(goJson(manifest, { indent: true }));
}

/** Where an image's config has the cache records that go with its layers. */
const inlineCacheKey = 'moby.buildkit.cache.v0';

/**
 * An image's config with its layers and history filled in. Keys we don't know are kept. `created` stays what the config
 * says, but no later than `epoch`; where it says nothing it is `time`.
 */
export function configJson(
  config: ImageConfig,
  options: {
    readonly diffIds: readonly Digest[];
    readonly history: readonly History[];
    readonly epoch?: number;
    readonly time: number;
    readonly inlineCache?: Uint8Array;
  },
): Buffer {
  const { diffIds, history, epoch, time, inlineCache } = options;
  const late = config.created !== undefined && epoch !== undefined && !(Date.parse(config.created) <= epoch * 1000);
  const patched: Record<string, unknown> = {
    ...config,
    config: orderedConfig(config.config),
    created: late ? rfc3339(epoch) : (config.created ?? rfc3339(time)),
    rootfs: { type: 'layers', diff_ids: diffIds },
    history,
    // A base image's speaks of other layers.
    [inlineCacheKey]: inlineCache && Buffer.from(inlineCache).toString('base64'),
  };
  const keys = Object.keys(patched).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return Buffer.from(goJson(Object.fromEntries(keys.map((key) => [key, patched[key]]))));
}

const configKeys = [
  'User',
  'ExposedPorts',
  'Env',
  'Entrypoint',
  'Cmd',
  'Volumes',
  'WorkingDir',
  'Labels',
  'StopSignal',
  'ArgsEscaped',
  'Healthcheck',
  'OnBuild',
  'Shell',
];

/** Go's maps come out sorted. */
const maps = new Set(['ExposedPorts', 'Volumes', 'Labels']);

function orderedConfig(config: ImageConfig['config'] | undefined): Record<string, unknown> {
  const given: Record<string, unknown> = { ...config };
  const unknown = Object.keys(given)
    .filter((key) => !configKeys.includes(key))
    .sort();
  const ordered: Record<string, unknown> = {};
  for (const key of [...configKeys, ...unknown]) {
    const value = given[key];
    if (value !== undefined) ordered[key] = maps.has(key) && value ? sorted(value as Record<string, unknown>) : value;
  }
  return ordered;
}
