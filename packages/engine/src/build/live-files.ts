// Writing to a folder in which somebody's processes run: they may put a link anywhere at any moment. So each folder on
// the way is opened below the root by the kernel, and what is made in it is made by one name in what was opened.

import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { posix } from 'node:path';
import { uniqueName } from '../std/temp.ts';
import { O_PATH, openInRoot } from '../sys/openat2.ts';

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK } = constants;

/** Files below a root, by absolute paths in it; links on the way lead nowhere else. */
export class LiveFiles {
  readonly #root: string;

  constructor(root: string) {
    this.#root = root;
  }

  /**
   * Makes `to` what `from` is on this machine: a file, a link, or a folder without what is in it. Whoever reads sees the
   * old file or the new one. Folders above that are missing are made. Says whether `from` was there.
   */
  async copy(
    from: string,
    to: string,
    { owner, signal }: { readonly owner: Owner; readonly signal: AbortSignal },
  ): Promise<boolean> {
    const found = lstatSync(from, { throwIfNoEntry: false });
    if (!found || !(found.isFile() || found.isSymbolicLink() || found.isDirectory())) return false;
    using folder = this.#folder(posix.dirname(to), owner);
    const [name, path] = [posix.basename(to), folder.at(posix.basename(to))];
    const there = lstatSync(path, { throwIfNoEntry: false });
    if (found.isDirectory()) {
      if (there?.isDirectory()) return true;
      if (there) unlinkSync(path);
      makeFolder(folder.fd, name, { mode: found.mode, owner });
      return true;
    }
    const made = folder.at(`.${name.slice(0, 200)}.${uniqueName()}`);
    try {
      if (found.isSymbolicLink()) symlinkSync(readlinkSync(from), made);
      else {
        // A name of ours that is there already would be somebody's trap: `x` opens no other file.
        await using file = await open(made, 'wx', 0o600);
        // A pipe that took the file's place meanwhile would be waited for.
        await using source = await open(from, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
        await pour(source, file, signal);
        await file.chown(owner.uid, owner.gid);
        await file.chmod(found.mode & 0o7777);
      }
      if (found.isSymbolicLink()) lchownSync(made, owner.uid, owner.gid);
      if (there?.isDirectory()) removeAt(folder.fd, name);
      renameSync(made, path);
    } catch (error) {
      removeAt(folder.fd, posix.basename(made));
      // It went while it was read, and that is told as a change of its own.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' && !lstatSync(from, { throwIfNoEntry: false }))
        return false;
      throw error;
    }
    return true;
  }

  /** Removes what is there, with all below it. Says whether anything was. */
  remove(path: string): boolean {
    const name = posix.basename(path);
    if (name === '') throw new Error('the root of a container is not removed');
    let folder: Opened;
    try {
      folder = openedAt(this.#root, posix.dirname(path), O_PATH);
    } catch (error) {
      if (absent.has((error as NodeJS.ErrnoException).code ?? '')) return false;
      throw error;
    }
    using opened = folder;
    return removeAt(opened.fd, name);
  }

  /** A folder, made with those above it where they are missing. */
  #folder(path: string, owner: Owner): Opened {
    try {
      return openedAt(this.#root, path, O_PATH);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || path === '/' || path === '.') throw error;
    }
    using parent = this.#folder(posix.dirname(path), owner);
    try {
      makeFolder(parent.fd, posix.basename(path), { mode: 0o755, owner });
    } catch (error) {
      // A link that leads to nothing is there, or a process inside was quicker.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    return openedAt(this.#root, path, O_PATH);
  }
}

async function pour(from: FileHandle, to: FileHandle, signal: AbortSignal): Promise<void> {
  const space = Buffer.allocUnsafe(64 << 10);
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await from.read(space);
    if (bytesRead === 0) return;
    await to.writeFile(space.subarray(0, bytesRead));
  }
}

interface Opened extends Disposable {
  readonly fd: number;
  /** The path of one name in it; links in what is above it don't count any more. */
  at(name: string): string;
}

function openedAt(root: string, path: string, flags: number): Opened {
  const folder = openSync(root, O_RDONLY | O_DIRECTORY);
  try {
    return held(openInRoot(folder, posix.join('/', path), { flags: flags | O_DIRECTORY }));
  } finally {
    closeSync(folder);
  }
}

function held(fd: number): Opened {
  return { fd, at: (name) => `/proc/self/fd/${fd}/${name}`, [Symbol.dispose]: () => closeSync(fd) };
}

function makeFolder(
  parent: number,
  name: string,
  { mode, owner }: { readonly mode: number; readonly owner: Owner },
): void {
  mkdirSync(`/proc/self/fd/${parent}/${name}`, 0o700);
  using made = held(openInRoot(parent, name, { flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW }));
  fchownSync(made.fd, owner.uid, owner.gid);
  fchmodSync(made.fd, mode & 0o7777);
}

/** A folder whose contents are being removed. */
interface Emptied {
  readonly id: string;
  /** Names in it that are still there, as far as is known. */
  readonly left: string[];
}

/**
 * Never follows a link, wherever one is put meanwhile, and holds one folder open, however deep they are. Throws where a
 * folder was moved meanwhile: what is above it now is somebody else's.
 */
function removeAt(folder: number, name: string): boolean {
  if (!lstatSync(`/proc/self/fd/${folder}/${name}`, { throwIfNoEntry: false })) return false;
  const above: Emptied[] = [];
  let level: Emptied = { id: idOf(folder), left: [name] };
  let here = openSync(`/proc/self/fd/${folder}`, O_PATH | O_DIRECTORY);
  const enter = (fd: number) => {
    closeSync(here);
    here = fd;
  };
  try {
    for (;;) {
      const next = level.left.at(-1);
      if (next === undefined) {
        const parent = above.pop();
        if (!parent) return true;
        enter(openSync(`/proc/self/fd/${here}/..`, O_PATH | O_DIRECTORY));
        if (idOf(here) !== parent.id) throw new Error(`a folder was moved while ${name} was removed`);
        level = parent;
        rmdirSync(`/proc/self/fd/${here}/${level.left.pop()}`);
        continue;
      }
      const path = `/proc/self/fd/${here}/${next}`;
      const found = lstatSync(path, { throwIfNoEntry: false });
      if (found?.isDirectory()) {
        enter(openInRoot(here, next, { flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW }));
        above.push(level);
        level = { id: idOf(here), left: readdirSync(`/proc/self/fd/${here}`) };
      } else {
        if (found) unlinkSync(path);
        level.left.pop();
      }
    }
  } finally {
    closeSync(here);
  }
}

function idOf(folder: number): string {
  const { dev, ino } = fstatSync(folder, { bigint: true });
  return `${dev}:${ino}`;
}

const absent: ReadonlySet<string> = new Set(['ENOENT', 'ENOTDIR', 'ELOOP']);
