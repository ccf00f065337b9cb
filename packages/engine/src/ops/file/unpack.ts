import {
  chmodSync,
  closeSync,
  constants,
  ftruncateSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { posix } from 'node:path';
import { trySetXattr } from '../../cache/copy/copier.ts';
import { Destination, parentOf, type FolderLook, type Ids } from '../../cache/copy/destination.ts';
import type { TarEntry } from '../../pool/tar-reader.ts';
import { fsPath, textOf, type BytePath } from '../../std/byte-path.ts';
import { Failed } from '../../std/failed.ts';
import { makeSpecialFile } from '../../sys/mknod.ts';
import { setTimes } from '../../sys/utimens.ts';
import { readArchive } from './archive.ts';
import type { FileFailure } from './failure.ts';

export interface UnpackOptions {
  /** Left out, entries belong to whom the archive says. */
  readonly owner: Ids | undefined;
  /** How folders are made that the archive only implies. */
  readonly folders: FolderLook;
  readonly signal: AbortSignal;
}

/**
 * Unpacks an archive into an existing folder, given by its resolved path, as Docker does: as if the folder were the root
 * of everything, so that neither `..` nor links lead out of it. What is in the way is replaced; folders are merged.
 */
export async function unpack(archive: BytePath, folder: BytePath, options: UnpackOptions): Promise<void> {
  const unpacking = new Unpacking(new Destination(folder), options);
  for await (const entry of readArchive(archive, options.signal)) {
    options.signal.throwIfAborted();
    await unpacking.put(entry);
  }
  unpacking.finish();
}

class Unpacking {
  readonly #destination: Destination;
  readonly #options: UnpackOptions;
  /** The folder of the entry before: most have the same. */
  #last: { readonly name: BytePath; readonly path: BytePath } | undefined;

  constructor(destination: Destination, options: UnpackOptions) {
    this.#destination = destination;
    this.#options = options;
  }

  async put(entry: TarEntry): Promise<void> {
    const name = this.#clean(entry.name);
    if (name === '') return; // the folder itself stays as it is
    const path = `${this.#folder(parentOf(name))}/${posix.basename(name)}`;
    const found = this.#destination.stat(path);
    const merge = found?.isDirectory() && entry.type === 'folder';
    if (found && !merge) {
      this.#last = undefined;
      this.#destination.remove(path);
    }
    if (!merge) {
      this.#destination.times.touch(parentOf(path));
      await this.#make(entry, path);
    }
    this.#dress(entry, path);
  }

  finish(): void {
    this.#destination.times.apply();
  }

  /** The path of an entry from the root, '' for the root itself. */
  #clean(name: BytePath): BytePath {
    const clean = posix.normalize(name).replace(/\/$/, '');
    if (clean === '..' || clean.startsWith('../')) throw this.#malformed(name, 'lies outside of where it is unpacked');
    const path = posix.join('/', clean);
    return path === '/' ? '' : path;
  }

  #folder(name: BytePath): BytePath {
    if (this.#last?.name === name) return this.#last.path;
    const path = this.#destination.resolve(name);
    this.#destination.makeFolders(path, this.#options.folders);
    this.#last = { name, path };
    return path;
  }

  async #make(entry: TarEntry, path: BytePath): Promise<void> {
    const { mode } = entry;
    switch (entry.type) {
      case 'folder':
        return mkdirSync(fsPath(path), mode);
      case 'file':
        return await writeContent(entry, path);
      case 'symlink':
        this.#last = undefined;
        return symlinkSync(fsPath(entry.link), fsPath(path));
      case 'link':
        return this.#link(entry, path);
      case 'fifo':
        return makeSpecialFile(fsPath(path), { kind: 'fifo', mode });
      case 'character':
      case 'block':
        return makeSpecialFile(fsPath(path), { kind: entry.type, mode, major: entry.major, minor: entry.minor });
    }
  }

  #link(entry: TarEntry, path: BytePath): void {
    const target = this.#destination.resolve(this.#clean(entry.link), { followLast: false });
    if (!this.#destination.stat(target))
      throw this.#malformed(entry.name, `is a link to ${textOf(entry.link)}, which is not there`);
    linkSync(fsPath(target), fsPath(path));
  }

  #dress(entry: TarEntry, path: BytePath): void {
    const at = fsPath(path);
    const { uid, gid } = this.#options.owner ?? entry;
    lchownSync(at, uid, gid);
    for (const [name, value] of Object.entries(entry.xattrs)) trySetXattr(at, name, Buffer.from(value, 'latin1'));
    const isSymlink =
      entry.type === 'symlink' || (entry.type === 'link' && this.#destination.stat(path)!.isSymbolicLink());
    if (!isSymlink) chmodSync(at, entry.mode);
    const mtime = entry.mtime < 0n ? 0n : entry.mtime;
    if (entry.type === 'folder') this.#destination.times.set(path, mtime);
    else setTimes(at, { atime: mtime, mtime });
  }

  #malformed(name: BytePath, what: string): Failed<FileFailure> {
    const path = textOf(name);
    return new Failed<FileFailure>({
      kind: 'archive-malformed',
      path,
      message: `the archive's entry ${JSON.stringify(path)} ${what}`,
    });
  }
}

async function writeContent(entry: TarEntry, path: BytePath): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  const file = openSync(fsPath(path), flags, entry.mode & 0o777);
  try {
    for await (const { bytes, at } of entry.content()) {
      for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done, at + done);
    }
    if (entry.sparse) ftruncateSync(file, entry.size);
  } finally {
    closeSync(file);
  }
}
