import type { BytePath } from '../std/byte-path.ts';

/** What lstat said of the entries of one folder (`rows.ts`). */
export interface SeenFolder {
  readonly path: BytePath;
  readonly names: readonly BytePath[];
  readonly numbers: Float64Array;
}

/** A folder that is read bit by bit. */
export interface SeenTree {
  readonly path: string;
  seen(): Iterable<SeenFolder>;
}

/**
 * Everything of this machine that builds looked at: if none of it is touched, the same builds give the same again. What
 * cannot be looked at again cheaply (a registry, a repository, a download) is only known to have been asked.
 */
export class LookedAt {
  /** Files and folders by themselves, whether they were there or not. */
  readonly paths = new Set<string>();
  #trees: SeenTree[] = [];
  #elsewhere = false;

  path(path: string): void {
    this.paths.add(path);
  }

  tree(tree: SeenTree): void {
    this.paths.add(tree.path);
    this.#trees.push(tree);
  }

  /** Lets go of all of it, for those who build on and on and never ask. */
  forget(): void {
    this.paths.clear();
    this.#trees = [];
  }

  elsewhere(): void {
    this.#elsewhere = true;
  }

  /** Whether files tell all. */
  get local(): boolean {
    return !this.#elsewhere;
  }

  /** Folders whose entries were looked at, with what was seen of them. */
  *folders(): Generator<SeenFolder> {
    for (const tree of this.#trees) yield* tree.seen();
  }
}
