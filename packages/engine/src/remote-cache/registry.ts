// Caches in registries, under a tag like images.
import type { Provider } from '../content/store.ts';
import { normalised } from '../oci/reference.ts';
import type { Account, Registries } from '../registry/registry.ts';
import { linkRecords, type Origin } from './imported.ts';
import type { OpenedCache } from './joined-store.ts';
import type { RegistryPlace } from './options.ts';
import { type CachePackage, unpackCache } from './package.ts';

/** Whose credentials count, and at which registries. */
export interface RegistryAccess {
  readonly registries: Registries;
  readonly account: Account;
}

/** Pushes a cache; what the repository has is not sent again. */
export async function pushCache(
  { root, content, provider }: CachePackage,
  place: RegistryPlace,
  { signal, ...access }: RegistryAccess & { readonly signal: AbortSignal },
): Promise<void> {
  const children = async ({ digest }: { readonly digest: string }) => (digest === root.digest ? content : []);
  await clientOf(place, access).push(place.reference, { root, children, provider, signal });
}

/** Opens the cache that a reference names. Fails if it is not there or none. */
export async function openRegistryCache(
  place: RegistryPlace,
  lost: Origin['lost'],
  { signal, ...access }: RegistryAccess & { readonly signal: AbortSignal },
): Promise<OpenedCache> {
  const { descriptor, manifest, blobs } = await clientOf(place, access).resolve(place.reference, { signal });
  const provider: Provider = {
    async *open(wanted, options) {
      if (wanted.digest === descriptor.digest) yield await manifest(wanted.digest, { signal });
      else yield* blobs.open(wanted, options);
    },
  };
  const cache = await unpackCache(descriptor, provider, { signal });
  const records = linkRecords(cache.config, cache.blobs, { name: normalised(place.reference), provider, lost });
  return { records, [Symbol.asyncDispose]: async () => {} };
}

function clientOf({ reference, insecure }: RegistryPlace, { registries, account }: RegistryAccess) {
  return registries.as(account, insecure ? { insecure: [reference.domain] } : undefined);
}
