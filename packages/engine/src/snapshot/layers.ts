// Where layers lie: `<root>/<id>` is a committed layer's folder of changes, complete from the moment it has that name. What
// is being written or removed has a name with its owner's, whose lock file tells whether the owner still lives.

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, encoded } from '../oci/digest.ts';
import type { Pool } from '../pool/pool.ts';
import { type TaskContext, task } from '../pool/tasks.ts';
import { bytePath } from '../std/byte-path.ts';
import { type Lock, tryLock } from '../std/lock.ts';
import { readMark } from './marks.ts';
import type { Chain, LayerId } from './snapshotter.ts';
import { lstat, names } from './tree.ts';

export interface Usage {
  readonly bytes: number;
  readonly inodes: number;
}

/** A folder of layers. */
export class Layers implements Disposable {
  readonly root: string;
  readonly #pool: Pool;
  readonly #owner: string;
  readonly #lock: Lock;
  readonly #derived = new Map<string, Promise<string>>();

  constructor(root: string, pool: Pool) {
    this.root = root;
    this.#pool = pool;
    mkdirSync(root, { recursive: true, mode: 0o700 });
    // Who sweeps may find the file before it is locked, and take it for a dead one's.
    let [owner, lock] = ['', undefined as Lock | undefined];
    while (!lock) lock = tryLock(join(root, `${(owner = newId())}.owner`));
    [this.#owner, this.#lock] = [owner, lock];
  }

  folder(layer: LayerId): string {
    return join(this.root, layer);
  }

  /** A name that no layer had or will have. Short, so that lists of layers stay short. */
  newId(): LayerId {
    return newId();
  }

  /** An empty folder of this owner's, for work in progress. It goes when the owner does. */
  scratch(id: string): string {
    const path = join(this.root, `${this.#owner}.new.${id}`);
    mkdirSync(path, { mode: 0o700 });
    return path;
  }

  /** Makes a finished folder of changes a layer, at once. */
  commit(changes: string, id: LayerId): void {
    renameSync(changes, this.folder(id));
  }

  /** All committed layers, in no order. */
  list(): readonly LayerId[] {
    return readdirSync(this.root).filter((name) => idPattern.test(name));
  }

  async usage(layer: LayerId): Promise<Usage> {
    return this.#pool.run(measure, this.folder(layer));
  }

  /**
   * A folder made of layers, once for all processes: `make` fills it. It goes when one of its layers goes. `key` tells
   * apart what is made of the same layers in different ways.
   */
  derived(key: string, layers: Chain, make: (folder: string) => Promise<void>): Promise<string> {
    const name = `made.${encoded(digestOf([key, ...layers].join(' '))).slice(0, 24)}`;
    const made = (this.#derived.get(name) ?? this.#derive(name, layers, make)).catch((error: unknown) => {
      this.#derived.delete(name);
      throw error;
    });
    this.#derived.set(name, made);
    return made;
  }

  async #derive(name: string, layers: Chain, make: (folder: string) => Promise<void>): Promise<string> {
    const final = join(this.root, name);
    if (existsSync(final)) return final;
    const scratch = this.scratch(newId());
    try {
      await make(scratch);
      writeFileSync(join(scratch, 'layers'), layers.join('\n'));
      renameSync(scratch, final);
    } catch (error) {
      await this.drop([scratch]);
      // Another process may have made the same one first.
      if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
    return final;
  }

  /** Removes layers and what was made of them. What is gone already is no failure. */
  async remove(layers: Iterable<LayerId>): Promise<void> {
    const going = new Set<string>(layers);
    const paths = [...going].map((layer) => this.folder(layer));
    for (const name of readdirSync(this.root)) {
      if (!name.startsWith('made.')) continue;
      const folder = join(this.root, name);
      if (!layersOf(folder).some((layer) => going.has(layer))) continue;
      this.#derived.delete(name);
      paths.push(folder);
    }
    await this.drop(paths);
  }

  /** Removes folders: their names at once, then what is in them. */
  async drop(paths: Iterable<string>): Promise<void> {
    const going: string[] = [];
    for (const path of paths) {
      const gone = join(this.root, `${this.#owner}.gone.${newId()}`);
      try {
        renameSync(path, gone);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') continue;
        throw error;
      }
      going.push(gone);
    }
    if (going.length > 0) await this.#pool.run(removeTrees, going);
  }

  /** Removes what owners left who are dead. */
  async sweep(): Promise<void> {
    for (const file of readdirSync(this.root).filter((name) => name.endsWith('.owner'))) {
      const owner = file.slice(0, -'.owner'.length);
      if (owner === this.#owner) continue;
      using lock = tryLock(join(this.root, file));
      if (lock === undefined) continue;
      // Listed now that it is dead: it may have made more since it was found.
      const left = readdirSync(this.root).filter((name) => name.startsWith(`${owner}.`) && name !== file);
      if (left.length > 0) {
        await this.#pool.run(
          removeTrees,
          left.map((name) => join(this.root, name)),
        );
      }
      lock.remove();
    }
  }

  [Symbol.dispose](): void {
    this.#lock.remove();
  }
}

const idPattern = /^[0-9a-z]{12}$/;

/** What a folder was made of; nothing if another process removes it just now. */
function layersOf(folder: string): string[] {
  try {
    return readFileSync(join(folder, 'layers'), 'utf8').split('\n');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function newId(): string {
  // Sixty bits in the letters and digits that need no escape anywhere.
  return randomBytes(8).readBigUInt64BE().toString(36).slice(-12).padStart(12, '0');
}

/** Removes trees. What is gone already is no failure. */
export const removeTrees = task(import.meta.url, removeTreesHere);

export function removeTreesHere(paths: readonly string[], { check }: TaskContext): void {
  for (const path of paths) {
    check();
    rmSync(path, { recursive: true, force: true, maxRetries: 2 });
  }
}

/** What a layer takes on disk: files with several names once, and not at all where they are another layer's. */
export const measure = task(import.meta.url, measureHere);

export function measureHere(root: string, { check }: TaskContext): Usage {
  if (lstat(bytePath(root)) === undefined) return { bytes: 0, inodes: 0 }; // it was just removed
  const noted = readMark(root, 'usage')?.split(' ').map(Number);
  if (noted !== undefined) return { bytes: noted[0]!, inodes: noted[1]! };
  // Of a layer that shares files with an earlier one, only those count that have all their names in it.
  const shared = readMark(root, 'shared') !== undefined;
  const seen = new Map<bigint, bigint>();
  let [blocks, inodes] = [0n, 0];
  const pending = [bytePath(root)];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    check();
    const stats = lstat(path);
    if (stats === undefined) continue;
    if (stats.nlink > 1n && !stats.isDirectory()) {
      const names = (seen.get(stats.ino) ?? 0n) + 1n;
      seen.set(stats.ino, names);
      if (names !== (shared ? stats.nlink : 1n)) continue;
    }
    blocks += stats.blocks;
    inodes++;
    if (stats.isDirectory()) for (const name of names(path)) pending.push(`${path}/${name}`);
  }
  return { bytes: Number(blocks) * 512, inodes };
}
