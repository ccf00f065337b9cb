// A client's folder as a tree, read where it lies: each folder is listed once, when somebody first asks what is in it,
// and each file is read once, when somebody first asks for its digest and the stat index does not know it.
import { realpathSync, statSync } from 'node:fs';
import { digestOf } from '../../oci/digest.ts';
import type { Pool } from '../../pool/pool.ts';
import { bytePath, textOf, type BytePath } from '../../std/byte-path.ts';
import { keepIfRoom } from '../../std/disk-full.ts';
import { Failed, failedOf } from '../../std/failed.ts';
import { PathFilter } from '../../std/patterns.ts';
import { Semaphore } from '../../std/semaphore.ts';
import type { PathMissing } from '../../cache/content-hash/failure.ts';
import type { HostTree, PortableTree, TreeNode } from '../../cache/tree.ts';
import { explainMissing } from './explain.ts';
import type { LocalFailure } from './failure.ts';
import { followPaths, withoutCovered } from './follow-paths.ts';
import type { SeenFolder } from '../looked-at.ts';
import { hashFiles } from './hash-files.ts';
import type { ContextModes } from './modes.ts';
import { LocalNode, type Surroundings } from './node.ts';
import { width, type Rows } from './rows.ts';
import { FolderDigests, type StatIndex, type StatTable } from './stat-index.ts';

/** Which part of a folder is the tree. */
export interface TreePatterns {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  readonly modes: ContextModes;
}

/** What was really done to read a tree; for tests and people. */
export interface TreeCounts {
  folders: number;
  entries: number;
  /** Files whose content was read for a digest. */
  files: number;
}

/** What was seen of a tree so far, and how to look at the rest. */
interface PackedTree {
  readonly path: BytePath;
  readonly patterns: TreePatterns;
  readonly folders: ReadonlyMap<BytePath, Rows>;
}

/** What a tree works with. */
export interface TreeSurroundings {
  readonly index: StatIndex;
  readonly pool: Pool;
  /** Milliseconds since the epoch; the clock of the machine whose files these are. */
  readonly now?: () => number;
}

export class LocalTree implements HostTree {
  readonly root: TreeNode;
  readonly path: string;
  readonly counts: TreeCounts = { folders: 0, entries: 0, files: 0 };
  readonly #patterns: TreePatterns;
  readonly #index: StatIndex;
  readonly #table: StatTable<Uint8Array>;
  readonly #pool: Pool;
  readonly #now: () => number;
  readonly #folders = new Map<BytePath, Rows>();
  /** Folders whose digests were asked for, with all names that are in them. */
  readonly #digests = new Map<string, { readonly digests: FolderDigests; readonly names: () => readonly BytePath[] }>();
  /** One question at a time, so that no file is read twice. */
  readonly #turn = new Semaphore(1);
  #unknown: LocalNode[] | undefined;

  /** Opens a folder of this machine; throws `Failed` with `folder-missing`. Nothing in it is looked at yet. */
  constructor(
    folder: string,
    patterns: TreePatterns & { readonly followPaths?: readonly string[] },
    { index, pool, now = Date.now }: TreeSurroundings,
  ) {
    this.path = realFolder(folder);
    this.#patterns = { ...patterns, include: includeOf(this.path, patterns) };
    this.#index = index;
    this.#pool = pool;
    this.#now = now;
    this.#table = index.table<Uint8Array>('stat');
    this.root = LocalNode.root(
      bytePath(this.path),
      surroundings(this.#patterns, {
        now,
        listed: (path, rows) => {
          this.counts.folders++;
          this.counts.entries += rows.names.length;
          this.#folders.set(path, rows);
        },
        digestsOf: (path, names) => this.#digestsOf(path, names),
        unknown: (node) => this.#unknown?.push(node) !== undefined,
      }),
    );
  }

  async answer<T>(question: (root: TreeNode) => T, { signal }: { readonly signal: AbortSignal }): Promise<T> {
    using _turn = await this.#turn.acquire({ signal });
    for (;;) {
      const unknown = (this.#unknown = [] as LocalNode[]);
      let answer: T;
      try {
        answer = question(this.root);
      } catch (error) {
        throw this.#explained(error);
      } finally {
        this.#unknown = undefined;
      }
      if (unknown.length === 0) {
        await this.#keep();
        return answer;
      }
      await this.#hash([...new Set(unknown)], signal);
    }
  }

  /** Every folder that was listed, with its entries as they were then. */
  *seen(): Generator<SeenFolder> {
    for (const [path, { names, numbers }] of this.#folders) yield { path, names, numbers };
  }

  #explained(error: unknown): unknown {
    const failure = (failedOf(error, 'path-missing') as Failed<PathMissing> | undefined)?.failure;
    if (!failure) return error;
    const message = explainMissing(this.root, failure.path);
    return new Failed<PathMissing>({ ...failure, message }, { cause: error });
  }

  portable(): PortableTree {
    const data: PackedTree = { path: bytePath(this.path), patterns: this.#patterns, folders: this.#folders };
    return { module: import.meta.url, data };
  }

  async #hash(nodes: readonly LocalNode[], signal: AbortSignal): Promise<void> {
    let left = nodes;
    for (let attempt = 1; left.length > 0; attempt++) {
      const rows = new Float64Array(left.length * width);
      for (const [i, node] of left.entries()) rows.set(node.numbers(), i * width);
      const since = this.#now();
      const paths = left.map((node) => node.hostPath);
      const digests = await hashFiles({ paths, rows, modes: this.#patterns.modes }, { pool: this.#pool, signal });
      this.counts.files += left.length;
      left = left.filter((node, i) => {
        const digest = digests[i];
        if (digest) node.learn(digest, since);
        else node.lookAgain(attempt < attempts);
        return digest === undefined;
      });
    }
  }

  #digestsOf(path: BytePath, names: () => readonly BytePath[]): FolderDigests {
    let known = this.#digests.get(path);
    if (!known) {
      known = { digests: new FolderDigests(this.#table.get(this.#key(path))), names };
      this.#digests.set(path, known);
    }
    return known.digests;
  }

  /** Writes down what was learnt. */
  async #keep(): Promise<void> {
    const dirty = [...this.#digests].filter(([, { digests }]) => digests.dirty);
    if (dirty.length === 0) return;
    const records = dirty.map(([path, { digests, names }]) => {
      const all = new Set(names());
      return [this.#key(path), digests.take((name) => all.has(name))] as const;
    });
    const writing = this.#index.write(() => {
      for (const [key, record] of records) this.#table.put(key, record);
    });
    await keepIfRoom(writing);
  }

  #key(path: BytePath): string {
    return `${this.#patterns.modes}:${path.length < 500 ? textOf(path) : digestOf(textOf(path))}`;
  }
}

/** The root of a tree that came from another thread (`PortableTree`). Knows no digests. */
export function openTree({ path, patterns, folders }: PackedTree): TreeNode {
  return LocalNode.root(path, surroundings(patterns, { packed: folders }));
}

function surroundings(patterns: TreePatterns, more: Partial<Surroundings>): Surroundings {
  const { include, exclude, modes } = patterns;
  const filter = include.length > 0 || exclude.length > 0 ? new PathFilter({ include, exclude }) : undefined;
  return {
    modes,
    filter,
    now: Date.now,
    listed: () => {},
    digestsOf: () => new FolderDigests(),
    unknown: () => false,
    ...more,
  };
}

/** How often a file may change under our hands before we give up. */
const attempts = 3;

function includeOf(
  path: string,
  { include, followPaths: follow }: { readonly include: readonly string[]; readonly followPaths?: readonly string[] },
): readonly string[] {
  const followed = follow && followPaths(path, follow);
  return followed ? (withoutCovered([...include, ...followed]) ?? []) : include;
}

function realFolder(folder: string): string {
  try {
    const path = realpathSync(folder);
    if (statSync(path).isDirectory()) return path;
  } catch (error) {
    throw missing(folder, error);
  }
  throw missing(folder);
}

function missing(path: string, cause?: unknown): Failed<LocalFailure> {
  const message = `${path} is not a folder that can be read`;
  return new Failed<LocalFailure>({ kind: 'folder-missing', path, message }, { cause });
}
