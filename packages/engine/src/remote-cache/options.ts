import { resolve } from 'node:path';
import type { CacheEntry } from '../engine.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import { readCompression, type CompressionOptions } from '../oci/compression.ts';
import { parseReference, type Reference } from '../oci/reference.ts';
import { Attrs } from '../std/attrs.ts';
import { Failed } from '../std/failed.ts';
import type { RemoteCacheFailure } from './failure.ts';

/** How a cache is written, and where to. */
export interface ExportOptions extends CompressionOptions {
  readonly place: ExportPlace;
  /** `min`: results of what was asked for, and of what leads there as far as nothing has to be packed; `max`: all. */
  readonly mode: 'min' | 'max';
  readonly oci: boolean;
  /** As an image manifest, else as an index of blobs. */
  readonly imageManifest: boolean;
  /** A failure is told as a warning. */
  readonly ignoreError: boolean;
}

/** A folder in the form of an OCI layout, or a repository's tag. */
export type ExportPlace =
  | {
      readonly kind: 'local';
      readonly dest: string;
      readonly tag: string;
      /** Remove what the folder's index.json does not lead to. */
      readonly reset: boolean;
    }
  | RegistryPlace;

export type ImportPlace =
  /** A digest takes precedence over the tag. */
  { readonly kind: 'local'; readonly src: string; readonly digest?: Digest; readonly tag: string } | RegistryPlace;

export interface RegistryPlace {
  readonly kind: 'registry';
  readonly reference: Reference;
  /** Plain HTTP, or TLS that nobody vouches for. */
  readonly insecure: boolean;
}

/** Throws `Failed` with `cache-option` or `cache-type-unknown`. */
export function readExport({ type, attrs: given }: CacheEntry): ExportOptions {
  const attrs = new Attrs(`a cache export of type ${type}`, given, wrong);
  const place: ExportPlace =
    kindOf(type) === 'registry'
      ? registryOf(attrs)
      : { kind: 'local', dest: folderOf(attrs, 'dest'), tag: tagOf(attrs), reset: attrs.flag('reset') ?? false };
  const oci = attrs.flag('oci-mediatypes') ?? true;
  const options = {
    place,
    mode: attrs.oneOf('mode', ['min', 'max']) ?? 'min',
    oci,
    imageManifest: attrs.flag('image-manifest') ?? oci,
    ignoreError: attrs.flag('ignore-error') ?? false,
    ...readCompression(attrs),
  };
  attrs.end();
  if (options.imageManifest && !oci) {
    throw wrong(
      'image-manifest',
      'image-manifest=true does not go with oci-mediatypes=false: there is no such manifest',
    );
  }
  return options;
}

/** Throws `Failed` with `cache-option` or `cache-type-unknown`. */
export function readImport({ type, attrs: given }: CacheEntry): ImportPlace {
  const attrs = new Attrs(`a cache import of type ${type}`, given, wrong);
  if (kindOf(type) === 'registry') {
    const place = registryOf(attrs);
    attrs.end();
    return place;
  }
  const digest = attrs.text('digest');
  const place = { kind: 'local', src: folderOf(attrs, 'src'), tag: tagOf(attrs) } as const;
  attrs.end();
  if (digest === undefined || digest === '') return place;
  if (!isDigest(digest)) throw wrong('digest', `digest=${digest} is no digest: write sha256: and 64 hex digits`);
  return { ...place, digest };
}

function kindOf(type: string): 'local' | 'registry' {
  if (type === 'local' || type === 'registry') return type;
  const message = `there is no cache of type ${JSON.stringify(type)}: use local or registry`;
  throw new Failed<RemoteCacheFailure>({ kind: 'cache-type-unknown', type, message });
}

function registryOf(attrs: Attrs): RegistryPlace {
  const ref = attrs.text('ref');
  if (!ref) throw wrong('ref', 'a cache of type registry needs ref=REGISTRY/REPOSITORY:TAG');
  try {
    const { tag, ...reference } = parseReference(ref);
    const tagged = tag === undefined && reference.digest === undefined ? 'latest' : tag;
    return {
      kind: 'registry',
      reference: { ...reference, ...(tagged !== undefined && { tag: tagged }) },
      insecure: attrs.flag('registry.insecure') ?? false,
    };
  } catch (error) {
    if (error instanceof TypeError) throw wrong('ref', error.message);
    throw error;
  }
}

function folderOf(attrs: Attrs, name: 'src' | 'dest'): string {
  const folder = attrs.text(name);
  if (!folder) throw wrong(name, `a cache of type local needs ${name}=FOLDER`);
  return resolve(folder);
}

function tagOf(attrs: Attrs): string {
  const tag = attrs.text('tag') ?? 'latest';
  if (tag === '') throw wrong('tag', 'tag= names no tag: leave it out for latest');
  return tag;
}

function wrong(option: string, message: string): Failed<RemoteCacheFailure> {
  return new Failed<RemoteCacheFailure>({ kind: 'cache-option', option, message });
}
