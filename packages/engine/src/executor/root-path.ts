import { lstatSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

const maxLinks = 255;

/**
 * Where `path` leads to for a process whose root is the folder `root`: symlinks are followed and never lead out. What
 * does not exist is taken as it is written. Only for trees that nobody changes meanwhile; else use sys/openat2.ts.
 */
export function rootPath(root: string, path: string): string {
  const todo = path.split('/').reverse();
  const done: string[] = [];
  let links = 0;
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      done.pop();
      continue;
    }
    const target = linkTarget(join(root, ...done, name));
    if (target === undefined) {
      done.push(name);
      continue;
    }
    if (++links > maxLinks) throw new Error(`too many symbolic links in ${path}`);
    if (target.startsWith('/')) done.length = 0;
    todo.push(...target.split('/').reverse());
  }
  return join(root, ...done);
}

function linkTarget(path: string): string | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path) : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw error;
  }
}
