/** Which modes the entries of a context have: those on disk, or the two that git knows (`reproducible`). */
export type ContextModes = 'kept' | 'git';

/** Permission bits of an entry with `mode` (of lstat) in the tree. */
export function treeMode(mode: number, modes: ContextModes): number {
  if (modes === 'kept' || (mode & 0xf000) === symlink) return mode & 0o7777;
  return (mode & 0xf000) === directory || mode & 0o100 ? 0o755 : 0o644;
}

const directory = 0x4000;
const symlink = 0xa000;
