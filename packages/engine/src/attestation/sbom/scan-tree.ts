// Finds the packages of a tree in its own databases. Runs on the pool.

import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, type Dirent } from 'node:fs';
import { task, type TaskContext } from '../../pool/tasks.ts';
import { bytePath, fsPath, textOf, type BytePath } from '../../std/byte-path.ts';
import { Failed } from '../../std/failed.ts';
import { closeDescriptor, openInRoot } from '../../sys/openat2.ts';
import type { AttestationFailure } from '../failure.ts';
import { readApk } from './apk.ts';
import { readDpkg } from './dpkg.ts';
import type { Distribution, FoundPackage, ScannedTree } from './found-package.ts';
import { readPackageJson, readPackageLock } from './npm.ts';

/** Databases are smaller than this; what is larger is none of them. */
const maxFile = 64 << 20;

/** What the tree at this path holds. Links are followed as a process would whose root it is, and never lead out. */
export const scanTree = task(import.meta.url, scanTreeHere);

export function scanTreeHere(root: string, { check }: TaskContext): ScannedTree {
  const tree = new OpenTree(root);
  try {
    const found: FoundPackage[] = [];
    const add = (path: BytePath, read: (text: string, foundIn: string) => readonly FoundPackage[]) => {
      check();
      const text = tree.read(path);
      if (text !== undefined) found.push(...read(text, `/${textOf(path)}`));
    };
    add('var/lib/dpkg/status', readDpkg);
    for (const name of tree.names('var/lib/dpkg/status.d')) {
      if (!name.endsWith('.md5sums')) add(`var/lib/dpkg/status.d/${name}`, readDpkg);
    }
    // Where /lib is a link to /usr/lib it is one file under two names.
    for (const path of ['lib/apk/db/installed', 'usr/lib/apk/db/installed']) add(path, readApk);
    for (const path of npmFiles(bytePath(root), check)) {
      add(path, (text, foundIn) => {
        if (path.endsWith('/package-lock.json') || path === 'package-lock.json') return readPackageLock(text, foundIn);
        const one = readPackageJson(text, foundIn);
        return one ? [one] : [];
      });
    }
    const osRelease = tree.read('etc/os-release') ?? tree.read('usr/lib/os-release');
    const distribution = osRelease === undefined ? undefined : readOsRelease(osRelease);
    return { packages: unique(found), ...(distribution && { distribution }) };
  } finally {
    tree.close();
  }
}

/** Each `package.json` of a package in a `node_modules`, and each lock file beside which there is no such folder. */
function* npmFiles(root: BytePath, check: () => void): Generator<BytePath> {
  const open: BytePath[] = [''];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    check();
    const inside = folder === '' ? '' : `${folder}/`;
    const entries = entriesOf(`${root}/${folder}`);
    const modules = entries.some((entry) => entry.name === 'node_modules' && entry.isDirectory());
    // `node_modules/a`, `node_modules/@scope/a`
    const isPackage = /(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/@][^/]*$/.test(folder);
    for (const entry of entries) {
      const path = `${inside}${entry.name}`;
      if (entry.isDirectory()) {
        if (folder !== '' || !['proc', 'sys', 'dev'].includes(entry.name)) open.push(path);
      } else if (entry.isFile()) {
        if (entry.name === 'package.json' && isPackage) yield path;
        if (entry.name === 'package-lock.json' && !modules && !/(?:^|\/)node_modules\//.test(path)) yield path;
      }
    }
  }
}

function entriesOf(folder: BytePath): Dirent[] {
  return readdirSync(fsPath(folder), { withFileTypes: true, encoding: 'latin1' });
}

/** A tree whose files are opened as a process would whose root it is. */
class OpenTree {
  readonly #root: number;

  constructor(path: string) {
    this.#root = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  }

  /** Undefined where there is no such file. */
  read(path: BytePath): string | undefined {
    // Opening a pipe waits for its other end, unless told not to.
    const fd = this.#open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (fd === undefined) return undefined;
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile()) return undefined;
      if (stats.size > maxFile) {
        const name = `/${textOf(path)}`;
        const message = `${name} has ${stats.size} bytes: what tells of packages has at most ${maxFile}`;
        throw new Failed<AttestationFailure>({ kind: 'sbom-malformed', path: name, message });
      }
      const bytes = Buffer.allocUnsafe(stats.size);
      let length = 0;
      for (let read = 1; read > 0 && length < bytes.length; length += read) {
        read = readSync(fd, bytes, length, bytes.length - length, null);
      }
      return bytes.toString('utf8', 0, length);
    } finally {
      closeDescriptor(fd);
    }
  }

  /** Sorted; none where there is no such folder. */
  names(path: BytePath): readonly BytePath[] {
    const fd = this.#open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    if (fd === undefined) return [];
    try {
      return readdirSync(`/proc/self/fd/${fd}`, 'latin1').sort();
    } finally {
      closeDescriptor(fd);
    }
  }

  close(): void {
    closeSync(this.#root);
  }

  #open(path: BytePath, flags: number): number | undefined {
    try {
      return openInRoot(this.#root, fsPath(path), { flags });
    } catch (error) {
      if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO'].includes((error as NodeJS.ErrnoException).code ?? ''))
        return undefined;
      throw error;
    }
  }
}

/** Shell assignments, as in os-release(5). */
export function readOsRelease(text: string): Distribution | undefined {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^([A-Z_]+)=(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined) values.set(name, value!.replace(/^(["'])(.*)\1$/, '$2').replaceAll(/\\(.)/g, '$1'));
  }
  const [id, version, prettyName] = [values.get('ID'), values.get('VERSION_ID'), values.get('PRETTY_NAME')];
  if (!id) return undefined;
  return { id, ...(version && { version }), ...(prettyName && { prettyName }) };
}

/** By type, name, version and architecture, each once: the one that was found at the first path. */
function unique(packages: readonly FoundPackage[]): readonly FoundPackage[] {
  const keyOf = ({ type, name, version, architecture = '' }: FoundPackage) =>
    [type, name, version, architecture].join('\0');
  const found = new Map<string, FoundPackage>();
  for (const each of packages.toSorted((a, b) => (a.foundIn < b.foundIn ? -1 : a.foundIn > b.foundIn ? 1 : 0))) {
    if (!found.has(keyOf(each))) found.set(keyOf(each), each);
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, each]) => each);
}
