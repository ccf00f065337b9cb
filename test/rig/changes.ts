// Changes to a folder as object literals, and a folder as one, to be compared: for tests of layers.

import {
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * What a path becomes: a string is a file's content, an object a folder (over what is in it), `null` is gone, and arrays
 * are the rest: `['symlink', target]`, `['link', path from the root]`, `['mode', 0o755, content or folder]`.
 */
export type Changes = { readonly [name: string]: Change };
type Change =
  | string
  | null
  | Changes
  | readonly ['symlink', string]
  | readonly ['link', string]
  | readonly ['mode', number, string | Changes];

export function change(root: string, changes: Changes): void {
  mkdirSync(root, { recursive: true });
  const links: (() => void)[] = [];
  const apply = (path: string, to: Change): void => {
    if (to === null) rmSync(path, { recursive: true });
    else if (typeof to === 'string') writeFileSync(path, to);
    else if (isFolder(to)) {
      if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
        rmSync(path, { force: true });
        mkdirSync(path);
      }
      for (const [name, child] of Object.entries(to)) apply(join(path, name), child);
    } else if (to[0] === 'symlink') {
      rmSync(path, { recursive: true, force: true });
      symlinkSync(to[1], path);
    } else if (to[0] === 'link') links.push(() => linkSync(join(root, to[1]), path));
    else {
      apply(path, to[2]);
      chmodSync(path, to[1]);
    }
  };
  for (const [name, to] of Object.entries(changes)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    apply(join(root, name), to);
  }
  for (const link of links) link();
}

function isFolder(to: Changes | readonly unknown[]): to is Changes {
  return !Array.isArray(to);
}

export type Contents = { readonly [name: string]: string | Contents };

/** What a folder holds: files as their content, symlinks as `-> target`, the rest by type. */
export function contents(root: string): Contents {
  const tree: Record<string, string | Contents> = {};
  for (const name of readdirSync(root).sort()) {
    const path = join(root, name);
    const stats = lstatSync(path);
    if (stats.isDirectory()) tree[name] = contents(path);
    else if (stats.isFile()) tree[name] = readFileSync(path, 'utf8');
    else if (stats.isSymbolicLink()) tree[name] = `-> ${readlinkSync(path)}`;
    else tree[name] = stats.isCharacterDevice() ? `char ${stats.rdev}` : stats.isFIFO() ? 'fifo' : 'other';
  }
  return tree;
}
