// Copies a part of one tree into another, as `cp -a` does and with fsutil's ways of doing it: what exists is merged,
// hard links stay hard links, and a folder that is there only for the sake of what is in it is made when that comes.

import { chmodSync, closeSync, lchownSync, linkSync, mkdirSync, openSync, symlinkSync } from 'node:fs';
import { fsPath, textOf, type BytePath } from '../../std/byte-path.ts';
import type { ModeChange } from '../../std/file-mode.ts';
import { PathFilter, PatternMatcher, type FilterState, type MatchState } from '../../std/patterns.ts';
import { deviceParts, makeSpecialFile } from '../../sys/mknod.ts';
import { setTimes } from '../../sys/utimens.ts';
import { setXattr } from '../../sys/xattr.ts';
import type { Attributes, TreeNode } from '../tree.ts';
import { copyFile } from './copy-file.ts';
import { parentOf, type Destination, type Ids } from './destination.ts';
import type { WrittenFiles } from './written-files.ts';

export interface CopierOptions {
  /** Left out, everything keeps its owner. */
  readonly owner?: Ids;
  readonly mode?: ModeChange;
  /** Time of everything that is copied, in nanoseconds since the epoch; left out, everything keeps its own. */
  readonly time?: bigint;
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** What stands in the way of something of another kind is removed. */
  readonly replace: boolean;
  /** Called for each entry; throws when the work is to stop. */
  readonly check: () => void;
  /** Takes note of files that have one name; what it says is not copied. */
  readonly written?: WrittenFiles;
}

/** A folder on the way down: made when something in it is copied. */
interface Above {
  readonly node: TreeNode;
  readonly target: BytePath;
  made: boolean;
}

/** What is known of an entry before it is looked at. */
interface Place {
  /** Path below the source; '' for the source itself. */
  readonly inside: string;
  readonly target: BytePath;
  /** The folder around the target was made just now, so nothing is there. */
  readonly fresh: boolean;
  readonly include: MatchState | undefined;
  readonly exclude: MatchState | undefined;
  readonly hint: FilterState | undefined;
}

export class Copier {
  readonly #destination: Destination;
  readonly #options: CopierOptions;
  readonly #include: PatternMatcher | undefined;
  readonly #exclude: PatternMatcher | undefined;
  /** Tells which folders cannot hold anything that is wanted. */
  readonly #filter: PathFilter;
  readonly #above: Above[] = [];
  readonly #links = new Map<string, BytePath>();

  constructor(destination: Destination, options: CopierOptions) {
    const { include, exclude } = options;
    this.#destination = destination;
    this.#options = options;
    this.#include = include.length > 0 ? new PatternMatcher(include) : undefined;
    this.#exclude = exclude.length > 0 ? new PatternMatcher(exclude) : undefined;
    this.#filter = new PathFilter({ include, exclude });
  }

  /**
   * Copies `node` to be what lies at `target`, a resolved path whose folder exists. A folder that is there already gets
   * the contents, and of the folder itself no more than its time.
   */
  copy(node: TreeNode, target: BytePath): void {
    this.#copy(node, { inside: '', target, fresh: false, include: undefined, exclude: undefined, hint: undefined });
  }

  #copy(node: TreeNode, place: Place): void {
    this.#options.check();
    const { inside, target } = place;
    const top = inside === '';
    const include = top ? undefined : this.#include?.match(inside, place.include);
    const exclude = top ? undefined : this.#exclude?.match(inside, place.exclude);
    const wanted = (include?.matched ?? true) && !exclude?.matched;
    if (node.kind === 'directory') return this.#folder(node, { ...place, include, exclude }, wanted);
    if (!wanted) return;
    const attributes = node.attributes();
    const vacant = this.#isVacant(place);
    if (!vacant) this.#clear(node, place);
    this.#makeAbove();
    this.#destination.times.touch(parentOf(target));
    if (!vacant) this.#makeRoom(target);
    const first = attributes.link === undefined ? undefined : this.#links.get(attributes.link);
    if (first !== undefined && node.kind === 'file') {
      linkSync(fsPath(first), fsPath(target));
      return;
    }
    if (node.kind === 'file' && attributes.link === undefined) {
      const path = target.slice(this.#destination.root.length);
      if (this.#options.written?.leavesOut(node, path, { vacant })) return;
    }
    if (node.kind === 'file') {
      const { uid, gid } = this.#options.owner ?? attributes;
      copyFile(node.hostPath, target, { size: attributes.size, uid, gid, mode: this.#modeOf(node, attributes) });
      this.#addXattrs(node, target);
    } else {
      this.#make(node, attributes, target);
      this.#dress(node, attributes, target);
    }
    if (attributes.link !== undefined) this.#links.set(attributes.link, target);
    setTimes(fsPath(target), timesOf(this.#options.time ?? attributes.mtime));
    node.verify();
  }

  #folder(node: TreeNode, place: Place, wanted: boolean): void {
    const { inside, target } = place;
    const top = inside === '';
    let made = false;
    if (wanted) {
      this.#clear(node, place);
      this.#makeAbove();
      made = this.#ensureFolder(node, target, { dress: !top, fresh: place.fresh });
    }
    const excluded = place.exclude?.matched ?? false;
    const hint = top ? undefined : this.#filter.visit(inside, { directory: true }, place.hint);
    if (!(excluded && !this.#exclude!.hasExceptions) && hint?.descend !== false) {
      this.#above.push({ node, target, made: wanted });
      for (const child of node.children()) {
        const name = textOf(child.name);
        this.#copy(child, {
          inside: top ? name : `${inside}/${name}`,
          target: `${target}/${child.name}`,
          fresh: made,
          include: place.include,
          exclude: place.exclude,
          hint,
        });
      }
      this.#above.pop();
    }
    // fsutil gives a folder that was there the source's time, and leaves it the rest.
    if (wanted && top && !made) this.#setFolderTime(node, target);
  }

  /** Makes the folder or takes the one that is there. Says whether it was made. */
  #ensureFolder(
    node: TreeNode,
    target: BytePath,
    { dress, fresh }: { readonly dress: boolean; readonly fresh: boolean },
  ): boolean {
    const found = fresh ? undefined : this.#destination.stat(target);
    if (found && !found.isDirectory()) {
      throw this.#destination.conflict(target, 'is not a folder: a folder cannot be copied onto it');
    }
    const attributes = node.attributes();
    if (!found) {
      this.#destination.times.touch(parentOf(target));
      mkdirSync(fsPath(target), attributes.mode);
    }
    if (!found || dress) {
      this.#dress(node, attributes, target);
      this.#setFolderTime(node, target);
    }
    return !found;
  }

  #setFolderTime(node: TreeNode, target: BytePath): void {
    const time = this.#options.time ?? node.attributes().mtime;
    if (time !== undefined) this.#destination.times.set(target, time);
  }

  /** Folders on the way that are not wanted by themselves, now that something in them is. */
  #makeAbove(): void {
    for (const above of this.#above) {
      if (above.made) continue;
      this.#ensureFolder(above.node, above.target, { dress: true, fresh: false });
      above.made = true;
    }
  }

  /** Whether nothing is there yet, so that nothing has to be removed. */
  #isVacant({ target, fresh }: Place): boolean {
    const found = !fresh && this.#destination.stat(target) !== undefined;
    if (found) this.#options.written?.replaces();
    return !found;
  }

  #clear(node: TreeNode, { target, fresh }: Place): void {
    if (!this.#options.replace || fresh) return;
    const found = this.#destination.stat(target);
    if (!found || (found.isDirectory() && node.kind === 'directory')) return;
    this.#destination.remove(target);
  }

  #makeRoom(target: BytePath): void {
    const found = this.#destination.stat(target);
    if (!found) return;
    if (found.isDirectory()) throw this.#destination.conflict(target, 'is a folder: a file cannot be copied onto it');
    this.#destination.remove(target);
  }

  #make(node: TreeNode, { mode, rdev }: Attributes, target: BytePath): void {
    switch (node.kind) {
      case 'symlink':
        return symlinkSync(fsPath(node.target), fsPath(target));
      case 'fifo':
        return makeSpecialFile(fsPath(target), { kind: 'fifo', mode });
      case 'character':
      case 'block':
        return makeSpecialFile(fsPath(target), { kind: node.kind, mode, ...deviceParts(rdev) });
      case 'socket':
        // Nobody can listen on a copy; BuildKit leaves an empty file in its place.
        return closeSync(openSync(fsPath(target), 'wx', mode));
      case 'file':
      case 'directory':
        throw new Error('files are made by copyFile, folders by ensureFolder');
    }
  }

  /** Owner, then mode (a new owner clears setuid), then attributes (a new owner clears capabilities). */
  #dress(node: TreeNode, attributes: Attributes, target: BytePath): void {
    const { uid, gid } = this.#options.owner ?? attributes;
    const path = fsPath(target);
    lchownSync(path, uid, gid);
    if (node.kind !== 'symlink') chmodSync(path, this.#modeOf(node, attributes));
    this.#addXattrs(node, target);
  }

  #modeOf({ kind }: TreeNode, { mode }: Attributes): number {
    const change = this.#options.mode;
    return change ? change(mode, { directory: kind === 'directory' }) : mode;
  }

  #addXattrs(node: TreeNode, target: BytePath): void {
    for (const { name, value } of node.xattrs()) trySetXattr(fsPath(target), name, value);
  }
}

/** As BuildKit, leaves out what the file system does not take. */
export function trySetXattr(path: string | Buffer, name: string, value: Uint8Array): void {
  try {
    setXattr(path, name, value);
  } catch (error) {
    if (!refusals.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
}

const refusals = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EACCES']);

function timesOf(mtime: bigint | undefined): { readonly atime?: bigint; readonly mtime?: bigint } {
  return mtime === undefined ? {} : { atime: mtime, mtime };
}
