import { join } from 'node:path';
import type { Work } from '../progress/work.ts';
import { countFileBytes, fileBytes } from '../snapshot/file-bytes.ts';
import type { Parts } from './parts.ts';
import { type LayerKey, madeHere } from './records.ts';

/** Entries that are counted faster than a thread is asked. */
const few = 500;

/** Bytes of the files in a layer that was made here: at once where they are few, else a thread of the pool counts them. */
export function layerBytes(
  { folder, pool }: Pick<Parts, 'folder' | 'pool'>,
  layer: LayerKey | undefined,
  { signal }: Pick<Work, 'signal'>,
): number | Promise<number> {
  const snapshot = layer === undefined ? undefined : madeHere(layer);
  if (snapshot === undefined) return 0;
  const path = join(folder.layers, snapshot);
  return fileBytes(path, { most: few }) ?? pool.run(countFileBytes, path, { signal });
}
