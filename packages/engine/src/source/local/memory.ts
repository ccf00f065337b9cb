import { digestOf } from '../../oci/digest.ts';
import { textOf, type BytePath } from '../../std/byte-path.ts';
import { keepIfRoom } from '../../std/disk-full.ts';
import { Semaphore } from '../../std/semaphore.ts';
import type { ContextModes } from './modes.ts';
import { FolderDigests, type StatIndex, type StatTable } from './stat-index.ts';

/** The digests that trees of one folder know together, whatever their patterns: what one read, the others need not read. */
export class ContextMemory {
  /** One question at a time, so that no file is read twice. */
  readonly turn = new Semaphore(1);
  readonly #index: StatIndex;
  readonly #table: StatTable<Uint8Array>;
  readonly #folders = new Map<string, FolderDigests>();

  constructor(index: StatIndex) {
    this.#index = index;
    this.#table = index.table<Uint8Array>('stat');
  }

  /** What is known of the entries of the folder at `path`. */
  of(path: BytePath, modes: ContextModes): FolderDigests {
    const key = keyOf(path, modes);
    let folder = this.#folders.get(key);
    if (!folder) this.#folders.set(key, (folder = new FolderDigests(this.#table.get(key))));
    return folder;
  }

  /** Writes down what was learnt of these folders, each with the names that are in it. */
  async keep(
    folders: Iterable<readonly [path: BytePath, names: readonly BytePath[]]>,
    modes: ContextModes,
  ): Promise<void> {
    const dirty = [...folders].filter(([path]) => this.of(path, modes).dirty);
    if (dirty.length === 0) return;
    const writing = this.#index.write(() => {
      for (const [path, names] of dirty) {
        const key = keyOf(path, modes);
        const there = new Set(names);
        // Another process may have learnt something meanwhile.
        this.#table.put(
          key,
          this.of(path, modes).take(this.#table.get(key), (name) => there.has(name)),
        );
      }
    });
    await keepIfRoom(writing);
  }
}

function keyOf(path: BytePath, modes: ContextModes): string {
  return `${modes}:${path.length < 500 ? textOf(path) : digestOf(textOf(path))}`;
}
