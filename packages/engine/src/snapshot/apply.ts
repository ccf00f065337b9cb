// A layer's blob as a folder of changes: the opposite of pack.ts.

import { createReadStream } from 'node:fs';
import { type Digest, Digester } from '../oci/digest.ts';
import { decompressed } from '../pool/decompress.ts';
import { readTar } from '../pool/tar-reader.ts';
import { type TaskContext, task } from '../pool/tasks.ts';
import { Failed } from '../std/failed.ts';
import type { SnapshotFailure } from './failure.ts';
import { Unpacker } from './unpack.ts';

/** What `applyLayer` needs; all of it crosses threads. */
export interface ApplyOptions {
  /** The blob, in a file. Its digest was verified by who put it there; how it is compressed is read from its bytes. */
  readonly blob: string;
  /** Empty folder that gets the changes in overlay form: `WritableLayer.upper`. */
  readonly upper: string;
  /** Folders of the layers below it, uppermost first: attributes of parents that the archive leaves out, targets of links. */
  readonly below: readonly string[];
  /** Digest that the uncompressed tar must have (config's `rootfs.diff_ids`), else it fails with `layer-mismatch`. */
  readonly diffId?: Digest;
}

export interface Applied {
  /** Digest and size in bytes of the uncompressed tar. */
  readonly diffId: Digest;
  readonly size: number;
}

/** Unpacks a layer. Run it on the pool: `pool.run(applyLayer, options, { signal })`. */
export const applyLayer = task(import.meta.url, applyLayerHere);

export function applyLayerHere({ blob, ...options }: ApplyOptions, context: TaskContext): Promise<Applied> {
  return applyTar(decompressed(createReadStream(blob, { highWaterMark: 1 << 20 })), options, context);
}

/** Unpacks a layer's uncompressed tar as it comes, on this thread. Fails with `layer-invalid` and pool's `archive-invalid`. */
export async function applyTar(
  tar: AsyncIterable<Uint8Array>,
  { upper, below, diffId }: Pick<ApplyOptions, 'upper' | 'below' | 'diffId'>,
  { check }: Pick<TaskContext, 'check'>,
): Promise<Applied> {
  const digester = new Digester();
  const unpacker = new Unpacker(upper, { below, check });
  for await (const entry of readTar(digested(tar, digester))) {
    check();
    await unpacker.entry(entry);
  }
  unpacker.end();
  const actual = digester.digest();
  if (diffId !== undefined && actual !== diffId) {
    const message = `a layer unpacks to ${actual}, but its image says ${diffId}`;
    throw new Failed<SnapshotFailure>({ kind: 'layer-mismatch', message, expected: diffId, actual });
  }
  return { diffId: actual, size: digester.size };
}

/** Hashes bytes on their way. */
async function* digested(bytes: AsyncIterable<Uint8Array>, digester: Digester): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) {
    digester.update(chunk);
    yield chunk;
  }
}
