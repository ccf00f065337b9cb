import { hasChildren } from '../content/children.ts';
import { openLayout } from '../content/layout.ts';
import type { Provider } from '../content/store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Account, Registries } from '../registry/registry.ts';
import { formatLocation, wrongSource, type Location } from './location.ts';

/** Whose credentials count, and at which registries. */
export interface Access {
  readonly registries: Registries;
  readonly account: Account;
}

/** An image where it is, and all that lies there with it. */
export interface Found extends Provider {
  readonly location: Location;
  /** What the location names. */
  readonly descriptor: Descriptor;
  /** What refers to a manifest that is there, and hangs in no index: signatures, attestations. */
  referrers(digest: Digest): Promise<readonly Descriptor[]>;
}

/** Finds what a location names. What is opened for it stays open with `scope`. */
export async function find(
  location: Location,
  { registries, account }: Access,
  { signal, scope }: { readonly signal: AbortSignal; readonly scope: AsyncDisposableStack },
): Promise<Found> {
  if (location.kind === 'layout') {
    const { path, tag, digest } = location;
    const layout = scope.use(await openLayout(path));
    const descriptor =
      tag === undefined && digest === undefined
        ? ((await layout.find({ tag: 'latest' })) ?? (await layout.find()))
        : await layout.find({ ...(tag !== undefined && { tag }), ...(digest && { digest }) });
    if (!descriptor) throw wrongSource(path, `reference ${formatLocation(location)} not found`);
    return { location, descriptor, open: (each, options) => layout.open(each, options), referrers: async () => [] };
  }
  const client = registries.as(account);
  const { domain, path } = location.reference;
  const image = await client.resolve(location.reference, { signal });
  return {
    location,
    descriptor: image.descriptor,
    async *open(descriptor, options) {
      // Registries keep manifests elsewhere than blobs.
      const { mediaType } = descriptor as Partial<Descriptor>;
      if (mediaType === undefined || !hasChildren(mediaType)) yield* image.blobs.open(descriptor, options);
      else yield await image.manifest(descriptor.digest, { signal: options?.signal ?? signal });
    },
    referrers: (digest) => client.referrers({ domain, path, digest }, { signal }),
  };
}
