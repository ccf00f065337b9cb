import { isDeepStrictEqual } from 'node:util';
import type { History } from '../oci/image-config.ts';
import { rfc3339 } from './epoch.ts';

export interface HistoryOptions {
  /** One for each layer of the image, lowest first: what made it. */
  readonly layers: readonly { readonly description?: string }[];
  /** Of the base image; its entries keep their times. */
  readonly base?: readonly History[];
  /** No entry above the base is later, Unix seconds. */
  readonly epoch?: number;
  /** The time of entries that have none, Unix seconds. */
  readonly time: number;
}

/**
 * An image's history brought in line with its layers, as BuildKit does (SNAP-014): entries beyond the layers there are
 * become empty ones, layers beyond the entries get one each, and all have a time.
 */
export function completeHistory(history: readonly History[], options: HistoryOptions): readonly History[] {
  const { layers, base = [], epoch, time } = options;
  let used = 0;
  const entries = history.map((entry) => {
    if (entry.empty_layer) return entry;
    return used++ < layers.length ? entry : { ...entry, empty_layer: true };
  });
  const missing = layers.slice(used).map(({ description }): History => ({
    created_by: description ?? 'created by buildkit',
    comment: 'buildkit.exporter.image.v0',
  }));
  let inBase = true;
  return [...entries, ...missing].map((entry, i) => {
    inBase &&= i < base.length && isDeepStrictEqual(entry, base[i]);
    const created = entry.created ?? rfc3339(time);
    const late = !inBase && epoch !== undefined && !(Date.parse(created) <= epoch * 1000);
    return ordered({ ...entry, created: late ? rfc3339(epoch) : created });
  });
}

/** In the order of OCI's Go types. */
function ordered({ created, created_by, author, comment, empty_layer }: History): History {
  return {
    ...(created !== undefined && { created }),
    ...(created_by && { created_by }),
    ...(author && { author }),
    ...(comment && { comment }),
    ...(empty_layer && { empty_layer }),
  };
}
