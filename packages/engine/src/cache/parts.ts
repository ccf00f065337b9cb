import type { DiskStore } from '../content/disk.ts';
import type { Provider } from '../content/store.ts';
import type { Index } from '../index/index.ts';
import type { Pool } from '../pool/pool.ts';
import type { Snapshotter } from '../snapshot/snapshotter.ts';
import type { Flight } from '../std/flight.ts';
import type { Claims } from './claim.ts';
import type { CacheFolder } from './folder.ts';
import type { OwnLease } from './lease.ts';
import type { LayerKey, LayerSource, Records } from './records.ts';
import type { Touches } from './touches.ts';

/** What an open cache is made of; each file of this room takes the parts it needs. */
export interface Parts {
  readonly folder: CacheFolder;
  readonly index: Index;
  readonly records: Records;
  readonly content: DiskStore;
  readonly lease: OwnLease;
  readonly claims: Claims;
  readonly pool: Pool;
  /** Opened by the first who needs a tree. */
  readonly snapshotter: () => Promise<Snapshotter>;
  /** Where images' layers can be had, as far as this process was told. */
  readonly elsewhere: Map<LayerKey, LayerSource & { readonly provider: Provider }>;
  readonly touches: Touches;
  /** Layers that are being unpacked, and blobs that are being made. */
  readonly unpacking: Flight<void>;
  readonly packing: Flight<void>;
}
