import { mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Files by name: text or bytes, folders as objects, symlinks as `{ link: 'target' }`. */
export interface Tree {
  readonly [name: string]: string | Uint8Array | Tree | Symlink;
}

export class Symlink {
  readonly target: string;
  constructor(target: string) {
    this.target = target;
  }
}

/** Writes files below a folder, with the modes that they mostly have, whatever the umask. A name may hold slashes. */
export function writeTree(folder: string, tree: Tree): void {
  using _umask = plainUmask();
  for (const [name, content] of Object.entries(tree)) {
    const path = join(folder, name);
    if (content instanceof Symlink) {
      mkdirSync(join(path, '..'), { recursive: true });
      symlinkSync(content.target, path);
    } else if (typeof content === 'string' || content instanceof Uint8Array) {
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, content);
    } else {
      mkdirSync(path, { recursive: true });
      writeTree(path, content as Tree);
    }
  }
}

/** What is made meanwhile has the modes 0644 and 0755 where nothing else is said. */
export function plainUmask(): Disposable {
  const own = process.umask(0o022);
  return { [Symbol.dispose]: () => void process.umask(own) };
}

/** Writes a file that is there until its times show it: the kernel's clock goes by ticks of some milliseconds. */
export function rewrite(path: string, content: string): void {
  const { ctimeNs } = statSync(path, { bigint: true });
  do writeFileSync(path, content);
  while (statSync(path, { bigint: true }).ctimeNs === ctimeNs);
}
