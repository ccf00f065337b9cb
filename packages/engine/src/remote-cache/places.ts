// Every kind of place that caches lie in: each is loaded when there is one to be read or written.

import type { Provider } from '../content/store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { normalised } from '../oci/reference.ts';
import type { Account, Registries } from '../registry/registry.ts';
import type { CollectedCache } from './collect-records.ts';
import type { Origin } from './imported.ts';
import type { OpenedCache } from './joined-store.ts';
import type { ExportPlace, ImportOptions, ImportPlace } from './options.ts';
import { packCache } from './package.ts';
import { patientProvider, toldProvider, withPatience } from './patience.ts';

/** What places are reached with. */
export interface Access {
  readonly registries: () => Promise<Registries>;
  readonly account: Account;
  readonly signal: AbortSignal;
}

/** Opens a cache. Fails if it is not there, or none, or doesn't answer in time. */
export async function openPlace(
  { place, timeout }: ImportOptions,
  lost: Origin['lost'],
  { registries, account, signal: outer }: Access,
): Promise<OpenedCache> {
  const name = nameOf(place);
  const origin = { name, lost };
  const patient = (provider: Provider) => patientProvider(provider, { name, timeout });
  return withPatience({ name, timeout }, outer, async ({ signal }): Promise<OpenedCache> => {
    switch (place.kind) {
      case 'local': {
        const { openLocalCache } = await import('./local.ts');
        return openLocalCache(place, origin, { patient, signal });
      }
      case 'registry': {
        const { openRegistryCache } = await import('./registry.ts');
        return openRegistryCache(place, origin, { patient, signal, registries: await registries(), account });
      }
      case 's3': {
        const { openS3Cache } = await import('./s3.ts');
        return openS3Cache(place, origin, { patient, signal });
      }
      case 'gha': {
        const { openGhaCache } = await import('./gha.ts');
        return openGhaCache(place, origin, { patient, signal, transport: (await registries()).transport });
      }
    }
  });
}

/** Writes a cache; what is there is not written again. Gives the descriptor of its manifest where it has one. */
export async function writePlace(
  collected: CollectedCache,
  { place, timeout }: { readonly place: ExportPlace; readonly timeout: number },
  { registries, account, damaged, signal: outer }: Access & { readonly damaged: ReadonlySet<string> },
): Promise<Descriptor | undefined> {
  const name = nameOf(place);
  return withPatience({ name, timeout }, outer, async ({ signal, alive }) => {
    const blobs = collected.blobs.map((blob) => ({ ...blob, provider: toldProvider(blob.provider, alive) }));
    const cache = { ...collected, blobs };
    switch (place.kind) {
      case 'local': {
        const { writeLocalCache } = await import('./local.ts');
        const packed = packCache(cache, place);
        await writeLocalCache(packed, place, { damaged: damaged.has(name), signal });
        return packed.root;
      }
      case 'registry': {
        const { pushCache } = await import('./registry.ts');
        const packed = packCache(cache, place);
        await pushCache(packed, place, { registries: await registries(), account, signal });
        return packed.root;
      }
      case 's3': {
        const { writeS3Cache } = await import('./s3.ts');
        await writeS3Cache(cache, place, { signal });
        return undefined;
      }
      case 'gha': {
        const { writeGhaCache } = await import('./gha.ts');
        await writeGhaCache(cache, place, { transport: (await registries()).transport, signal });
        return undefined;
      }
    }
  });
}

/** A place as people know it. */
export function nameOf(place: ImportPlace | ExportPlace): string {
  switch (place.kind) {
    case 'local':
      return 'src' in place ? place.src : place.dest;
    case 'registry':
      return normalised(place.reference);
    case 's3':
      return `s3://${place.bucket}/${place.manifests}${place.names[0]!}`;
    case 'gha':
      return `GitHub Actions, scope ${place.scope}`;
  }
}
