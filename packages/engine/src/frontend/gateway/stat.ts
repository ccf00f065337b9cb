// Entries of trees as BuildKit's messages have them.

import type { TreeEntry } from '../program-bridge.ts';
import type { StatMessage } from './messages/files.ts';

/** Go's bits of a FileMode beside the permissions. */
const kinds: Readonly<Record<TreeEntry['kind'], number>> = {
  file: 0,
  directory: 2 ** 31,
  symlink: 2 ** 27,
  block: 2 ** 26,
  character: 2 ** 26 + 2 ** 21,
  fifo: 2 ** 25,
  socket: 2 ** 24,
};

const special = [
  [0o4000, 2 ** 23],
  [0o2000, 2 ** 22],
  [0o1000, 2 ** 20],
] as const;

export function statMessage(entry: TreeEntry): StatMessage {
  const { name, kind, mode, uid, gid, size, mtime, target, device, xattrs } = entry;
  return {
    path: name,
    mode: goMode(kind, mode),
    uid,
    gid,
    size,
    modTime: mtime,
    linkname: target,
    devmajor: device.major,
    devminor: device.minor,
    xattrs: new Map(xattrs.map((xattr) => [xattr.name, xattr.value])),
  };
}

export function entryOf(stat: StatMessage): TreeEntry {
  const { path, mode, uid, gid, size, modTime, linkname, devmajor, devminor, xattrs } = stat;
  const bits = mode - (mode % 0o1000);
  const kind = (Object.keys(kinds) as TreeEntry['kind'][]).find((each) => kinds[each] === kindBits(bits)) ?? 'file';
  return {
    name: path,
    kind,
    mode: special.reduce((all, [own, go]) => (bits & go ? all | own : all), mode & 0o777),
    uid,
    gid,
    size,
    mtime: modTime,
    target: linkname,
    device: { major: devmajor, minor: devminor },
    xattrs: Array.from(xattrs, ([name, value]) => ({ name, value })),
  };
}

function goMode(kind: TreeEntry['kind'], mode: number): number {
  return special.reduce((all, [own, go]) => (mode & own ? all + go : all), kinds[kind] + (mode & 0o777));
}

/** The highest bit of a mode is beyond JavaScript's own bits. */
function kindBits(bits: number): number {
  const directory = bits >= 2 ** 31 ? 2 ** 31 : 0;
  return directory + ((bits - directory) & (2 ** 27 + 2 ** 26 + 2 ** 25 + 2 ** 24 + 2 ** 21));
}
