// Compression of a stream in blocks that are compressed side by side on libuv's threads, while the next ones are made. What
// comes out depends on the bytes and the level only: blocks have one size, whatever the machine.

import { availableParallelism } from 'node:os';
import type { Transform } from 'node:stream';
import * as zlib from 'node:zlib';
import type { Compression } from '../oci/media-type.ts';

/** Takes a stream in blocks and gives it on compressed, in order. Memory: two blocks for each of libuv's threads that have a processor. */
export interface Compressor {
  /** A block to fill. */
  take(): Buffer;
  /** The next `length` bytes of the stream: a taken block, full unless it is the last. It belongs to the compressor then. */
  write(block: Buffer, length: number): Promise<void> | void;
  /** Everything was written; resolves when everything was given on. */
  end(): Promise<void>;
}

export interface CompressorOptions {
  readonly compression: Compression;
  readonly level?: number;
  /** Gets what comes out. It may keep no buffer. */
  readonly output: (chunk: Uint8Array) => void;
}

export function openCompressor({ compression, level, output }: CompressorOptions): Compressor {
  if (compression === 'uncompressed') return new Plain(output);
  return new Parallel(compression === 'gzip' ? new Gzip(level ?? -1) : new Zstd(level ?? 3), output);
}

class Plain implements Compressor {
  readonly #output: (chunk: Uint8Array) => void;
  readonly #block = Buffer.allocUnsafeSlow(1 << 20);

  constructor(output: (chunk: Uint8Array) => void) {
    this.#output = output;
  }

  take(): Buffer {
    return this.#block;
  }

  write(block: Buffer, length: number): void {
    this.#output(block.subarray(0, length));
  }

  async end(): Promise<void> {}
}

/** A format in which blocks can be compressed without waiting for one another. */
interface BlockFormat {
  readonly blockSize: number;
  readonly header: Uint8Array;
  /** Compresses a block. Called in order; the bytes stay as they are until the promise is settled. */
  block(bytes: Buffer): Promise<readonly Buffer[]>;
  trailer(): Uint8Array;
}

/** Of libuv's pool: more blocks at once would only wait in memory. */
const threads = Number(process.env['UV_THREADPOOL_SIZE']) || 4;

class Parallel implements Compressor {
  readonly #format: BlockFormat;
  readonly #output: (chunk: Uint8Array) => void;
  readonly #running: Promise<readonly Buffer[]>[] = [];
  readonly #free: Buffer[] = [];
  readonly #width = Math.min(availableParallelism(), threads);

  constructor(format: BlockFormat, output: (chunk: Uint8Array) => void) {
    this.#format = format;
    this.#output = output;
    output(format.header);
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#format.blockSize);
  }

  write(block: Buffer, length: number): Promise<void> | void {
    const result = this.#format.block(block.subarray(0, length)).finally(() => this.#free.push(block));
    // Whoever awaits it later sees the failure; until then it is nobody's.
    result.catch(() => {});
    this.#running.push(result);
    if (this.#running.length > this.#width) return this.#next();
  }

  async #next(): Promise<void> {
    const pieces = await this.#running.shift()!;
    for (const piece of pieces) this.#output(piece);
    release(pieces);
  }

  async end(): Promise<void> {
    while (this.#running.length > 0) await this.#next();
    this.#output(this.#format.trailer());
    release(this.#free);
  }
}

/**
 * One gzip member. Each block is deflated on its own, with the 32 KiB before it as dictionary, up to a byte's boundary;
 * so the blocks behind one another are one deflate stream.
 */
class Gzip implements BlockFormat {
  readonly blockSize = 1 << 20;
  // Deflate, no flags, no time, no extra flags, operating system unknown.
  readonly header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255);
  readonly #level: number;
  #crc = 0;
  #size = 0;
  #before: Buffer | undefined;

  constructor(level: number) {
    this.#level = level;
  }

  block(bytes: Buffer): Promise<readonly Buffer[]> {
    this.#crc = zlib.crc32(bytes, this.#crc);
    this.#size += bytes.length;
    const options: zlib.ZlibOptions = {
      level: this.#level,
      finishFlush: zlib.constants.Z_SYNC_FLUSH,
      chunkSize: outputSize(bytes.length),
      ...(this.#before !== undefined && { dictionary: this.#before }),
    };
    this.#before = Buffer.from(bytes.subarray(Math.max(0, bytes.length - 32768)));
    return through(zlib.createDeflateRaw(options), bytes);
  }

  trailer(): Uint8Array {
    // An empty last block, then the checksum and the size of what was compressed.
    const trailer = Buffer.alloc(10);
    trailer[0] = 3;
    trailer.writeUInt32LE(this.#crc, 2);
    trailer.writeUInt32LE(this.#size % 2 ** 32, 6);
    return trailer;
  }
}

/** A zstd frame a block, as the format allows and pzstd writes it. */
class Zstd implements BlockFormat {
  // Nothing is found across frames, so they are long.
  readonly blockSize = 4 << 20;
  readonly header = new Uint8Array();
  readonly #level: number;

  constructor(level: number) {
    this.#level = level;
  }

  block(bytes: Buffer): Promise<readonly Buffer[]> {
    const params = {
      [zlib.constants.ZSTD_c_compressionLevel]: this.#level,
      [zlib.constants.ZSTD_c_checksumFlag]: 1,
    };
    return through(zlib.createZstdCompress({ params, chunkSize: outputSize(bytes.length) }), bytes);
  }

  trailer(): Uint8Array {
    return new Uint8Array();
  }
}

/** What a stream makes of some bytes. (Node's own functions for that join the pieces, which copies them.) */
function through(stream: Transform, bytes: Buffer): Promise<readonly Buffer[]> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    stream.on('data', (piece: Buffer) => pieces.push(piece));
    stream.once('error', reject);
    stream.once('end', () => resolve(pieces));
    stream.end(bytes);
  });
}

/** Gives their memory back at once: the collector counts it as small, and would let dozens of megabytes gather. */
function release(pieces: readonly Buffer[]): void {
  // Several may lie in one.
  for (const buffer of new Set(pieces.map((piece) => piece.buffer))) {
    if (buffer instanceof ArrayBuffer && buffer.byteLength > Buffer.poolSize) buffer.transfer(0);
  }
}

/** Room for a whole block's output, so that one turn of a thread does it; what does not shrink takes a second. */
function outputSize(length: number): number {
  return Math.max(4096, Math.ceil(length * 0.6));
}
