// OCI image layouts: a folder, or the tar of one, with blobs by digest and an index.json that names the roots.

import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, encoded } from '../oci/digest.ts';
import type { Index } from '../oci/manifest.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { readManifest } from '../oci/read-manifest.ts';
import { collect } from '../std/collect.ts';
import { Failed } from '../std/failed.ts';
import { uniqueName } from '../std/temp.ts';
import { childrenIn, hasChildren, maxDocumentSize, readDocument } from './children.ts';
import { copy } from './copy.ts';
import { DiskStore } from './disk.ts';
import type { ContentFailure } from './failure.ts';
import { openArchive } from './layout-archive.ts';
import type { Provider } from './store.ts';
import { algorithmOf, mismatch, missing, verified } from './verify.ts';

/** A layout to read from. */
export interface Layout extends Provider, AsyncDisposable {
  /** What index.json lists. */
  readonly roots: readonly Descriptor[];
  /** The content's size in bytes, or undefined if the layout lacks it. */
  stat(digest: Digest): Promise<number | undefined>;
  /**
   * The root of this tag (its `org.opencontainers.image.ref.name`) or with this digest, which may also be any manifest
   * that the layout holds. Without either, the only root there is. Undefined if there is none.
   */
  find(name?: { readonly tag?: string; readonly digest?: Digest }): Promise<Descriptor | undefined>;
}

export const refName = 'org.opencontainers.image.ref.name';
const layoutVersion = '1.0.0';

/** Opens the layout in a folder or in a tar file. Fails with `content-malformed` if it is none. */
export async function openLayout(path: string): Promise<Layout> {
  const files = (await stat(path)).isDirectory() ? folderOf(path) : await openArchive(path);
  try {
    const roots = await readRoots(files, path);
    return layoutOf(files, roots);
  } catch (error) {
    await files[Symbol.asyncDispose]();
    throw error;
  }
}

/** The files of a layout, wherever they lie. */
export interface LayoutFiles extends AsyncDisposable {
  size(name: string): Promise<number | undefined>;
  open(name: string, options?: { readonly signal?: AbortSignal }): AsyncIterable<Uint8Array>;
}

async function readRoots(files: LayoutFiles, path: string): Promise<readonly Descriptor[]> {
  const malformed = (why: string, cause?: unknown) =>
    new Failed<ContentFailure>(
      { kind: 'content-malformed', message: `${path} is not an OCI image layout: ${why}` },
      { cause },
    );
  const read = async (name: string) => {
    if ((await files.size(name)) === undefined) throw malformed(`it has no ${name}`);
    return collect(files.open(name), maxDocumentSize);
  };
  try {
    const marker: unknown = JSON.parse(Buffer.from(await read('oci-layout')).toString());
    const version = (marker as { imageLayoutVersion?: unknown } | null)?.imageLayoutVersion;
    if (typeof version !== 'string' || !version.startsWith('1.')) throw malformed('its version is unknown');
    return rootsOf(await read('index.json'));
  } catch (error) {
    if (error instanceof SyntaxError) throw malformed('oci-layout is not JSON', error);
    if (error instanceof TypeError || error instanceof RangeError)
      throw malformed(`index.json: ${error.message}`, error);
    throw error;
  }
}

function rootsOf(bytes: Uint8Array): readonly Descriptor[] {
  const read = readManifest(bytes);
  if (read.kind !== 'index') throw new TypeError('it is no index');
  return read.index.manifests;
}

function layoutOf(files: LayoutFiles, roots: readonly Descriptor[]): Layout {
  const name = (digest: Digest) => `blobs/${algorithmOf(digest)}/${encoded(digest)}`;
  const layout: Layout = {
    roots,
    stat: (digest) => files.size(name(digest)),
    async *open({ digest, size }, options) {
      const actual = await files.size(name(digest));
      if (actual === undefined) throw missing(digest);
      if (actual !== size) throw mismatch(`${size} bytes`, `${actual} bytes`);
      try {
        yield* verified(files.open(name(digest), options), { digest, size });
      } catch (error) {
        options?.signal?.throwIfAborted();
        throw error;
      }
    },
    find: async ({ tag, digest } = {}) => {
      const named = tag === undefined ? roots : roots.filter(({ annotations }) => annotations?.[refName] === tag);
      if (digest === undefined) return named.length === 1 || tag !== undefined ? named.at(-1) : undefined;
      return roots.find((root) => root.digest === digest) ?? (await below(layout, roots, digest));
    },
    [Symbol.asyncDispose]: () => files[Symbol.asyncDispose](),
  };
  return layout;
}

/** The descriptor of this digest among what the roots lead to and the layout holds. */
async function below(layout: Layout, roots: readonly Descriptor[], digest: Digest): Promise<Descriptor | undefined> {
  for (const root of roots) {
    if (!hasChildren(root.mediaType) || (await layout.stat(root.digest)) === undefined) continue;
    const next = childrenIn(root, await readDocument(root, layout));
    const found = next.find((child) => child.digest === digest) ?? (await below(layout, next, digest));
    if (found) return found;
  }
  return undefined;
}

function folderOf(folder: string): LayoutFiles {
  return {
    size: async (name) => {
      try {
        const file = await stat(join(folder, name));
        return file.isFile() ? file.size : undefined;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    open: (name, options = {}) => createReadStream(join(folder, name), { highWaterMark: 256 * 1024, ...options }),
    [Symbol.asyncDispose]: async () => {},
  };
}

/**
 * Copies graphs of content into the layout in `folder` (made when it is not there) and lists their roots in its
 * index.json. A root takes the place of the one that had its tag (`org.opencontainers.image.ref.name`) or its digest.
 */
export async function writeLayout(
  folder: string,
  {
    roots,
    from,
    signal,
  }: { readonly roots: readonly Descriptor[]; readonly from: Provider; readonly signal?: AbortSignal },
): Promise<void> {
  await mkdir(folder, { recursive: true });
  const store = new DiskStore(folder, { access: 'public' });
  for (const root of roots) await copy(from, store, { root, ...(signal && { signal }) });
  await rm(join(folder, 'ingest'), { recursive: true, force: true });
  await replace(join(folder, 'oci-layout'), layoutMarker());
  const path = join(folder, 'index.json');
  const kept = await rootsIn(path);
  const same = (a: Descriptor, b: Descriptor) => {
    const [x, y] = [a.annotations?.[refName], b.annotations?.[refName]];
    return x === undefined || y === undefined ? a.digest === b.digest && x === y : x === y;
  };
  await replace(path, layoutIndex([...kept.filter((old) => !roots.some((root) => same(root, old))), ...roots]));
}

/** The text of `oci-layout`. */
export function layoutMarker(): string {
  return JSON.stringify({ imageLayoutVersion: layoutVersion });
}

/** The text of `index.json`. */
export function layoutIndex(roots: readonly Descriptor[]): string {
  const index: Index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: roots };
  return JSON.stringify(index);
}

async function rootsIn(path: string): Promise<readonly Descriptor[]> {
  try {
    return rootsOf(await readFile(path));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    if (!(error instanceof TypeError)) throw error;
    const message = `${path} is not the index of an OCI image layout: ${error.message}`;
    throw new Failed<ContentFailure>({ kind: 'content-malformed', message }, { cause: error });
  }
}

async function replace(path: string, text: string): Promise<void> {
  const temporary = `${path}.${uniqueName()}`;
  await writeFile(temporary, text);
  const file = await open(temporary, 'r');
  await file.datasync();
  await file.close();
  await rename(temporary, path);
}
