import { closeSync, createReadStream, openSync, writeSync } from 'node:fs';
import { type Digest, Digester } from '../oci/digest.ts';
import type { Compression } from '../oci/media-type.ts';
import { BlockWriter } from '../pool/block-writer.ts';
import { openCompressor } from '../pool/compress.ts';
import { decompressed } from '../pool/decompress.ts';
import { type TaskContext, task } from '../pool/tasks.ts';

export interface ConvertOptions {
  /** The blob, in a file; how it is compressed is read from its bytes. */
  readonly blob: string;
  /** File to write; made or emptied. */
  readonly output: string;
  readonly compression: Compression;
  readonly level?: number;
}

export interface Converted {
  /** Digest of the uncompressed bytes. */
  readonly diffId: Digest;
  /** Digest and size in bytes of what was written. */
  readonly digest: Digest;
  readonly size: number;
}

/** Compresses a layer's blob in another way: the same tar, byte for byte. Run it on the pool. */
export const convertBlob = task(import.meta.url, convertBlobHere);

export async function convertBlobHere(
  { blob, output, compression, level }: ConvertOptions,
  { check }: TaskContext,
): Promise<Converted> {
  const [plain, written] = [new Digester(), new Digester()];
  const fd = openSync(output, 'w', 0o600);
  try {
    const compressor = openCompressor({
      compression,
      ...(level !== undefined && { level }),
      output: (chunk) => {
        written.update(chunk);
        for (let at = 0; at < chunk.length;) at += writeSync(fd, chunk, at);
      },
    });
    const writer = new BlockWriter(compressor, plain);
    for await (const chunk of decompressed(createReadStream(blob, { highWaterMark: 1 << 20 }))) {
      check();
      await writer.put(chunk);
    }
    await writer.end();
  } finally {
    closeSync(fd);
  }
  return { diffId: plain.digest(), digest: written.digest(), size: written.size };
}
