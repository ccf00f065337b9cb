// Caches in folders of this machine: OCI layouts that list a cache under a tag.

import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readDocument } from '../content/children.ts';
import { DiskStore } from '../content/disk.ts';
import { openLayout, refName, writeLayout, type Layout } from '../content/layout.ts';
import { pruneLayout } from '../content/prune-layout.ts';
import type { Provider } from '../content/store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { Failed, failedOf } from '../std/failed.ts';
import { lock } from '../std/lock.ts';
import type { RemoteCacheFailure } from './failure.ts';
import { linkRecords, type Origin } from './imported.ts';
import type { OpenedCache } from './joined-store.ts';
import type { ExportPlace, ImportPlace } from './options.ts';
import { type CachePackage, unpackCaches } from './package.ts';

/**
 * Writes a cache into its folder; one at a time does, here and in other processes. What is there already is taken for
 * good, unless the folder is known to be `damaged`.
 */
export async function writeLocalCache(
  { root, content, provider }: CachePackage,
  { dest, tag, reset }: ExportPlace & { kind: 'local' },
  { damaged, signal }: { readonly damaged: boolean; readonly signal: AbortSignal },
): Promise<void> {
  await mkdir(dest, { recursive: true });
  const held = await lock(join(dest, 'index.json.lock'), { signal });
  try {
    if (damaged) await removeSpoilt(new DiskStore(dest), content, { signal });
    const tagged = { ...root, annotations: { [refName]: tag } };
    await writeLayout(dest, { roots: [tagged], from: provider, signal });
    if (reset) await pruneLayout(dest);
  } finally {
    held.remove();
  }
}

/** Opens the cache in a folder. Fails if it is not there or none. */
export async function openLocalCache(
  wanted: LocalPlace,
  { name, lost }: Omit<Origin, 'provider'>,
  { patient, signal }: { readonly signal: AbortSignal; readonly patient: (provider: Provider) => Provider },
): Promise<OpenedCache> {
  const layout = await openLayout(wanted.src).catch((error: NodeJS.ErrnoException) => {
    throw error.code === 'ENOENT' ? none(`there is no ${wanted.src}`, error) : error;
  });
  try {
    const root = await rootOf(layout, wanted);
    const found = await unpackCaches(root, (document) => readDocument(document, layout, { signal }));
    const origin = { name, lost, provider: patient(layout) };
    const caches = found.map(({ config, blobs }) => linkRecords(config, blobs, origin));
    return { caches, [Symbol.asyncDispose]: () => layout[Symbol.asyncDispose]() };
  } catch (error) {
    await layout[Symbol.asyncDispose]();
    throw error;
  }
}

/** Removes those of these blobs that are not what their digest says, so that they are written anew. */
async function removeSpoilt(
  store: DiskStore,
  blobs: readonly Descriptor[],
  options: { readonly signal: AbortSignal },
): Promise<void> {
  for (const blob of blobs) {
    try {
      for await (const _ of store.open(blob, options)); // reading verifies
    } catch (error) {
      if (failedOf(error, 'content-mismatch')) await rm(store.path(blob.digest), { force: true });
      else if (!failedOf(error, 'content-missing')) throw error;
    }
  }
}

type LocalPlace = ImportPlace & { kind: 'local' };

async function rootOf(layout: Layout, { src, digest, tag }: LocalPlace): Promise<Descriptor> {
  const listed = await layout.find(digest === undefined ? { tag } : { digest });
  if (listed) return listed;
  // A cache that lost its tag to a newer one can still be had by its digest.
  const size = digest && (await layout.stat(digest));
  if (digest && size !== undefined) return { mediaType: mediaTypes.ociManifest, digest, size };
  throw none(digest ? `${src} holds no ${digest}` : `${src} holds no cache with the tag ${tag}`);
}

function none(message: string, cause?: unknown): Failed<RemoteCacheFailure> {
  return new Failed<RemoteCacheFailure>({ kind: 'cache-malformed', message }, { cause });
}
