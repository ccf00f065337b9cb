// The folders of RUN --mount=type=cache. An id has folders numbered from 0, each with a lock file beside it: `shared` and
// `locked` use the first one together or alone, `private` the first that nobody uses. Clearing an id begins a new
// generation: who is using a folder keeps it, nobody else gets it any more.

import { hash } from 'node:crypto';
import { chmodSync, chownSync, existsSync, fchmodSync, mkdirSync, readdirSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Table } from '../index/index.ts';
import type { Work } from '../progress/work.ts';
import { asDiskFull } from '../std/disk-full.ts';
import { type Lock, lock, tryLock } from '../std/lock.ts';
import { uniqueName } from '../std/temp.ts';
import { renameNew } from '../sys/rename.ts';
import type { CacheMountHold, CacheMountOptions } from './api.ts';
import type { Parts } from './parts.ts';

/** What is known of one folder. Times in milliseconds since the epoch. */
export interface MountRecord {
  readonly id: string;
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly usageCount: number;
}

type MountParts = Pick<Parts, 'folder' | 'index' | 'lease' | 'pool' | 'snapshotter'>;

export class CacheMounts {
  readonly #parts: MountParts;
  readonly #generations: Table<number>;
  /** By the folder's name. */
  readonly #folders: Table<MountRecord>;

  constructor(parts: MountParts) {
    this.#parts = parts;
    this.#generations = parts.index.table('mount-generations');
    this.#folders = parts.index.table('mounts');
  }

  async hold(id: string, options: CacheMountOptions & Work): Promise<CacheMountHold> {
    const { name, held } = await this.#lock(id, options);
    try {
      const path = this.#path(name);
      if (!existsSync(path)) await this.#make(path, options);
      await this.#note(name, id);
      return {
        path,
        [Symbol.asyncDispose]: async () => {
          held[Symbol.dispose]();
          if (!this.#current(name, id)) await this.remove(name);
        },
      };
    } catch (error) {
      held[Symbol.dispose]();
      throw asDiskFull(error, this.#parts.folder.mounts);
    }
  }

  async #lock(id: string, { sharing, signal }: CacheMountOptions & Work): Promise<{ name: string; held: Lock }> {
    for (;;) {
      const first = this.#name(id, 0);
      if (sharing === 'locked') {
        const held = await lock(this.#lockPath(first), { signal });
        fchmodSync(held.fd, modes.kept);
        if (this.#current(first, id)) return { name: first, held };
        held[Symbol.dispose](); // it was cleared while we waited
        continue;
      }
      for (let i = 0; ; i++) {
        const name = this.#name(id, i);
        const path = this.#lockPath(name);
        const held = sharing === 'shared' ? await lockToShare(path, signal) : tryLock(path);
        if (!held) continue;
        fchmodSync(held.fd, sharing === 'shared' ? modes.plain : modes.kept);
        if (this.#current(name, id)) return { name, held };
        held[Symbol.dispose]();
        break;
      }
    }
  }

  /** Makes the folder under another name first: under its own it is there with all its content. */
  async #make(path: string, { seed, seedPath, owner, mode = 0o755, ...work }: CacheMountOptions & Work): Promise<void> {
    const temporary = join(this.#parts.folder.mounts, `new.${this.#parts.lease.id}.${uniqueName()}`);
    mkdirSync(temporary);
    if (seed) await this.#copySeed(temporary, { seed, ...(seedPath !== undefined && { seedPath }), ...work });
    else {
      chmodSync(temporary, mode);
      if (owner) chownSync(temporary, owner.uid, owner.gid);
    }
    // Another one who shares it may be faster, and use it already.
    if (!renameNew(temporary, path)) await this.#removeFolder(temporary);
  }

  async #copySeed(
    to: string,
    {
      seed,
      seedPath = '/',
      ...work
    }: { readonly seed: NonNullable<CacheMountOptions['seed']>; readonly seedPath?: string } & Work,
  ): Promise<void> {
    const { copySeed } = await import('./seed.ts');
    const chain = await seed.chain(work);
    const snapshotter = await this.#parts.snapshotter();
    const folders = chain.map((layer) => snapshotter.folder(layer)).reverse();
    await this.#parts.pool.run(copySeed, { folders, path: seedPath, to }, { signal: work.signal });
  }

  async #note(name: string, id: string): Promise<void> {
    await this.#parts.index.write(() => {
      const now = Date.now();
      const known = this.#folders.get(name) ?? { id, createdAt: now, usageCount: 0 };
      this.#folders.put(name, { ...known, lastUsedAt: now, usageCount: known.usageCount + 1 });
    });
  }

  /** Lets the next ones begin with an empty folder. */
  async clear(id: string): Promise<void> {
    const old = [...this.#folders.entries()].filter(([, record]) => record.id === id).map(([name]) => name);
    await this.#parts.index.write(() => this.#generations.put(key(id), (this.#generations.get(key(id)) ?? 0) + 1));
    for (const name of old) await this.remove(name);
  }

  /** All folders with what is known of them; `inUse` also by other processes. */
  *list(): Generator<MountRecord & { readonly name: string; readonly path: string; readonly inUse: boolean }> {
    for (const [name, record] of this.#folders.entries()) {
      const held = tryLock(this.#lockPath(name));
      held?.remove();
      yield { name, path: this.#path(name), inUse: !held, ...record };
    }
  }

  /** Removes a folder unless somebody uses it; says whether it did. */
  async remove(name: string): Promise<boolean> {
    const held = tryLock(this.#lockPath(name));
    if (!held) return false;
    try {
      const gone = join(this.#parts.folder.mounts, `gone.${this.#parts.lease.id}.${uniqueName()}`);
      if (existsSync(this.#path(name))) renameSync(this.#path(name), gone);
      await this.#parts.index.write(() => this.#folders.remove(name));
      await this.#removeFolder(gone);
      return true;
    } finally {
      held.remove();
    }
  }

  /** Removes what a dead owner was making or removing. */
  async sweep(owner: string): Promise<void> {
    for (const name of readdirSync(this.#parts.folder.mounts)) {
      const [state, whose] = name.split('.');
      if ((state === 'new' || state === 'gone') && whose === owner) {
        await this.#removeFolder(join(this.#parts.folder.mounts, name));
      }
    }
  }

  async #removeFolder(path: string): Promise<void> {
    const { removeTrees } = await import('../snapshot/layers.ts');
    await this.#parts.pool.run(removeTrees, [path]);
  }

  #current(name: string, id: string): boolean {
    this.#parts.index.refresh();
    return name.startsWith(this.#prefix(id));
  }

  #prefix(id: string): string {
    return `${key(id)}-${this.#generations.get(key(id)) ?? 0}-`;
  }

  #name(id: string, number: number): string {
    return `${this.#prefix(id)}${number}`;
  }

  #path(name: string): string {
    return join(this.#parts.folder.mounts, name);
  }

  #lockPath(name: string): string {
    return `${this.#path(name)}.lock`;
  }
}

/**
 * Modes of lock files. Who keeps a folder to itself says so by the mode, which takes no space on the disk; who only looks
 * whether a folder is used, or removes it, leaves the mode as it is.
 */
const modes = { plain: 0o600, kept: 0o700 };

/** Waits for those who only look, or remove the folder, however long they are kept from it. Undefined for one who keeps it. */
async function lockToShare(path: string, signal: AbortSignal): Promise<Lock | undefined> {
  for (;;) {
    const held = tryLock(path, 'shared');
    if (held) return held;
    if (((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o777) === modes.kept) return undefined;
    const patience = AbortSignal.timeout(untilSaid);
    try {
      return await lock(path, { mode: 'shared', signal: AbortSignal.any([signal, patience]) });
    } catch (error) {
      if (signal.aborted || !patience.aborted) throw error;
    }
  }
}

/** Milliseconds after which it is worth another look whether it is kept. */
const untilSaid = 50;

/** An id can be any text. */
function key(id: string): string {
  return hash('sha256', id, 'hex').slice(0, 32);
}
