import { lstatSync, readlinkSync } from 'node:fs';
import { header, type Xattr } from '../../cache/content-hash/header.ts';
import { kindOf } from '../../cache/mounted-tree.ts';
import type { Attributes, NodeKind, TreeNode } from '../../cache/tree.ts';
import { digestOf, type Digest } from '../../oci/digest.ts';
import { fsPath, textOf, type BytePath } from '../../std/byte-path.ts';
import { Failed } from '../../std/failed.ts';
import type { FilterState, PathFilter } from '../../std/patterns.ts';
import { isSettled } from '../../std/settled.ts';
import type { ContextChanged } from './failure.ts';
import { contextXattrs, hashFilesHere } from './hash-files.ts';
import { treeMode, type ContextModes } from './modes.ts';
import { column, isUnchanged, rowOf, width, type Rows } from './rows.ts';
import type { FolderDigests } from './stat-index.ts';

/** What the nodes of one tree share. */
export interface Surroundings {
  readonly modes: ContextModes;
  readonly filter: PathFilter | undefined;
  /** Folders that another thread listed. */
  readonly packed?: ReadonlyMap<BytePath, Rows>;
  readonly now: () => number;
  /** All that is in a folder. */
  list(path: BytePath): Rows;
  /** What of it belongs to the tree. */
  listed(path: BytePath, rows: Rows): void;
  digestsOf(path: BytePath): FolderDigests;
  /** Takes note of a file whose digest is not known; false if it is to be read at once. */
  unknown(node: LocalNode): boolean;
}

/** An entry of a client's folder. Owned by root, whoever owns it there (SOL-009). */
export class LocalNode implements TreeNode {
  readonly name: BytePath;
  readonly kind: NodeKind;
  readonly #tree: Surroundings;
  readonly #parent: LocalNode | undefined;
  readonly #rows: Rows | undefined;
  readonly #row: number;
  /** What the patterns say of it. */
  readonly #judged: FilterState | undefined;
  /** Host path of a folder; the others make theirs from it. */
  readonly #path: BytePath | undefined;
  #children: readonly LocalNode[] | undefined;
  #byName: ReadonlyMap<BytePath, LocalNode> | undefined;
  #digest: Digest | undefined;
  /** Of a folder: what is known of its entries. */
  #entries: FolderDigests | undefined;

  static root(path: BytePath, tree: Surroundings): LocalNode {
    return new LocalNode(tree, { path });
  }

  private constructor(tree: Surroundings, place: Place) {
    this.#tree = tree;
    if ('path' in place) {
      this.name = '';
      this.kind = 'directory';
      this.#path = place.path === '/' ? '' : place.path;
      this.#row = 0;
      return;
    }
    const { parent, rows, row, judged } = place;
    this.name = rows.names[row]!;
    this.kind = kindOf({ mode: rows.numbers[row * width + column.mode]! });
    this.#parent = parent;
    this.#rows = rows;
    this.#row = row;
    this.#judged = judged;
    if (this.kind === 'directory') this.#path = `${parent.hostPath}/${this.name}`;
  }

  get hostPath(): BytePath {
    return this.#path ?? `${this.#parent!.hostPath}/${this.name}`;
  }

  get target(): BytePath {
    return this.kind === 'symlink' ? readlinkSync(fsPath(this.hostPath), 'latin1') : '';
  }

  children(): readonly LocalNode[] {
    if (this.kind !== 'directory') return [];
    return (this.#children ??= this.#list());
  }

  child(name: BytePath): LocalNode | undefined {
    if (this.kind !== 'directory') return undefined;
    return (this.#byName ??= new Map(this.children().map((child) => [child.name, child]))).get(name);
  }

  digest(): Digest {
    return (this.#digest ??= this.#parent ? this.#known() : rootDigest) ?? this.#hash();
  }

  /** Permission bits as they count in the tree. */
  get mode(): number {
    return this.#parent ? treeMode(this.numbers()[column.mode]!, this.#tree.modes) : 0o755;
  }

  /** The row as lstat gave it. */
  numbers(): Float64Array {
    return this.#rows!.numbers.subarray(this.#row * width, (this.#row + 1) * width);
  }

  /** Takes a digest that was made of this node's row, looked at from `since` on. */
  learn(digest: Digest, since: number): void {
    this.#digest = digest;
    this.#digests().put(this.name, { numbers: this.#rows!.numbers, row: this.#row, digest, since });
  }

  /** The file changed since its folder was listed: sees what it is now, if that may be. */
  lookAgain(may: boolean): void {
    const row = may ? rowOf(this.hostPath) : undefined;
    if (!row || kindOf({ mode: row[column.mode]! }) !== this.kind) throw this.#changed();
    this.#rows!.numbers.set(row, this.#row * width);
  }

  /** What the entry is like now; throws `Failed` with `context-changed` if it is not what was hashed. */
  attributes(): Attributes {
    if (!this.#parent) return { mode: 0o755, uid: 0, gid: 0, size: 0, mtime: undefined, rdev: 0, link: undefined };
    const stats = lstatSync(fsPath(this.hostPath), { bigint: true, throwIfNoEntry: false });
    const row = this.numbers();
    const same = stats && isUnchanged(row, 0, stats);
    // A folder may get new entries meanwhile (a build's own output, say); they are none of ours.
    const accepted = same || (this.kind === 'directory' && stats && Number(stats.mode) === row[column.mode]);
    if (!accepted) throw this.#changed();
    return {
      mode: treeMode(row[column.mode]!, this.#tree.modes),
      uid: 0,
      gid: 0,
      size: row[column.size]!,
      mtime: same ? stats.mtimeNs : BigInt(Math.round(row[column.mtime]! * 1000)) * 1000n,
      rdev: row[column.rdev]!,
      link: row[column.nlink]! > 1 && this.kind !== 'directory' ? `${row[column.dev]}:${row[column.ino]}` : undefined,
    };
  }

  /** BuildKit's transfer of a context loses capabilities, though they count in its digest. */
  xattrs(): readonly Xattr[] {
    return this.#parent ? contextXattrs(this.hostPath).filter(({ name }) => name !== 'security.capability') : [];
  }

  verify(): void {
    this.attributes();
  }

  identity(at: number): string | undefined {
    const row = this.numbers();
    return isSettled(row[column.ctime]!, at) ? `${this.#tree.modes} ${row.join()}` : undefined;
  }

  #list(): LocalNode[] {
    const path = this.hostPath;
    const packed = this.#tree.packed?.get(path);
    if (packed) return packed.names.map((_, row) => this.#node(packed, row));
    const all = this.#tree.list(path);
    if (this.#tree.filter) return this.#choose(all, path);
    this.#tree.listed(path, all);
    return all.names.map((_, row) => this.#node(all, row));
  }

  /** The entries that the patterns let pass, and the folders that are there for the sake of what is in them. */
  #choose(all: Rows, path: BytePath): LocalNode[] {
    const names: BytePath[] = [];
    const rows: Rows = { names, numbers: new Float64Array(all.numbers.length) };
    const nodes: LocalNode[] = [];
    for (const [i, name] of all.names.entries()) {
      const row = names.length;
      rows.numbers.set(all.numbers.subarray(i * width, (i + 1) * width), row * width);
      names.push(name);
      const node = this.#node(rows, row);
      const { selected, descend } = node.#judged!;
      if (selected || (descend && node.children().length > 0)) nodes.push(node);
      else names.pop();
    }
    this.#tree.listed(path, rows);
    return nodes;
  }

  #node(rows: Rows, row: number): LocalNode {
    return new LocalNode(this.#tree, { parent: this, rows, row, judged: this.#judge(rows, row) });
  }

  #judge({ names, numbers }: Rows, row: number): FilterState | undefined {
    const directory = kindOf({ mode: numbers[row * width + column.mode]! }) === 'directory';
    return this.#tree.filter?.visit(textOf(this.#inside(names[row]!)), { directory }, this.#judged);
  }

  /** Path from the root to a child. */
  #inside(name: BytePath): BytePath {
    return this.#parent ? `${this.#parent.#inside(this.name)}/${name}` : name;
  }

  #known(): Digest | undefined {
    return this.#digests().get(this.name, this.#rows!.numbers, this.#row);
  }

  #digests(): FolderDigests {
    const folder = this.#parent!;
    return (folder.#entries ??= this.#tree.digestsOf(folder.hostPath));
  }

  #hash(): Digest {
    const since = this.#tree.now();
    const row = this.numbers();
    if (this.kind === 'file' && row[column.size] !== 0) {
      if (this.#tree.unknown(this)) return pending;
      const [digest] = hashFilesHere(
        { paths: [this.hostPath], rows: row.slice(), modes: this.#tree.modes },
        { check: () => {} },
      );
      if (!digest) throw this.#changed();
      return (this.#digest = digest);
    }
    const rdev = row[column.rdev]!;
    const isDevice = this.kind === 'character' || this.kind === 'block';
    const digest = digestOf(
      header({
        kind: this.kind,
        mode: treeMode(row[column.mode]!, this.#tree.modes),
        uid: 0,
        gid: 0,
        size: 0,
        ...this.#look(),
        ...(isDevice && { device: { major: (rdev >>> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >>> 12) & 0xfff00) } }),
      }),
    );
    this.learn(digest, since);
    return digest;
  }

  /** What the row does not say. */
  #look(): { readonly target: BytePath; readonly xattrs: readonly Xattr[] } {
    try {
      return { target: this.target, xattrs: contextXattrs(this.hostPath) };
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      // Gone, or no symlink any more.
      throw code === 'ENOENT' || code === 'ENOTDIR' || code === 'EINVAL' ? this.#changed() : error;
    }
  }

  #changed(): Failed<ContextChanged> {
    const path = textOf(this.hostPath);
    const message = `${path} changed while it was being read; build again when it is at rest`;
    return new Failed<ContextChanged>({ kind: 'context-changed', path, message });
  }
}

type Place =
  | { readonly path: BytePath }
  | { readonly parent: LocalNode; readonly rows: Rows; readonly row: number; readonly judged: FilterState | undefined };

/** BuildKit never sees the client's root itself. */
const rootDigest = digestOf('');
/** Stands for a digest that is asked for again. */
const pending: Digest = digestOf('pending');
