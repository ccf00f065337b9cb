// Layers stacked on trees that they were not made on (MergeOp, DiffOp, COPY --link). A whiteout of what is not below it is
// not just idle: where its folder is in one layer only, overlayfs lists a name there that nothing has. So such a layer is
// stacked as a copy without those whiteouts, whose files are further names of its own.

import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { digestOf, encoded } from '../oci/digest.ts';
import type { Pool } from '../pool/pool.ts';
import { type TaskContext, task } from '../pool/tasks.ts';
import { type BytePath, bytePath, fsPath } from '../std/byte-path.ts';
import { copyAttributes, transfer } from './copy.ts';
import type { Layers } from './layers.ts';
import { isOpaque, isWhiteout, readMark, setOpaque, writeMark, writeWhiteout } from './marks.ts';
import { makeRoot } from './root.ts';
import type { Chain, LayerId } from './snapshotter.ts';
import { type Folder, lookup, lstat, names, rootOf } from './tree.ts';

export class Fitting {
  readonly #layers: Layers;
  readonly #pool: Pool;
  /** What layers say of their whiteouts. */
  readonly #whiteouts = new Map<LayerId, string | undefined>();

  constructor(layers: Layers, pool: Pool) {
    this.#layers = layers;
    this.#pool = pool;
  }

  /** The folders that show a chain when they are stacked; uppermost first. */
  async folders(chain: Chain): Promise<string[]> {
    const folders: string[] = [];
    let tree = empty;
    for (const [i, layer] of chain.entries()) {
      const whiteouts = this.#whiteoutsOf(layer);
      const natural = whiteouts === none || whiteouts === `of ${tree}`;
      folders.push(natural ? this.#layers.folder(layer) : await this.#fitted(layer, chain.slice(0, i)));
      tree = on(tree, layer);
    }
    return folders.reverse();
  }

  #whiteoutsOf(layer: LayerId): string | undefined {
    if (!this.#whiteouts.has(layer)) this.#whiteouts.set(layer, readMark(this.#layers.folder(layer), 'whiteouts'));
    return this.#whiteouts.get(layer);
  }

  async #fitted(layer: LayerId, below: Chain): Promise<string> {
    const upper = this.#layers.folder(layer);
    const whiteouts = this.#whiteoutsOf(layer);
    const fitted = await this.#layers.derived('fitted', [...below, layer], async (folder) => {
      const folders = below.map((id) => this.#layers.folder(id)).reverse();
      if (whiteouts !== odd && (await this.#pool.run(fits, { upper, below: folders }))) return;
      makeRoot(join(folder, 'fs'), upper);
      await this.#pool.run(fit, { upper, below: folders, to: join(folder, 'fs') });
    });
    // Without a copy in it, the note says that the layer fits as it is.
    return readdirSync(fitted).includes('fs') ? join(fitted, 'fs') : upper;
  }
}

const none = 'none';
const odd = 'odd';

/**
 * Notes on a finished layer what its whiteouts are of, unless who wrote it did. With `files`, they may be such as
 * overlayfs does not know.
 */
export function markWhiteouts(upper: string, chain: Chain, { files = false }: { readonly files?: boolean } = {}): void {
  const noted = readMark(upper, 'whiteouts');
  if (noted === undefined && chain.length === 0) writeMark(upper, 'whiteouts', none);
  else if (files) writeMark(upper, 'whiteouts', odd);
  else if (noted === undefined) writeMark(upper, 'whiteouts', `of ${chain.reduce(on, empty)}`);
}

/** Tells trees apart: what a tree is called with one more layer on it. */
function on(tree: string, layer: LayerId): string {
  return encoded(digestOf(`${tree} ${layer}`)).slice(0, 24);
}

const empty = '';

interface Stacked {
  readonly upper: string;
  readonly below: readonly string[];
}

export const fits = task(import.meta.url, fitsHere);
export const fit = task(import.meta.url, fitHere);

/** Whether everything that a layer's whiteouts hide is below it. */
export function fitsHere({ upper, below }: Stacked, { check }: TaskContext): boolean {
  const all = (folder: BytePath, base: Folder | undefined): boolean =>
    names(folder).every((name) => {
      check();
      const path = `${folder}/${name}`;
      const stats = lstat(path)!;
      const found = base === undefined ? undefined : lookup(base, name);
      if (isWhiteout(path, stats)) return found !== undefined;
      return !stats.isDirectory() || all(path, found?.folder);
    });
  return all(bytePath(upper), rootOf(below));
}

export function fitHere({ upper, below, to }: Stacked & { readonly to: string }, { check }: TaskContext): void {
  const copy = (folder: BytePath, base: Folder | undefined, into: BytePath): void => {
    for (const name of names(folder)) {
      check();
      const [source, path] = [`${folder}/${name}`, `${into}/${name}`];
      const stats = lstat(source)!;
      const found = base === undefined ? undefined : lookup(base, name);
      if (isWhiteout(source, stats)) {
        if (found !== undefined) writeWhiteout(path);
      } else if (stats.isDirectory()) {
        mkdirSync(fsPath(path));
        copy(source, found?.folder, path);
        copyAttributes({ source, stats }, path);
        if (found?.folder !== undefined && isOpaque(source)) setOpaque(path);
      } else transfer({ source, stats }, path, 'link');
    }
  };
  copy(bytePath(upper), rootOf(below), bytePath(to));
}
