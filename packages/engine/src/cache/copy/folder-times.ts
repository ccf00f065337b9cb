import { lstatSync } from 'node:fs';
import { fsPath, type BytePath } from '../../std/byte-path.ts';
import { setTimes } from '../../sys/utimens.ts';

/**
 * The times that folders get back when all changes in them are done. A folder in which something was made or removed
 * gets the time that it had, so that what comes out does not depend on the clock.
 */
export class FolderTimes {
  readonly #times = new Map<BytePath, bigint>();

  /** Something in `folder` is about to change. */
  touch(folder: BytePath): void {
    if (!this.#times.has(folder)) this.#times.set(folder, lstatSync(fsPath(folder), { bigint: true }).mtimeNs);
  }

  /** `folder` is to have this time in the end. */
  set(folder: BytePath, mtime: bigint): void {
    this.#times.set(folder, mtime);
  }

  /** What lies at `path` and below is about to be removed. */
  forget(path: BytePath): void {
    for (const folder of this.#times.keys()) {
      if (folder === path || folder.startsWith(`${path}/`)) this.#times.delete(folder);
    }
  }

  apply(): void {
    for (const [folder, mtime] of this.#times) setTimes(fsPath(folder), { atime: mtime, mtime });
    this.#times.clear();
  }
}
