import { resolve } from 'node:path';
import type { CacheEntry } from '../engine.ts';
import { readCompression, type CompressionOptions } from '../oci/compression.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import { parseReference, type Reference } from '../oci/reference.ts';
import { Attrs } from '../std/attrs.ts';
import { Failed } from '../std/failed.ts';
import type { RemoteCacheFailure } from './failure.ts';
import { type GhaPlace, type GhaRepository, readGha, readGhaRepository } from './gha-options.ts';
import { readS3, readS3Upload, type S3Place, type S3Upload } from './s3-options.ts';

/** How a cache is written, and where to. */
export interface ExportOptions extends CompressionOptions {
  readonly place: ExportPlace;
  /** `min`: results of what was asked for, and of what leads there as far as nothing has to be packed; `max`: all. */
  readonly mode: 'min' | 'max';
  /** A failure is told as a warning. */
  readonly ignoreError: boolean;
  /** Milliseconds without a sign of life after which it is given up. */
  readonly timeout: number;
}

/** What a cache is read from. */
export interface ImportOptions {
  readonly place: ImportPlace;
  /** Milliseconds after which a cache that is not open, or a layer that stands still, is given up. */
  readonly timeout: number;
}

/** A folder in the form of an OCI layout, a repository's tag, a bucket, or what GitHub Actions keeps. */
export type ExportPlace =
  | (Form & {
      readonly kind: 'local';
      readonly dest: string;
      readonly tag: string;
      /** Remove what the folder's index.json does not lead to. */
      readonly reset: boolean;
    })
  | (Form & RegistryPlace)
  | (S3Place & { readonly upload: S3Upload })
  | (GhaPlace & { readonly github?: GhaRepository });

export type ImportPlace =
  /** A digest takes precedence over the tag. */
  | { readonly kind: 'local'; readonly src: string; readonly digest?: Digest; readonly tag: string }
  | RegistryPlace
  | S3Place
  | GhaPlace;

export interface RegistryPlace {
  readonly kind: 'registry';
  readonly reference: Reference;
  /** Plain HTTP, or TLS that nobody vouches for. */
  readonly insecure: boolean;
}

/** How a cache is written down where it has a manifest. */
export interface Form {
  readonly oci: boolean;
  /** As an image manifest, else as an index of blobs. */
  readonly imageManifest: boolean;
}

/** An export into the config of the image itself. */
export interface InlineOptions {
  readonly ignoreError: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Throws `Failed` with `cache-option` or `cache-type-unknown`. */
export function readExport({ type, attrs: given }: CacheEntry, env: Environment): ExportOptions {
  const attrs = new Attrs(`a cache export of type ${type}`, given, wrong);
  const place = exportPlace(type, attrs, env);
  const options = {
    place,
    mode: attrs.oneOf('mode', ['min', 'max']) ?? 'min',
    ...readPatience(attrs, 10 * minute),
    ignoreError: attrs.flag('ignore-error') ?? true,
    ...readCompression(attrs),
  };
  attrs.end();
  return options;
}

/** Throws `Failed` with `cache-option`. */
export function readInline({ attrs: given }: CacheEntry): InlineOptions {
  const attrs = new Attrs('a cache export of type inline', given, wrong);
  if (attrs.oneOf('mode', ['min', 'max']) === 'max') {
    throw wrong(
      'mode',
      'a cache in an image has mode=min only: it has no other layers. Use type=registry for mode=max',
    );
  }
  const options = { ignoreError: attrs.flag('ignore-error') ?? true };
  attrs.end();
  return options;
}

/** Throws `Failed` with `cache-option` or `cache-type-unknown`. */
export function readImport({ type, attrs: given }: CacheEntry, env: Environment): ImportOptions {
  const attrs = new Attrs(`a cache import of type ${type}`, given, wrong);
  const options = { place: importPlace(type, attrs, env), ...readPatience(attrs, minute) };
  attrs.end();
  return options;
}

const minute = 60_000;

function readPatience(attrs: Attrs, otherwise: number): { readonly timeout: number } {
  const timeout = attrs.duration('timeout') ?? otherwise;
  if (timeout > 0) return { timeout };
  throw wrong('timeout', 'timeout= should be longer than nothing');
}

function exportPlace(type: string, attrs: Attrs, env: Environment): ExportPlace {
  switch (type) {
    case 'local':
      return {
        kind: type,
        dest: folderOf(attrs, 'dest'),
        tag: tagOf(attrs),
        reset: attrs.flag('reset') ?? false,
        ...formOf(attrs),
      };
    case 'registry':
      return { ...registryOf(attrs), ...formOf(attrs) };
    case 's3':
      return { ...readS3(attrs, env), upload: readS3Upload(attrs) };
    case 'gha': {
      const github = readGhaRepository(attrs, env);
      return { ...readGha(attrs, env), ...(github && { github }) };
    }
    default:
      throw unknown(type, 'local, registry, inline, s3 or gha');
  }
}

function importPlace(type: string, attrs: Attrs, env: Environment): ImportPlace {
  switch (type) {
    case 'local': {
      const digest = attrs.text('digest') || undefined;
      if (digest !== undefined && !isDigest(digest)) {
        throw wrong('digest', `digest=${digest} is no digest: write sha256: and 64 hex digits`);
      }
      return { kind: type, src: folderOf(attrs, 'src'), tag: tagOf(attrs), ...(digest && { digest }) };
    }
    case 'registry':
      return registryOf(attrs);
    case 's3':
      return readS3(attrs, env);
    case 'gha':
      return readGha(attrs, env);
    case 'inline':
      throw unknown(type, 'type=registry,ref=IMAGE, which finds the cache in an image', 'import');
    default:
      throw unknown(type, 'local, registry, s3 or gha');
  }
}

function unknown(type: string, instead: string, what = 'cache'): Failed<RemoteCacheFailure> {
  const message = `there is no ${what} of type ${JSON.stringify(type)}: use ${instead}`;
  return new Failed<RemoteCacheFailure>({ kind: 'cache-type-unknown', type, message });
}

function formOf(attrs: Attrs): Form {
  const oci = attrs.flag('oci-mediatypes') ?? true;
  const imageManifest = attrs.flag('image-manifest') ?? oci;
  if (!imageManifest || oci) return { oci, imageManifest };
  throw wrong('image-manifest', 'image-manifest=true does not go with oci-mediatypes=false: there is no such manifest');
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
