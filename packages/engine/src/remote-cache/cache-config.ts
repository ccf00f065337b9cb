// BuildKit's cache config, version 0: layers as a forest over blobs, and records that lead to one another.

import { isDigest, type Digest } from '../oci/digest.ts';
import { Failed } from '../std/failed.ts';
import { goJson } from '../std/go-json.ts';
import type { RemoteCacheFailure } from './failure.ts';

export const cacheConfigType = 'application/vnd.buildkit.cacheconfig.v0';

export interface CacheConfig {
  readonly layers: readonly ConfigLayer[];
  readonly records: readonly ConfigRecord[];
}

export interface ConfigLayer {
  readonly blob: Digest;
  /** The layer below, as an index into the list of layers; undefined for the lowest. */
  readonly parent?: number;
  /** What a manifest says of a blob: there where the cache has no manifest. */
  readonly notes?: LayerNotes;
}

export interface LayerNotes {
  readonly mediaType: string;
  /** Digest of the uncompressed tar. */
  readonly diffId: Digest;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds since the epoch. */
  readonly createdAt?: number;
}

export interface ConfigRecord {
  readonly digest: Digest;
  /** For each input the ways to it; `link` is an index into the list of records. */
  readonly inputs: readonly (readonly { readonly selector?: Digest; readonly link: number }[])[];
  readonly results: readonly ConfigResult[];
}

export interface ConfigResult {
  /** Its layers, lowest first, as indexes into the list of layers. */
  readonly layers: readonly number[];
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

/** The bytes as BuildKit writes them. */
export function cacheConfigJson({ layers, records }: CacheConfig): Buffer {
  const written = {
    ...(layers.length > 0 && {
      // Go leaves out what is zero: no parent means the first layer.
      layers: layers.map(({ blob, parent = -1, notes }) => ({
        blob,
        ...(parent !== 0 && { parent }),
        ...(notes && { annotations: writtenNotes(notes) }),
      })),
    }),
    ...(records.length > 0 && { records: records.map((record) => writtenRecord(record, layers)) }),
  };
  return Buffer.from(goJson(written));
}

/** The records alone, as an image's config carries them; the layers are the image's. */
export function cacheRecordsJson({ layers, records }: CacheConfig): Buffer {
  return Buffer.from(goJson(records.map((record) => writtenRecord(record, layers))));
}

function writtenNotes({ mediaType, diffId, size, createdAt }: LayerNotes) {
  return { mediaType, diffID: diffId, size, createdAt: createdAt === undefined ? noTime : goTime(createdAt) };
}

/** Go's zero time. */
const noTime = '0001-01-01T00:00:00Z';

function writtenRecord({ digest, inputs, results }: ConfigRecord, forest: readonly ConfigLayer[]) {
  const stacks = results.filter(({ layers }) => isStack(layers, forest));
  const chains = results.filter((result) => !stacks.includes(result));
  return {
    // Of a stack the uppermost is named; the others are below it.
    ...(stacks.length > 0 && {
      layers: stacks.map(({ layers, createdAt }) => ({ layer: layers.at(-1)!, createdAt: goTime(createdAt) })),
    }),
    ...(chains.length > 0 && {
      chains: chains.map(({ layers, createdAt }) => ({ layers, createdAt: goTime(createdAt) })),
    }),
    digest,
    ...(inputs.length > 0 && {
      inputs: inputs.map((links) => links.map(({ selector, link }) => ({ ...(selector && { selector }), link }))),
    }),
  };
}

/** Whether each of these layers lies on the one before, and the first on none. */
function isStack(layers: readonly number[], forest: readonly ConfigLayer[]): boolean {
  return layers.every((layer, i) => forest[layer]!.parent === layers[i - 1]);
}

/** Milliseconds since the epoch as Go's JSON writes a time. */
export function goTime(at: number): string {
  return new Date(at).toISOString().replace(/\.?0+Z$/, 'Z');
}

/** Reads a cache config that came from elsewhere. Fails with `cache-malformed`. */
export function readCacheConfig(bytes: Uint8Array): CacheConfig {
  const { layers, records } = objectOf(parsed(bytes));
  const forest = listOf(layers).map((each): ConfigLayer => {
    const { blob, parent = 0, annotations } = objectOf(each);
    return {
      blob: digest(blob),
      ...(parent !== -1 && { parent: below(parent, listOf(layers).length) }),
      ...(annotations !== undefined && annotations !== null && { notes: notesOf(annotations) }),
    };
  });
  return { layers: forest, records: recordsIn(records, forest) };
}

/** Reads records that came in an image's config; `layers` are the image's. Fails with `cache-malformed`. */
export function readCacheRecords(bytes: Uint8Array, layers: readonly ConfigLayer[]): CacheConfig {
  return { layers, records: recordsIn(parsed(bytes), layers) };
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch (error) {
    throw malformed('it is not JSON', error);
  }
}

function recordsIn(records: unknown, forest: readonly ConfigLayer[]): readonly ConfigRecord[] {
  const { length } = listOf(records);
  return listOf(records).map((each) => {
    const record = objectOf(each);
    return {
      digest: digest(record['digest']),
      inputs: listOf(record['inputs']).map((links) => {
        if (listOf(links).length === 0) throw malformed('an input of a record has no links');
        return listOf(links).map((link) => {
          const { selector, link: to } = objectOf(link);
          return { ...(selector !== undefined && { selector: digest(selector) }), link: below(to, length) };
        });
      }),
      results: [
        ...listOf(record['layers']).map((result) => {
          const { layer, createdAt } = objectOf(result);
          return { layers: downFrom(below(layer, forest.length), forest), createdAt: time(createdAt) };
        }),
        ...listOf(record['chains']).map((result) => {
          const { layers: chain, createdAt } = objectOf(result);
          return { layers: listOf(chain).map((i) => below(i, forest.length)), createdAt: time(createdAt) };
        }),
      ],
    };
  });
}

function notesOf(value: unknown): LayerNotes {
  const { mediaType, diffID, size, createdAt } = objectOf(value);
  if (typeof mediaType !== 'string') throw malformed('a layer has no media type');
  if (!Number.isSafeInteger(size) || (size as number) < 0) throw malformed('a layer has no size');
  const at = time(createdAt);
  return { mediaType, diffId: digest(diffID), size: size as number, ...(at > 0 && { createdAt: at }) };
}

/** The layers below one and that one itself, lowest first. */
export function downFrom(top: number, forest: readonly ConfigLayer[]): readonly number[] {
  const chain: number[] = [];
  for (let at: number | undefined = top; at !== undefined; at = forest[at]!.parent) {
    if (chain.length === forest.length) throw malformed('its layers go round in a circle');
    chain.unshift(at);
  }
  return chain;
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw malformed('something in it should be an object and is not');
}

function listOf(value: unknown): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value;
  throw malformed('something in it should be a list and is not');
}

function digest(value: unknown): Digest {
  if (typeof value === 'string' && isDigest(value)) return value;
  throw malformed('something in it should be a digest and is not');
}

function below(value: unknown, length: number): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) < length) return value as number;
  throw malformed('one of its links leads nowhere');
}

function time(value: unknown): number {
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? 0 : at;
}

function malformed(why: string, cause?: unknown): Failed<RemoteCacheFailure> {
  return new Failed<RemoteCacheFailure>(
    { kind: 'cache-malformed', message: `the cache config is malformed: ${why}` },
    { cause },
  );
}
