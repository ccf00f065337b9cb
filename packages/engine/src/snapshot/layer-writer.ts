import { closeSync, openSync, readSync, type BigIntStats } from 'node:fs';
import type { Digester } from '../oci/digest.ts';
import { BlockWriter } from '../pool/block-writer.ts';
import type { Compressor } from '../pool/compress.ts';
import { type EntryType, type TarHeader, encodeHeader, endOfArchive, padding } from '../pool/layer-tar.ts';
import { type BytePath, fsPath, textOf } from '../std/byte-path.ts';
import { untimed } from '../std/untimed.ts';
import { deviceParts } from '../sys/mknod.ts';
import type { Change, Parent } from './diff.ts';
import { capabilities, target } from './same.ts';

type Written = Extract<Change, { readonly stats: unknown }>;

/**
 * Writes changes as containerd writes a layer: what is gone as `.wh.` files, the folders above each change once, further
 * names of a file as links to the first, whole seconds, file capabilities and no other attributes, no sockets.
 */
export class LayerWriter {
  readonly #out: BlockWriter;
  readonly #epoch: number | undefined;
  /** Folders that are in the archive. */
  readonly #folders = new Set<BytePath>();
  /** Files with several names: the name that has the content. */
  readonly #linked = new Map<bigint, BytePath>();
  /** Names of unchanged files, which become links should a changed name of the same file come. */
  readonly #unmodified = new Map<bigint, Written[]>();

  constructor(compressor: Compressor, { epoch, digester }: { readonly epoch?: number; readonly digester?: Digester }) {
    this.#out = new BlockWriter(compressor, digester);
    this.#epoch = epoch;
  }

  async write(change: Change): Promise<void> {
    if (change.kind === 'delete') await this.#whiteout(change);
    else await this.#entry(change);
  }

  async end(): Promise<void> {
    await this.#out.put(endOfArchive);
    await this.#out.end();
  }

  async #whiteout({ path, parent }: Change): Promise<void> {
    await this.#parents(parent);
    const base = path.lastIndexOf('/') + 1;
    const name = `${path.slice(0, base)}.wh.${path.slice(base)}`;
    await this.#out.put(encodeHeader({ type: 'file', name, mode: 0, uid: 0, gid: 0, size: 0, mtime: 0 }));
  }

  async #entry(change: Written): Promise<void> {
    const { stats, path } = change;
    const type = typeOf(stats);
    if (type === undefined) return;
    if (type === 'folder' || stats.nlink < 2n) {
      if (change.kind === 'unmodified') return;
      await this.#put(change, type);
      return;
    }
    const first = this.#linked.get(stats.ino);
    if (first !== undefined) {
      await this.#put(change, 'link', first);
      return;
    }
    const others = this.#unmodified.get(stats.ino);
    if (change.kind === 'unmodified') {
      if (others === undefined) this.#unmodified.set(stats.ino, [change]);
      else others.push(change);
      return;
    }
    this.#linked.set(stats.ino, path);
    await this.#put(change, type);
    for (const other of others ?? []) await this.#put(other, 'link', path);
  }

  async #put({ stats, path, source, parent }: Omit<Written, 'kind'>, type: EntryType, link?: BytePath): Promise<void> {
    await this.#parents(parent);
    const header = this.#header({ stats, path, source, type, link });
    await this.#out.put(encodeHeader(header));
    if (type === 'folder') this.#folders.add(path);
    if (header.size > 0) await this.#content(source, header.size);
  }

  /** The folders above a change, from the top, each once. */
  async #parents(parent: Parent | undefined): Promise<void> {
    if (parent === undefined || this.#folders.has(parent.path)) return;
    await this.#put(parent, 'folder');
  }

  #header({
    stats,
    path,
    source,
    type,
    link,
  }: Pick<Written, 'stats' | 'path' | 'source'> & { readonly type: EntryType; readonly link?: BytePath }): TarHeader {
    const mtime = Number(floorSeconds(stats.mtimeNs));
    const capability = capabilities(source);
    return {
      type,
      name: type === 'folder' ? `${path}/` : path,
      mode: Number(stats.mode) & 0o7777,
      uid: Number(stats.uid),
      gid: Number(stats.gid),
      size: type === 'file' ? Number(stats.size) : 0,
      mtime: this.#epoch === undefined ? mtime : stats.mtimeNs === untimed ? this.#epoch : Math.min(mtime, this.#epoch),
      ...(link !== undefined ? { link } : stats.isSymbolicLink() && { link: target(source) }),
      ...((stats.isCharacterDevice() || stats.isBlockDevice()) && deviceParts(stats.rdev)),
      ...(capability !== undefined &&
        capability.length > 0 && { xattrs: { 'security.capability': capability.toString('latin1') } }),
    };
  }

  async #content(source: BytePath, size: number): Promise<void> {
    const fd = openSync(fsPath(source), 'r');
    try {
      for (let left = size; left > 0;) {
        const space = this.#out.space();
        const read = readSync(fd, space, 0, Math.min(left, space.length), null);
        if (read === 0) throw new Error(`${textOf(source)} became shorter while it was packed`);
        left -= read;
        const wait = this.#out.filled(read);
        if (wait !== undefined) await wait;
      }
    } finally {
      closeSync(fd);
    }
    await this.#out.put(padding(size));
  }
}

/** Undefined for sockets, which no archive holds. */
function typeOf(stats: BigIntStats): EntryType | undefined {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'folder';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isFIFO()) return 'fifo';
  if (stats.isCharacterDevice()) return 'character';
  return stats.isBlockDevice() ? 'block' : undefined;
}

/** Times before the epoch count downwards, as Go truncates them. */
function floorSeconds(nanoseconds: bigint): bigint {
  const rest = ((nanoseconds % second) + second) % second;
  return (nanoseconds - rest) / second;
}

const second = 1_000_000_000n;
