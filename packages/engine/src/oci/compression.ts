import type { Attrs } from '../std/attrs.ts';
import type { Compression } from './media-type.ts';

/** How layers are wanted. */
export interface CompressionOptions {
  readonly compression: Compression;
  /** Its default when undefined. */
  readonly level?: number;
  /** Also convert layers that are there with another compression. */
  readonly force: boolean;
}

/** Takes `compression`, `compression-level` and `force-compression`. */
export function readCompression(attrs: Attrs): CompressionOptions {
  const compression = attrs.text('compression');
  if (compression !== undefined && !isCompression(compression)) {
    const known = 'uncompressed, gzip or zstd';
    throw attrs.wrong('compression', `unsupported compression type ${compression}; there is ${known}`);
  }
  const chosen = compression ?? 'gzip';
  const level = attrs.integer('compression-level');
  const highest = { uncompressed: undefined, gzip: 9, zstd: 22 }[chosen];
  if (level !== undefined && (highest === undefined || level < -1 || level > highest)) {
    throw attrs.wrong(
      'compression-level',
      highest === undefined
        ? 'compression-level means nothing without compression'
        : `compression-level=${level} is none of ${chosen}'s, which are 0 to ${highest}`,
    );
  }
  return {
    compression: chosen,
    // -1 is the library's own default in Go.
    ...(level !== undefined && level !== -1 && { level }),
    force: attrs.flag('force-compression') ?? false,
  };
}

function isCompression(text: string): text is Compression {
  return text === 'uncompressed' || text === 'gzip' || text === 'zstd';
}
