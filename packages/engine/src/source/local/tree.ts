// A client's folder as a tree, read where it lies: each folder is listed once, when somebody first asks what is in it,
// and each file is read once, when somebody first asks for its digest and the stat index does not know it.

import { realpathSync, statSync } from 'node:fs';
import type { Selector } from '../../cache/content-hash.ts';
import type { PathMissing } from '../../cache/content-hash/failure.ts';
import type { HostTree, ManifestEntry, PortableTree, TreeNode } from '../../cache/tree.ts';
import type { Pool } from '../../pool/pool.ts';
import { bytePath, type BytePath } from '../../std/byte-path.ts';
import { Failed, failedOf } from '../../std/failed.ts';
import { PathFilter } from '../../std/patterns.ts';
import type { SeenFolder } from '../looked-at.ts';
import { explainMissing } from './explain.ts';
import type { LocalFailure } from './failure.ts';
import { followPaths, withoutCovered } from './follow-paths.ts';
import { hashFiles } from './hash-files.ts';
import { manifestOf } from './manifest.ts';
import type { ContextMemory } from './memory.ts';
import type { ContextModes } from './modes.ts';
import { LocalNode, type Surroundings } from './node.ts';
import { listFolder, width, type Rows } from './rows.ts';
import { FolderDigests } from './stat-index.ts';

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

/** All that is in the folders that were listed, whatever the patterns. */
export type Listing = Map<BytePath, Rows>;

/** What a tree works with. */
export interface TreeSurroundings {
  /** What is known of the files of a folder, by its real path. */
  readonly memory: (path: string) => ContextMemory;
  readonly pool: Pool;
  /** What other trees of the same folder saw of it in the same build. */
  readonly listing?: Listing;
  /** Milliseconds since the epoch; the clock of the machine whose files these are. */
  readonly now?: () => number;
}

export class LocalTree implements HostTree {
  readonly root: LocalNode;
  readonly path: string;
  readonly counts: TreeCounts = { folders: 0, entries: 0, files: 0 };
  readonly #patterns: TreePatterns;
  readonly #memory: ContextMemory;
  readonly #pool: Pool;
  readonly #now: () => number;
  readonly #folders = new Map<BytePath, Rows>();
  readonly #listing: Listing;
  /** Folders whose digests were asked for. */
  readonly #asked = new Set<BytePath>();
  #unknown: LocalNode[] | undefined;

  /** Opens a folder of this machine; throws `Failed` with `folder-missing`. Nothing in it is looked at yet. */
  constructor(
    folder: string,
    patterns: TreePatterns & { readonly followPaths?: readonly string[] },
    { memory, pool, now = Date.now, listing = new Map() }: TreeSurroundings,
  ) {
    this.path = realFolder(folder);
    this.#patterns = { ...patterns, include: includeOf(this.path, patterns) };
    this.#memory = memory(this.path);
    this.#listing = listing;
    this.#pool = pool;
    this.#now = now;
    this.root = LocalNode.root(
      bytePath(this.path),
      surroundings(this.#patterns, {
        now,
        list: (path) => this.#list(path),
        listed: (path, rows) => this.#folders.set(path, rows),
        digestsOf: (path) => {
          this.#asked.add(path);
          return this.#memory.of(path, this.#patterns.modes);
        },
        unknown: (node) => this.#unknown?.push(node) !== undefined,
      }),
    );
  }

  async answer<T>(question: (root: TreeNode) => T, { signal }: { readonly signal: AbortSignal }): Promise<T> {
    using _turn = await this.#memory.turn.acquire({ signal });
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
        const asked = [...this.#asked].map((path) => [path, this.#list(path).names] as const);
        await this.#memory.keep(asked, this.#patterns.modes);
        return answer;
      }
      await this.#hash([...new Set(unknown)], signal);
    }
  }

  manifest(selectors: readonly Selector[]): readonly ManifestEntry[] {
    return manifestOf(this.root, selectors);
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

  #list(path: BytePath): Rows {
    let rows = this.#listing.get(path);
    if (!rows) {
      rows = listFolder(path);
      this.counts.folders++;
      this.counts.entries += rows.names.length;
      this.#listing.set(path, rows);
    }
    return rows;
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
    list: listFolder,
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
