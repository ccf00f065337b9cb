// Caches in S3 buckets, as BuildKit lays them out: blobs under their digests, configs under names.

import { maxDocumentSize } from '../content/children.ts';
import type { Provider } from '../content/store.ts';
import { verified } from '../content/verify.ts';
import type { Digest } from '../oci/digest.ts';
import { collect } from '../std/collect.ts';
import { Failed } from '../std/failed.ts';
import { Semaphore } from '../std/semaphore.ts';
import type { CollectedCache } from './collect-records.ts';
import { describedConfigJson, describedRecords } from './described.ts';
import type { RemoteCacheFailure } from './failure.ts';
import type { Origin } from './imported.ts';
import type { OpenedCache } from './joined-store.ts';
import { largestTouch, S3Bucket } from './s3-bucket.ts';
import type { S3Place, S3Upload } from './s3-options.ts';

/** Writes a cache: blobs that are not there, and then its config under each name. */
export async function writeS3Cache(
  cache: CollectedCache,
  { upload, ...place }: S3Place & { readonly upload: S3Upload },
  { signal }: { readonly signal: AbortSignal },
): Promise<void> {
  using bucket = new S3Bucket(place);
  const places = new Semaphore(upload.parallel);
  const failed = new AbortController();
  const stop = AbortSignal.any([signal, failed.signal]);
  await Promise.all(
    cache.blobs.map(async ({ descriptor, provider }) => {
      using _place = await places.acquire({ signal: stop });
      const key = blobKey(place, descriptor.digest);
      const there = await bucket.head(key, { signal: stop });
      const { size } = descriptor;
      // A blob of another size was not written to its end.
      const whole = there?.size === size;
      if (whole && Date.now() - there.modifiedAt <= upload.touchAfter) return;
      if (whole && size <= largestTouch) await bucket.touch(key, { signal: stop });
      else await bucket.put(key, provider.open(descriptor, { signal: stop }), { size, signal: stop });
    }),
  ).catch((error: unknown) => {
    failed.abort(error);
    throw error;
  });
  const config = describedConfigJson(cache);
  for (const name of place.names) {
    await bucket.put(`${place.manifests}${name}`, once(config), { size: config.length, signal });
  }
}

/** Opens the cache under a bucket's first name. Fails if it is not there or none. */
export async function openS3Cache(
  place: S3Place,
  { name, lost }: Omit<Origin, 'provider'>,
  { signal, patient }: { readonly signal: AbortSignal; readonly patient: (provider: Provider) => Provider },
): Promise<OpenedCache> {
  const bucket = new S3Bucket(place);
  try {
    const bytes = bucket.get(`${place.manifests}${place.names[0]!}`, { signal });
    const config = await collect(bytes, maxDocumentSize);
    const provider: Provider = {
      open: ({ digest, size }, options) =>
        verified(bucket.get(blobKey(place, digest), { ...options }), { digest, size }),
    };
    const records = describedRecords(config, { name, lost, provider: patient(provider) });
    return { caches: [records], [Symbol.asyncDispose]: async () => bucket[Symbol.dispose]() };
  } catch (error) {
    bucket[Symbol.dispose]();
    if (!(error instanceof RangeError)) throw error;
    const message = `its config is too large: ${error.message}`;
    throw new Failed<RemoteCacheFailure>({ kind: 'cache-malformed', message }, { cause: error });
  }
}

function blobKey({ blobs }: S3Place, digest: Digest): string {
  return `${blobs}${digest}`;
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
