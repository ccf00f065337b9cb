// A tree in the form of the conformance cases' golden root filesystems.

import { createHash } from 'node:crypto';
import { lstatSync, readFileSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { getXattr } from '../../packages/engine/src/sys/xattr.ts';

export type GoldenEntries = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** Every entry below `root`, as a layer would carry it. */
export function goldenEntries(root: string, { mtimes = false }: { readonly mtimes?: boolean } = {}): GoldenEntries {
  const entries: Record<string, Readonly<Record<string, unknown>>> = {};
  const visit = (folder: string, inside: string) => {
    for (const name of readdirSync(folder)) {
      const path = join(folder, name);
      const stats = lstatSync(path);
      const capability = getXattr(path, 'security.capability');
      const key = inside === '' ? name : `${inside}/${name}`;
      entries[key] = {
        type: stats.isDirectory() ? 'dir' : typeOf(stats),
        ...(!stats.isSymbolicLink() && { mode: (stats.mode & 0o7777).toString(8).padStart(4, '0') }),
        uid: stats.uid,
        gid: stats.gid,
        ...(stats.isFile() && { size: stats.size }),
        ...(stats.isFile() &&
          stats.size > 0 && { sha256: createHash('sha256').update(readFileSync(path)).digest('hex') }),
        ...(stats.isSymbolicLink() && { link: readlinkSync(path) }),
        ...(capability && { xattrs: { 'security.capability': capability.toString('base64') } }),
        ...(mtimes && { mtime: Math.floor(stats.mtimeMs / 1000) }),
      };
      if (stats.isDirectory()) visit(path, key);
    }
  };
  visit(root, '');
  return entries;
}

function typeOf(stats: Stats): string {
  if (stats.isFile()) return 'file';
  if (stats.isSymbolicLink()) return 'symlink';
  if (stats.isCharacterDevice()) return 'char';
  return stats.isBlockDevice() ? 'block' : 'fifo';
}
