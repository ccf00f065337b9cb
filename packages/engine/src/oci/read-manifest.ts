import type { Descriptor } from './descriptor.ts';
import { isDigest } from './digest.ts';
import type { Index, Manifest } from './manifest.ts';
import { isIndex, isManifest, mediaTypes } from './media-type.ts';

export type ManifestOrIndex =
  | { readonly kind: 'manifest'; readonly mediaType: string; readonly manifest: Manifest }
  | { readonly kind: 'index'; readonly mediaType: string; readonly index: Index };

/**
 * Reads a manifest or index by what it holds; its own `mediaType` has to agree (a manifest must not pass for an index).
 * Throws a `TypeError` on anything else.
 */
export function readManifest(bytes: Uint8Array): ManifestOrIndex {
  const json = parse(bytes);
  const { config, layers, manifests } = json;
  const mediaType = typeof json['mediaType'] === 'string' && json['mediaType'] !== '' ? json['mediaType'] : undefined;
  if (manifests !== undefined && (config !== undefined || layers !== undefined)) {
    throw new TypeError('it is both an index and a manifest');
  }
  if (Array.isArray(manifests)) {
    if (mediaType !== undefined && !isIndex(mediaType))
      throw new TypeError(`it is an index and calls itself ${mediaType}`);
    for (const descriptor of manifests) checkDescriptor(descriptor);
    return { kind: 'index', mediaType: mediaType ?? mediaTypes.ociIndex, index: json as unknown as Index };
  }
  if (json['schemaVersion'] === 1 || json['fsLayers'] !== undefined) {
    throw new TypeError(
      'it is a Docker manifest of schema 1, which nobody supports any more; pull and push it with an old Docker to renew it',
    );
  }
  if (config === undefined) throw new TypeError('it has neither a config nor manifests');
  if (mediaType !== undefined && !isManifest(mediaType))
    throw new TypeError(`it is a manifest and calls itself ${mediaType}`);
  checkDescriptor(config);
  if (layers !== undefined && layers !== null && !Array.isArray(layers))
    throw new TypeError('its layers are not a list');
  for (const descriptor of (layers as unknown[] | null | undefined) ?? []) checkDescriptor(descriptor);
  const manifest = { ...json, layers: layers ?? [] } as unknown as Manifest;
  return { kind: 'manifest', mediaType: mediaType ?? mediaTypes.ociManifest, manifest };
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString());
  } catch {
    throw new TypeError('it is not JSON');
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new TypeError('it is not a JSON object');
  return json as Record<string, unknown>;
}

function checkDescriptor(value: unknown): asserts value is Descriptor {
  const { digest, size, mediaType } = (value ?? {}) as Partial<Record<keyof Descriptor, unknown>>;
  if (typeof digest !== 'string' || !isDigest(digest) || !Number.isSafeInteger(size) || (size as number) < 0) {
    throw new TypeError('one of its descriptors has no proper digest and size');
  }
  if (mediaType !== undefined && typeof mediaType !== 'string')
    throw new TypeError('one of its media types is no text');
}
