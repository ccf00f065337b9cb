// Who is alive, and what they use. Each process that opens the cache has a lease: a file under a kernel lock that dies
// with the process, and beside it a list of what it holds. Taking hold of something is one small write; nothing is lost
// if the process is killed, because then its list no longer counts.
//
// Between one who takes hold and one who removes: the first writes its list and then looks whether the thing is (still)
// there; the second marks the thing as going and then reads the lists. So at least one of them sees the other.

import {
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { asDiskFull, diskFull } from '../std/disk-full.ts';
import { failedOf } from '../std/failed.ts';
import { type Lock, tryLock } from '../std/lock.ts';
import { uniqueName } from '../std/temp.ts';

export interface Lease {
  /** Names this opening of the cache, also in what other rooms leave around for others to clean up. */
  readonly id: string;
  /** When it was opened, in milliseconds since the epoch. */
  readonly since: number;
}

/** Cleans up what a dead process with this lease left somewhere else (cgroups, containers). */
export type DeadOwner = (lease: string) => Promise<void>;

export class OwnLease implements Lease, Disposable {
  readonly id: string;
  readonly since: number;
  readonly #folder: string;
  readonly #lock: Lock;
  readonly #held = new Map<string, number>();
  #list: number;
  #written = 0;

  constructor(folder: string) {
    this.#folder = folder;
    // A sweeper may find the file before it is locked, and take it for a dead one's.
    let lock: Lock | undefined;
    do lock = tryLock(join(folder, uniqueName()));
    while (!lock);
    this.#lock = lock;
    this.id = basename(lock.path);
    this.since = statSync(this.#lock.path).mtimeMs;
    this.#list = openSync(this.#listPath, 'a', 0o600);
  }

  /** Counts one more hold on `name`. Others see it once this returns. */
  hold(name: string): void {
    const count = this.#held.get(name) ?? 0;
    this.#held.set(name, count + 1);
    if (count > 0) return;
    try {
      this.#write(`\n+${name}`);
    } catch (error) {
      this.#held.delete(name);
      throw error;
    }
  }

  release(name: string): void {
    const count = this.#held.get(name);
    if (count === undefined) throw new Error(`${name} is not held`);
    if (count > 1) {
      this.#held.set(name, count - 1);
      return;
    }
    this.#held.delete(name);
    try {
      this.#write(`\n-${name}`);
    } catch (error) {
      // To others it is held a little too long then: until there is room, or this process ends.
      if (!failedOf(error, 'disk-full')) throw error;
    }
  }

  holds(name: string): boolean {
    return this.#held.has(name);
  }

  #write(line: string): void {
    try {
      const written = writeSync(this.#list, line);
      // A line begins with its newline, so that one which was cut short spoils no other.
      if (written < Buffer.byteLength(line)) throw diskFull(this.#folder);
      this.#written += written;
      if (this.#written > longestList) this.#shorten();
    } catch (error) {
      throw asDiskFull(error, this.#folder);
    }
  }

  /** Begins the list anew with what is still held; whoever reads sees either list whole. */
  #shorten(): void {
    const path = `${this.#listPath}.new`;
    const list = openSync(path, 'w', 0o600);
    const lines = [...this.#held.keys()].map((name) => `\n+${name}`).join('');
    if (writeSync(list, lines) < Buffer.byteLength(lines)) {
      closeSync(list);
      return; // no room: the longer one serves as well
    }
    this.#written = 0;
    renameSync(path, this.#listPath);
    closeSync(this.#list);
    this.#list = list;
  }

  get #listPath(): string {
    return join(this.#folder, `${this.id}.list`);
  }

  [Symbol.dispose](): void {
    closeSync(this.#list);
    unlinkSync(this.#listPath);
    this.#lock.remove();
  }
}

/** In bytes. A process that lives long would otherwise write without end. */
const longestList = 1 << 20;

/** The leases of others that are alive: since when, and what they hold. */
export function* liveLeases(folder: string, own: Lease): Generator<Lease & { readonly held: ReadonlySet<string> }> {
  for (const id of ids(folder)) {
    if (id === own.id) continue;
    const path = join(folder, id);
    const lock = tryLock(path, 'shared');
    if (lock) {
      // Without a list beside it nobody has it: looking made it again after its owner left, or its owner took another.
      if (!existsSync(`${path}.list`)) removeIfThere(path);
      lock[Symbol.dispose]();
      continue;
    }
    const file = statSync(path, { throwIfNoEntry: false });
    if (file) yield { id, since: file.mtimeMs, held: readList(`${path}.list`) };
  }
}

/** Lets `clean` see each lease whose owner is dead, then removes it. Two processes never clean up the same one. */
export async function sweepLeases(folder: string, own: Lease, clean: readonly DeadOwner[]): Promise<void> {
  for (const id of ids(folder)) {
    if (id === own.id) continue;
    const path = join(folder, id);
    using lock = tryLock(path);
    if (!lock) continue;
    for (const each of clean) await each(id);
    for (const file of [`${path}.list`, `${path}.list.new`]) removeIfThere(file);
    lock.remove();
  }
}

function ids(folder: string): string[] {
  return readdirSync(folder).filter((name) => !name.includes('.'));
}

function readList(path: string): ReadonlySet<string> {
  const held = new Set<string>();
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return held; // it was just closed
    throw error;
  }
  for (const line of text.split('\n')) {
    if (line.startsWith('+')) held.add(line.slice(1));
    else held.delete(line.slice(1));
  }
  return held;
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
