import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  ftruncateSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import type { TarEntry } from '../pool/tar-reader.ts';
import { type BytePath, fsPath, namesOf } from '../std/byte-path.ts';
import { makeSpecialFile } from '../sys/mknod.ts';
import { setTimes } from '../sys/utimens.ts';
import { setXattr } from '../sys/xattr.ts';
import { ConfinedFolder, refused } from './confined.ts';
import { transfer } from './copy.ts';
import { isMark, writeWhiteout } from './marks.ts';
import { list, lookupPath, lstat, rootOf, type Folder } from './tree.ts';

/** Writes a layer archive's entries into a folder in overlay form. Later entries win over earlier ones of the same name. */
export class Unpacker {
  readonly #into: ConfinedFolder;
  readonly #below: Folder;
  readonly #check: () => void;

  constructor(root: string, { below, check }: { readonly below: readonly string[]; readonly check: () => void }) {
    this.#below = rootOf(below);
    this.#into = new ConfinedFolder(root, this.#below);
    this.#check = check;
  }

  async entry(entry: TarEntry): Promise<void> {
    const names = namesOf(entry.name);
    const name = names.pop();
    // The root itself is no entry of any layer.
    if (name === undefined) return;
    const parent = this.#into.folder(names);
    if (name.startsWith('.wh.')) this.#whiteout(parent, name);
    else await this.#write(entry, `${parent}/${name}`);
  }

  /** Call after the last entry: folders get their times. */
  end(): void {
    for (const [path, mtime] of this.#into.made) {
      // It may have been replaced since.
      if (lstat(path)?.isDirectory()) setTimes(fsPath(path), { atime: mtime, mtime });
    }
  }

  /** What a whiteout hides is below this layer, wherever in the archive it stands; what is not there needs none. */
  #whiteout(parent: BytePath, name: BytePath): void {
    if (name === opaqueMark) {
      if (parent !== this.#into.root) this.#into.hide(parent);
      else for (const entry of list(this.#below)) this.#gone(`${parent}/${entry.name}`);
      return;
    }
    const hidden = name.slice('.wh.'.length);
    if (hidden === '' || hidden === '.' || hidden === '..') throw refused(name, 'hides nothing that has a name');
    this.#gone(`${parent}/${hidden}`);
  }

  #gone(place: BytePath): void {
    const stats = lstat(place);
    if (stats?.isDirectory()) this.#into.hide(place);
    if (stats === undefined && this.#into.covered(place) !== undefined) writeWhiteout(place);
  }

  async #write(entry: TarEntry, place: BytePath): Promise<void> {
    switch (entry.type) {
      case 'file':
        await this.#file(entry, place);
        return;
      case 'folder':
        this.#folder(entry, place);
        return;
      case 'link':
        this.#fresh(place, () => linkSync(fsPath(this.#linked(entry, place)), fsPath(place)));
        break;
      case 'symlink':
        this.#fresh(place, () => symlinkSync(fsPath(entry.link), fsPath(place)));
        break;
      case 'fifo':
        this.#fresh(place, () => makeSpecialFile(fsPath(place), { kind: 'fifo', mode: 0o600 }));
        break;
      case 'character':
      case 'block': {
        const { type: kind, major, minor } = entry;
        // In overlay form that device says that something is gone; an archive says it otherwise.
        if (kind === 'character' && major === 0 && minor === 0) {
          this.#into.clear(place);
          this.#gone(place);
          return;
        }
        this.#fresh(place, () => makeSpecialFile(fsPath(place), { kind, mode: 0o600, major, minor }));
        break;
      }
    }
    this.#attributes(entry, place);
  }

  async #file(entry: TarEntry, place: BytePath): Promise<void> {
    const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
    const fd = this.#fresh(place, () => openSync(fsPath(place), flags, 0o600));
    try {
      for await (const { bytes, at } of entry.content()) {
        this.#check();
        for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, at + done);
      }
      if (entry.sparse) ftruncateSync(fd, entry.size);
      if (entry.uid !== 0 || entry.gid !== 0) fchownSync(fd, entry.uid, entry.gid);
      this.#xattrs(entry, place);
      fchmodSync(fd, entry.mode);
    } finally {
      closeSync(fd);
    }
    times(entry, place);
  }

  #folder(entry: TarEntry, place: BytePath): void {
    const there = lstat(place);
    if (!there?.isDirectory()) {
      const hiding = there !== undefined && this.#into.clear(place) !== 'nothing';
      mkdirSync(fsPath(place));
      if (hiding) this.#into.hide(place);
    }
    this.#attributes(entry, place);
    this.#into.made.set(place, bounded(entry.mtime));
  }

  /** Makes something at a place where nothing is, or nothing any more. */
  #fresh<T>(place: BytePath, make: () => T): T {
    try {
      return make();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      this.#into.clear(place);
      return make();
    }
  }

  /** The file that a hard link names: of this layer, or a copy of the one below. A symlink at its end is the file itself. */
  #linked(entry: TarEntry, place: BytePath): BytePath {
    const names = namesOf(entry.link);
    const name = names.pop();
    if (name === undefined) throw refused(entry.name, 'is a link to the root');
    const parent = this.#into.existing(names);
    const there = parent === undefined ? undefined : `${parent}/${name}`;
    if (there !== undefined && there === place) throw refused(entry.name, 'is a link to itself');
    if (there !== undefined && lstat(there) !== undefined) return there;
    const below = lookupPath(this.#below, [...names, name]);
    if (below === undefined || below.folder !== undefined) throw refused(entry.name, 'is a link to what is not there');
    const copy = `${this.#into.folder(names)}/${name}`;
    transfer({ source: below.path, stats: below.stats }, copy, 'copy');
    return copy;
  }

  #attributes(entry: TarEntry, place: BytePath): void {
    const path = fsPath(place);
    lchownSync(path, entry.uid, entry.gid);
    this.#xattrs(entry, place);
    if (entry.type !== 'symlink' && !lstat(place)!.isSymbolicLink()) chmodSync(path, entry.mode);
    times(entry, place);
  }

  /** What cannot be an attribute here is left out, as containerd does: trusted ones, and user ones of what is no file or folder. */
  #xattrs({ xattrs, type }: TarEntry, place: BytePath): void {
    for (const [name, value] of Object.entries(xattrs)) {
      if (name.startsWith('trusted.') || isMark(name)) continue;
      if (name.startsWith('user.') && type !== 'file' && type !== 'folder') continue;
      try {
        setXattr(fsPath(place), name, Buffer.from(value, 'latin1'));
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EOPNOTSUPP') throw error;
      }
    }
  }
}

const opaqueMark = '.wh..wh..opq';

function times({ mtime }: TarEntry, place: BytePath): void {
  const time = bounded(mtime);
  setTimes(fsPath(place), { atime: time, mtime: time });
}

/** What no file can have is the epoch, as containerd has it. */
function bounded(time: bigint): bigint {
  return time < 0n || time >= 1n << 63n ? 0n : time;
}
