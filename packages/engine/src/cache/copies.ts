// What copies of clients' folders wrote: so that the next copy of the same kind need not write again what is still the same.
//
//   copies/<key>.<layer>      the files of a layer that a copy made, as `cache/copy/written-files.ts` lists them
//   copies/<name>.draft       such a list of a copy that is not done yet

import { existsSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { LayerId } from '../snapshot/snapshotter.ts';
import { uniqueName } from '../std/temp.ts';
import type { CacheFolder } from './folder.ts';

/** What an earlier copy made. The layer may be gone at any time. */
export interface EarlierCopy {
  /** The layer's folder of changes. */
  readonly layer: string;
  /** File with the list of what the copy wrote into it. */
  readonly list: string;
}

/** Lists of copies by a key of their kind, the last of each. */
export class Copies {
  readonly #folder: string;
  readonly #layers: string;

  constructor({ path, layers }: Pick<CacheFolder, 'path' | 'layers'>) {
    this.#folder = join(path, 'copies');
    this.#layers = layers;
  }

  /** The last copy of a kind. */
  last(key: string): EarlierCopy | undefined {
    const name = this.#names().find((each) => each.startsWith(`${key}.`));
    if (name === undefined) return undefined;
    return { layer: join(this.#layers, name.slice(key.length + 1)), list: join(this.#folder, name) };
  }

  /** A path for a list that is to be written; its folder may not be there. */
  draft(): string {
    return join(this.#folder, `${uniqueName()}${draftEnd}`);
  }

  /** A copy is done: its list, if it could be written, takes the place of the one before. */
  keep(key: string, layer: LayerId, draft: string): void {
    if (!existsSync(draft)) return;
    const before = this.#names().filter((name) => name.startsWith(`${key}.`));
    renameSync(draft, join(this.#folder, `${key}.${layer}`));
    for (const name of before) this.#remove(name);
    this.sweep();
  }

  /** A copy could not build on the last of its kind. */
  drop(key: string): void {
    for (const name of this.#names()) if (name.startsWith(`${key}.`)) this.#remove(name);
  }

  /** Removes the lists of layers that are gone, what killed processes left, and the oldest where many have come together. */
  sweep(): void {
    const kept = this.#names().flatMap((name) => {
      const at = statSync(join(this.#folder, name), { throwIfNoEntry: false })?.mtimeMs;
      if (at === undefined) return [];
      const useful = name.endsWith(draftEnd)
        ? at > Date.now() - longestCopy
        : existsSync(join(this.#layers, name.slice(name.indexOf('.') + 1)));
      if (!useful) this.#remove(name);
      return useful ? [{ name, at }] : [];
    });
    if (kept.length <= most) return;
    kept.sort((a, b) => a.at - b.at);
    for (const { name } of kept.slice(0, most / 2)) this.#remove(name);
  }

  #names(): readonly string[] {
    try {
      return readdirSync(this.#folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  #remove(name: string): void {
    rmSync(join(this.#folder, name), { force: true });
  }
}

const draftEnd = '.draft';
/** A draft that is older, in milliseconds, is a dead process's: it is written when all is copied. */
const longestCopy = 60 * 60 * 1000;
/** Most lists that are kept; one takes some 100 bytes a file. */
const most = 64;
