// A layer as a blob: its changes as the tar that BuildKit and containerd write of them, compressed, in one pass.

import { closeSync, openSync, writeSync } from 'node:fs';
import { type Digest, Digester } from '../oci/digest.ts';
import type { Compression } from '../oci/media-type.ts';
import { openCompressor } from '../pool/compress.ts';
import { type TaskContext, task } from '../pool/tasks.ts';
import { bytePath } from '../std/byte-path.ts';
import { type Change, layerChanges, treeChanges } from './diff.ts';
import { LayerWriter } from './layer-writer.ts';
import { rootOf } from './tree.ts';

/** What `packLayer` needs; all of it crosses threads. */
export interface PackOptions {
  /** Folder of the layer's changes, in overlay form: `snapshotter.folder(id)`. */
  readonly upper: string;
  /** Folders of the layers below it, uppermost first (mount(2)'s order, reverse of a `Chain`'s). Read, never mounted. */
  readonly below: readonly string[];
  /** File to write; made or emptied. It is not synced: who keeps it does that. */
  readonly output: string;
  readonly compression: Compression;
  /** gzip 0 to 9 (default 6), zstd 1 to 22 (default 3). */
  readonly level?: number;
  /** No entry's mtime is later than this Unix time in seconds (`rewrite-timestamp`). */
  readonly epoch?: number;
}

export interface Packed {
  /** Digest of the uncompressed tar. */
  readonly diffId: Digest;
  /** Digest and size in bytes of what was written. */
  readonly digest: Digest;
  readonly size: number;
}

/** What `packDiff` needs: as `packLayer`, but of any two trees, folders uppermost first. */
export interface PackDiffOptions extends Omit<PackOptions, 'upper' | 'below'> {
  readonly lower: readonly string[];
  readonly upper: readonly string[];
}

/** Packs a layer's changes. Run it on the pool: `pool.run(packLayer, options, { signal })`. */
export const packLayer = task(import.meta.url, packLayerHere);

/** Packs what makes the tree `upper` out of the tree `lower` (DiffOp, where the one is no layer on the other). */
export const packDiff = task(import.meta.url, packDiffHere);

export function packLayerHere(options: PackOptions, context: TaskContext): Promise<Packed> {
  return pack(layerChanges(bytePath(options.upper), rootOf(options.below)), options, context);
}

export function packDiffHere(options: PackDiffOptions, context: TaskContext): Promise<Packed> {
  return pack(treeChanges(rootOf(options.lower), rootOf(options.upper)), options, context);
}

async function pack(
  changes: Iterable<Change>,
  { output, compression, level, epoch }: Omit<PackOptions, 'upper' | 'below'>,
  { check }: TaskContext,
): Promise<Packed> {
  const tar = new Digester();
  // Uncompressed, one is the other.
  const blob = compression === 'uncompressed' ? tar : new Digester();
  const fd = openSync(output, 'w', 0o644);
  try {
    const compressor = openCompressor({
      compression,
      level,
      output: (chunk) => {
        if (blob !== tar) blob.update(chunk);
        writeAll(fd, chunk);
      },
    });
    const writer = new LayerWriter(compressor, { epoch, digester: tar });
    for (const change of changes) {
      check();
      await writer.write(change);
    }
    await writer.end();
  } finally {
    closeSync(fd);
  }
  const diffId = tar.digest();
  return { diffId, digest: blob === tar ? diffId : blob.digest(), size: blob.size };
}

function writeAll(fd: number, chunk: Uint8Array): void {
  for (let at = 0; at < chunk.length;) at += writeSync(fd, chunk, at);
}
