// Manifests and indexes as they come from outside. What breaks the image spec is told in a `TypeError`.
import type { Descriptor } from './descriptor.ts';
import { isDigest } from './digest.ts';
import type { Index, Manifest } from './manifest.ts';
import { isIndex, isManifest } from './media-type.ts';

/** Manifests and indexes that are larger are refused by registries, and by us. In bytes. */
export const maxManifestSize = 4 * 1024 * 1024;

/** An image manifest, of OCI or of Docker's schema 2. `mediaType` is what its descriptor says. */
export function parseManifest(bytes: Uint8Array, mediaType?: string): Manifest {
  const value = parseDocument(bytes, mediaType);
  if (value['manifests'] !== undefined) throw new TypeError('a manifest must not list manifests');
  if (!Array.isArray(value['layers'])) throw new TypeError('a manifest must list its layers');
  if (typeof value['mediaType'] === 'string' && isIndex(value['mediaType'])) {
    throw new TypeError('a manifest must not call itself an index');
  }
  descriptor(value['config'], 'config');
  descriptors(value['layers'], 'layers');
  return value as unknown as Manifest;
}

/** An image index, of OCI or Docker's manifest list. `mediaType` is what its descriptor says. */
export function parseIndex(bytes: Uint8Array, mediaType?: string): Index {
  const value = parseDocument(bytes, mediaType);
  if (value['config'] !== undefined || value['layers'] !== undefined) {
    throw new TypeError('an index must not have a config or layers');
  }
  if (!Array.isArray(value['manifests'])) throw new TypeError('an index must list its manifests');
  if (typeof value['mediaType'] === 'string' && isManifest(value['mediaType'])) {
    throw new TypeError('an index must not call itself a manifest');
  }
  descriptors(value['manifests'], 'manifests');
  return value as unknown as Index;
}

function parseDocument(bytes: Uint8Array, mediaType: string | undefined): Record<string, unknown> {
  if (bytes.length > maxManifestSize) throw new TypeError(`larger than ${maxManifestSize} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new TypeError('not JSON', { cause: error });
  }
  if (!isObject(value)) throw new TypeError('not a JSON object');
  if (value['schemaVersion'] !== 2) throw new TypeError('its schemaVersion is not 2');
  if (value['fsLayers'] !== undefined) throw new TypeError("Docker's schema 1 is not supported");
  const said = value['mediaType'];
  if (said !== undefined && typeof said !== 'string') throw new TypeError('its mediaType is not a string');
  if (said && mediaType && said !== mediaType) throw new TypeError(`it says ${said}, its descriptor ${mediaType}`);
  if (value['subject'] !== undefined) descriptor(value['subject'], 'subject');
  return value;
}

function descriptors(values: readonly unknown[], name: string): void {
  for (const [i, value] of values.entries()) descriptor(value, `${name}[${i}]`);
}

function descriptor(value: unknown, name: string): asserts value is Descriptor {
  if (!isObject(value)) throw new TypeError(`${name} is not a descriptor`);
  const { mediaType, digest, size, annotations, platform } = value;
  if (typeof mediaType !== 'string') throw new TypeError(`${name} has no mediaType`);
  if (typeof digest !== 'string' || !isDigest(digest)) throw new TypeError(`${name} has no valid digest`);
  if (!Number.isSafeInteger(size) || (size as number) < 0) throw new TypeError(`${name} has no valid size`);
  if (annotations !== undefined && annotations !== null && !isObject(annotations)) {
    throw new TypeError(`${name} has annotations that are no object`);
  }
  if (platform === undefined || platform === null) return;
  if (!isObject(platform) || typeof platform['os'] !== 'string' || typeof platform['architecture'] !== 'string') {
    throw new TypeError(`${name} has a platform without os or architecture`);
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
