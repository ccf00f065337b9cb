// What the index knows of refs and layers. A ref is a list of layers, lowest first, and named by that list: the same
// layers are the same ref, whoever puts them together.

import { hash } from 'node:crypto';
import type { Index, Table } from '../index/index.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import type { Compression } from '../oci/media-type.ts';
import type { LayerId } from '../snapshot/snapshotter.ts';
import type { RecordType, RefId } from './ref.ts';

/** Names a layer: an image's by the chain ID of its layers up to it, one that was made here by its snapshot's id. */
export type LayerKey = string & { readonly __layerKey?: never };

/** What is known of a ref. Times in milliseconds since the epoch. */
export interface RefRecord {
  readonly layers: readonly LayerKey[];
  readonly description: string;
  readonly type: RecordType;
  readonly createdAt: number;
  readonly parents: readonly RefId[];
  /** Some of its layers may be elsewhere still. */
  readonly lazy?: true;
  /** Somebody is removing it: for all others it is gone. */
  readonly going?: true;
  /** What its maker wrote down with it. */
  readonly note?: object;
}

/** How a ref was used since it was made; apart from the rest because it changes often. */
export interface UseRecord {
  /** Milliseconds since the epoch. */
  readonly lastAt: number;
  readonly count: number;
}

/** What is known of a layer. */
export interface LayerRecord {
  /** Its folder; undefined for an image's layer that nobody needed yet. */
  readonly snapshot?: LayerId;
  /** The layers that it was made on, lowest first. */
  readonly below: readonly LayerKey[];
  /** The blob it came as, for an image's layer. */
  readonly blob?: LayerSource;
  /** Bytes on disk, once somebody asked. */
  readonly size?: number;
}

export interface LayerSource {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
  /** Unix seconds. */
  readonly createdAt?: number;
}

/** A blob that was made of a layer. */
export interface BlobRecord {
  readonly descriptor: Descriptor;
  readonly diffId: Digest;
}

/** How a layer's blob was made. */
export interface BlobVariant {
  readonly compression: Compression;
  readonly level?: number;
  readonly epoch?: number;
}

export interface Records {
  readonly refs: Table<RefRecord>;
  readonly uses: Table<UseRecord>;
  readonly layers: Table<LayerRecord>;
  /** By `blobKey`. */
  readonly blobs: Table<BlobRecord>;
}

export function openRecords(index: Index): Records {
  return {
    refs: index.table('refs'),
    uses: index.table('uses'),
    layers: index.table('layers'),
    blobs: index.table('blobs'),
  };
}

/** The empty tree's id. */
export const scratchId: RefId = 'scratch';

export function refIdOf(layers: readonly LayerKey[]): RefId {
  if (layers.length === 0) return scratchId;
  return BigInt(`0x${hash('sha256', layers.join('\n'), 'hex').slice(0, 32)}`)
    .toString(36)
    .padStart(25, '0');
}

/** Begins with the layer's key and a bar, so that a layer's blobs are found by that prefix. */
export function blobKey(layer: LayerKey, { compression, level, epoch }: BlobVariant): string {
  return `${layer}|${compression}|${level ?? ''}|${epoch ?? ''}`;
}

/**
 * The key of a layer as it is put on trees that it was not made on (MergeOp, DiffOp): the same changes, and the same
 * blob, but a folder that says nothing about what was below it.
 */
export function freed(layer: LayerKey): LayerKey {
  return layer.startsWith('+') ? layer : `+${layer}`;
}

/** The layer whose changes these are. */
export function original(layer: LayerKey): LayerKey {
  return layer.startsWith('+') ? layer.slice(1) : layer;
}

/** The snapshot of a layer that was made here, and not unpacked or freed from another: its key says it. */
export function madeHere(layer: LayerKey): LayerId | undefined {
  return layer.startsWith('+') || layer.includes(':') ? undefined : layer;
}
