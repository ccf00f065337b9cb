import { type Readable, finished } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Compression } from '../oci/media-type.ts';
import { Failed } from '../std/failed.ts';
import type { PoolFailure } from './failure.ts';

/** How bytes are compressed, by how they begin (four of them are enough). */
export function compressionOf(start: Uint8Array): Compression {
  if (start[0] === 0x1f && start[1] === 0x8b) return 'gzip';
  if (start[0] === 0x28 && start[1] === 0xb5 && start[2] === 0x2f && start[3] === 0xfd) return 'zstd';
  // A frame that decoders skip: estargz's cousin for zstd starts with one.
  if ((start[0]! & 0xf0) === 0x50 && start[1] === 0x2a && start[2] === 0x4d && start[3] === 0x18) return 'zstd';
  return 'uncompressed';
}

/**
 * The bytes of a compressed stream, plain; what is not compressed as it is. How it is compressed is read from the bytes.
 * Fails with `archive-invalid` on damage. Leaving the iteration early closes the source.
 */
export async function* decompressed(source: Readable): AsyncGenerator<Buffer> {
  const start = await peek(source, 4);
  const compression = compressionOf(start);
  if (compression === 'uncompressed') {
    yield* source as AsyncIterable<Buffer>;
    return;
  }
  const options = { chunkSize: 256 * 1024 };
  const plain = compression === 'gzip' ? createGunzip(options) : createZstdDecompress(options);
  finished(source, (error) => {
    if (error != null) plain.destroy(error);
  });
  source.pipe(plain);
  try {
    yield* plain as AsyncIterable<Buffer>;
  } catch (cause) {
    if (!damaged(cause)) throw cause;
    const message = `the ${compression} data is damaged: ${cause.message}`;
    throw new Failed<PoolFailure>({ kind: 'archive-invalid', message }, { cause });
  } finally {
    source.destroy();
    plain.destroy();
  }
}

/** zlib's own errors, and not the source's. */
function damaged(error: unknown): error is Error {
  return error instanceof Error && /^(Z_|ZSTD_|ERR_ZLIB|ERR_BUFFER)/.test((error as NodeJS.ErrnoException).code ?? '');
}

/** The first bytes, which stay in the stream. Fewer where it is shorter. */
export async function peek(source: Readable, length: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let have = 0;
  while (have < length) {
    const chunk = source.read() as Buffer | null;
    if (chunk !== null) {
      chunks.push(chunk);
      have += chunk.length;
    } else if (source.readableEnded || source.destroyed) break;
    else if (!(await readable(source))) break;
  }
  const start = Buffer.concat(chunks);
  if (start.length > 0) source.unshift(start);
  return start.subarray(0, length);
}

/** Waits for bytes; false at the end. */
function readable(source: Readable): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const done = (act: () => void) => () => {
      source.off('readable', more).off('end', end).off('error', fail);
      act();
    };
    const more = done(() => resolve(true));
    const end = done(() => resolve(false));
    const fail = (error: Error) => done(() => reject(error))();
    source.on('readable', more).on('end', end).on('error', fail);
  });
}
