import { resolve } from 'node:path';
import type { CacheEntry } from '../engine.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import { readCompression, type CompressionOptions } from '../oci/compression.ts';
import { Attrs } from '../std/attrs.ts';
import { Failed } from '../std/failed.ts';
import type { RemoteCacheFailure } from './failure.ts';

/** How a cache is written, wherever it goes. */
export interface ExportOptions extends CompressionOptions {
  /** `min`: results of what was asked for, and of what leads there as far as nothing has to be packed; `max`: all. */
  readonly mode: 'min' | 'max';
  readonly oci: boolean;
  /** As an image manifest, else as an index of blobs. */
  readonly imageManifest: boolean;
  /** A failure is told as a warning. */
  readonly ignoreError: boolean;
}

/** `type=local` of `--cache-to`. */
export interface LocalExport extends ExportOptions {
  readonly dest: string;
  readonly tag: string;
  /** Remove what the folder's index.json does not lead to. */
  readonly reset: boolean;
}

/** `type=local` of `--cache-from`. */
export interface LocalImport {
  readonly src: string;
  /** Takes precedence over the tag. */
  readonly digest?: Digest;
  readonly tag: string;
}

/** Throws `Failed` with `cache-option` or `cache-type-unknown`. */
export function readExport({ type, attrs: given }: CacheEntry): LocalExport {
  refuseOthers(type);
  const attrs = new Attrs('a cache export of type local', given, wrong);
  const oci = attrs.flag('oci-mediatypes') ?? true;
  const options = {
    dest: folderOf(attrs, 'dest'),
    tag: tagOf(attrs),
    mode: attrs.oneOf('mode', ['min', 'max']) ?? 'min',
    oci,
    imageManifest: attrs.flag('image-manifest') ?? oci,
    ignoreError: attrs.flag('ignore-error') ?? false,
    reset: attrs.flag('reset') ?? false,
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
export function readImport({ type, attrs: given }: CacheEntry): LocalImport {
  refuseOthers(type);
  const attrs = new Attrs('a cache import of type local', given, wrong);
  const digest = attrs.text('digest');
  const options = { src: folderOf(attrs, 'src'), tag: tagOf(attrs) };
  attrs.end();
  if (digest === undefined || digest === '') return options;
  if (!isDigest(digest)) throw wrong('digest', `digest=${digest} is no digest: write sha256: and 64 hex digits`);
  return { ...options, digest };
}

function refuseOthers(type: string): void {
  if (type === 'local') return;
  const message = `there is no cache of type ${JSON.stringify(type)}: use local; builds on one machine share one cache folder without any`;
  throw new Failed<RemoteCacheFailure>({ kind: 'cache-type-unknown', type, message });
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
