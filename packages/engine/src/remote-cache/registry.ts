// Caches in registries, under a tag like images.

import { hasChildren, readDocument } from '../content/children.ts';
import type { Provider } from '../content/store.ts';
import type { Account, Registries } from '../registry/registry.ts';
import { linkRecords, type Origin } from './imported.ts';
import type { OpenedCache } from './joined-store.ts';
import type { RegistryPlace } from './options.ts';
import { type CachePackage, unpackCaches } from './package.ts';

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

/** Opens the cache that a reference names, or the ones in the images that it names. Fails if there is none. */
export async function openRegistryCache(
  place: RegistryPlace,
  { name, lost }: Omit<Origin, 'provider'>,
  {
    signal,
    patient,
    ...access
  }: RegistryAccess & {
    readonly signal: AbortSignal;
    readonly patient: (provider: Provider) => Provider;
  },
): Promise<OpenedCache> {
  const { descriptor, manifest, blobs } = await clientOf(place, access).resolve(place.reference, { signal });
  const found = await unpackCaches(descriptor, (document) =>
    hasChildren(document.mediaType) ? manifest(document.digest, { signal }) : readDocument(document, blobs, { signal }),
  );
  const origin = { name, lost, provider: patient(blobs) };
  const caches = found.map(({ config, blobs: layers }) => linkRecords(config, layers, origin));
  return { caches, [Symbol.asyncDispose]: async () => {} };
}

function clientOf({ reference, insecure }: RegistryPlace, { registries, account }: RegistryAccess) {
  return registries.as(account, insecure ? { insecure: [reference.domain] } : undefined);
}
