import { chmodSync, mkdirSync, readlinkSync, rmSync, unlinkSync } from 'node:fs';
import { type BytePath, bytePath, fsPath, textOf } from '../std/byte-path.ts';
import { Failed } from '../std/failed.ts';
import { copyAttributes } from './copy.ts';
import type { SnapshotFailure } from './failure.ts';
import { isWhiteout, setOpaque } from './marks.ts';
import { type Entry, type Folder, lookupPath, lstat } from './tree.ts';

/** Symlinks on one path, as many as Go's securejoin and containerd follow. */
const mostSymlinks = 255;

/**
 * A layer's folder while it is unpacked, in which nobody else writes. Paths are walked name by name from its root, and
 * symlinks are followed as a process would whose root it is; so what an archive calls a name never leads outside.
 */
export class ConfinedFolder {
  readonly #root: BytePath;
  readonly #below: Folder;
  /** Folders by the path an archive gave them: where they are. Forgotten when anything goes that a path could lead through. */
  readonly #known = new Map<string, BytePath>();
  /** Folders that were made here: their times are set when nothing is put in them any more. */
  readonly made = new Map<BytePath, bigint>();

  constructor(root: string, below: Folder) {
    this.#root = bytePath(root);
    this.#below = below;
  }

  /** Where the folder at a path is; it and those above it are made, as they are in the layers below. */
  folder(names: readonly BytePath[]): BytePath {
    return this.#walk(names, true)!;
  }

  /** Where the folder at a path is, if it is in this layer. */
  existing(names: readonly BytePath[]): BytePath | undefined {
    return this.#walk(names, false);
  }

  /** What the layers below have at a place in this one. */
  covered(place: BytePath): Entry | undefined {
    return lookupPath(this.#below, this.#names(place));
  }

  /** Removes what is at a place in this layer. Says what it was. */
  clear(place: BytePath): 'nothing' | 'whiteout' | 'something' {
    const stats = lstat(place);
    if (stats === undefined) return 'nothing';
    const whiteout = isWhiteout(place, stats);
    if (stats.isDirectory()) rmSync(fsPath(place), { recursive: true });
    else unlinkSync(fsPath(place));
    if (stats.isDirectory() || stats.isSymbolicLink()) this.#known.clear();
    return whiteout ? 'whiteout' : 'something';
  }

  /** Makes a folder hide what is below it, if anything is. */
  hide(place: BytePath): void {
    if (this.covered(place)?.folder !== undefined) setOpaque(place);
  }

  get root(): BytePath {
    return this.#root;
  }

  #walk(names: readonly BytePath[], make: boolean): BytePath | undefined {
    const key = names.join('/');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const left = [...names].reverse();
    let [at, symlinks] = [this.#root, 0];
    for (let name = left.pop(); name !== undefined; name = left.pop()) {
      if (name === '' || name === '.') continue;
      if (name === '..') {
        if (at !== this.#root) at = at.slice(0, at.lastIndexOf('/'));
        continue;
      }
      const next = `${at}/${name}`;
      const stats = lstat(next);
      if (stats?.isSymbolicLink()) {
        if (++symlinks > mostSymlinks) throw refused(key, 'leads through too many symlinks');
        const link = readlinkSync(fsPath(next), 'latin1');
        if (link.startsWith('/')) at = this.#root;
        left.push(...link.split('/').reverse());
        continue;
      }
      if (stats === undefined || isWhiteout(next, stats)) {
        if (!make) return undefined;
        this.#make(next);
      } else if (!stats.isDirectory()) {
        throw refused(key, 'leads through what is no folder');
      }
      at = next;
    }
    this.#known.set(key, at);
    return at;
  }

  /** A folder that the archive takes for granted. */
  #make(place: BytePath): void {
    const hiding = this.clear(place) === 'whiteout';
    mkdirSync(fsPath(place));
    const covered = hiding ? undefined : this.covered(place);
    if (covered?.folder === undefined) chmodSync(fsPath(place), 0o755);
    else {
      copyAttributes({ source: covered.path, stats: covered.stats }, place);
      this.made.set(place, covered.stats.mtimeNs);
    }
    if (hiding) this.hide(place);
  }

  #names(place: BytePath): BytePath[] {
    return place === this.#root ? [] : place.slice(this.#root.length + 1).split('/');
  }
}

/** An entry that no layer may have. */
export function refused(path: BytePath, why: string): Failed<SnapshotFailure> {
  const name = textOf(path);
  return new Failed<SnapshotFailure>({
    kind: 'layer-invalid',
    message: `the layer's entry ${JSON.stringify(name)} ${why}`,
    path: name,
  });
}
