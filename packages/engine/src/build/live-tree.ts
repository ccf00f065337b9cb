import {
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  type BigIntStats,
} from 'node:fs';
import { posix } from 'node:path';
import { kindOf } from '../cache/mounted-tree.ts';
import type { ReadableTree, TreeEntry } from '../frontend/program-bridge.ts';
import { deviceParts } from '../sys/mknod.ts';
import { openInRoot, O_PATH } from '../sys/openat2.ts';
import { entryFilter, readRange, unreadable } from './read-range.ts';

const { O_RDONLY, O_NONBLOCK, O_DIRECTORY } = constants;

/**
 * A folder in which somebody's processes run: they may change it at any moment, so all is opened below its root by the
 * kernel, and what was opened is what is read.
 */
export function liveTree(root: string): ReadableTree {
  return {
    readFile: async (path, range) =>
      opened(path, { flags: O_RDONLY | O_NONBLOCK, call: 'open' }, (fd) => {
        if (!fstatSync(fd).isFile()) throw unreadable(path, `${path} is not a regular file`);
        return readRange(fd, path, range);
      }),
    readDir: async (path, pattern) =>
      opened(path, { flags: O_RDONLY | O_DIRECTORY, call: 'open' }, (fd) => {
        const folder = `/proc/self/fd/${fd}`;
        const wanted = entryFilter(pattern);
        return readdirSync(folder)
          .sort()
          .flatMap((name) => {
            // The last name is not followed, and the folder before it is this one.
            const stats = lstatSync(`${folder}/${name}`, { bigint: true, throwIfNoEntry: false });
            if (!stats || !wanted(name, stats.isDirectory())) return [];
            const target = stats.isSymbolicLink() ? readlinkSync(`${folder}/${name}`) : '';
            return [entryOf(name, stats, target)];
          });
      }),
    stat: async (path) =>
      opened(path, { flags: O_PATH, call: 'stat' }, (fd) =>
        entryOf(posix.basename(posix.join('/', path)) || '/', fstatSync(fd, { bigint: true }), ''),
      ),
  };

  function opened<T>(path: string, how: { readonly flags: number; readonly call: string }, use: (fd: number) => T): T {
    const folder = openSync(root, O_RDONLY | O_DIRECTORY);
    try {
      const fd = openInRoot(folder, path, how);
      try {
        return use(fd);
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') throw unreadable(path, `${how.call} ${path}: no such file or directory`, error);
      if (code === 'ENOTDIR') throw unreadable(path, `${path} is not a directory`, error);
      if (code === 'ELOOP') throw unreadable(path, `${how.call} ${path}: too many links`, error);
      throw error;
    } finally {
      closeSync(folder);
    }
  }
}

function entryOf(name: string, stats: BigIntStats, target: string): TreeEntry {
  const { mode, uid, gid, size, mtimeNs, rdev } = stats;
  const kind = kindOf(stats);
  return {
    name,
    kind,
    mode: Number(mode) & 0o7777,
    uid: Number(uid),
    gid: Number(gid),
    size: kind === 'file' ? Number(size) : 0,
    mtime: mtimeNs,
    target,
    device: deviceParts(rdev),
    xattrs: [],
  };
}
