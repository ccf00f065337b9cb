// Content in a folder of OCI's image layout: blobs/<algorithm>/<hex>. A file under its final name is whole: bytes are
// written under another name, verified, synced and renamed.

import { constants, mkdirSync, statSync, unlinkSync, utimesSync } from 'node:fs';
import { type FileHandle, open, readdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, Digester, encoded, isDigest } from '../oci/digest.ts';
import { asDiskFull } from '../std/disk-full.ts';
import { failedOf } from '../std/failed.ts';
import { uniqueName } from '../std/temp.ts';
import { fileBytes } from './file-bytes.ts';
import type { Store } from './store.ts';
import { algorithmOf, mismatch, missing, verified, verify } from './verify.ts';

export interface DiskStoreOptions {
  /** Names whose half-written files these are, so that somebody else can remove them when that one is dead. */
  readonly owner?: string;
  /** Modes of what is made: for this user alone (the default), or for all as far as the umask lets them. */
  readonly access?: 'private' | 'public';
}

/** What is on the disk: a blob's size in bytes and when it was last written or asked for, in milliseconds since the epoch. */
export interface Blob {
  readonly digest: Digest;
  readonly size: number;
  readonly usedAt: number;
}

export class DiskStore implements Store {
  readonly #blobs: string;
  readonly #ingest: string;
  readonly #owner: string;
  readonly #modes: { readonly file: number; readonly folder: number };

  /** The store in `folder`, which is made when it is first written to. */
  constructor(folder: string, { owner = 'nobody', access = 'private' }: DiskStoreOptions = {}) {
    this.#blobs = join(folder, 'blobs');
    this.#ingest = join(folder, 'ingest');
    this.#owner = owner;
    this.#modes = access === 'private' ? { file: 0o600, folder: 0o700 } : { file: 0o644, folder: 0o755 };
  }

  /** The file that holds this content if it is here; good for reading. */
  path(digest: Digest): string {
    return join(this.#blobs, algorithmOf(digest), encoded(digest));
  }

  async *open(
    { digest, size }: Parameters<Store['open']>[0],
    { signal }: NonNullable<Parameters<Store['open']>[1]> = {},
  ): AsyncIterable<Uint8Array> {
    const path = this.path(digest);
    const file = statSync(path, { throwIfNoEntry: false });
    if (!file) throw missing(digest);
    if (file.size !== size) throw mismatch(`${size} bytes`, `${file.size} bytes`);
    try {
      yield* verified(fileBytes(path, { ...(signal && { signal }) }), { digest, size });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      // A file that the disk has spoilt must not be found again; its content can be had anew.
      if (failedOf(error, 'content-mismatch')) removeFile(path);
      throw (error as NodeJS.ErrnoException).code === 'ENOENT' ? missing(digest) : error;
    }
  }

  /** Asking counts as using (see `sweep`). */
  async stat(digest: Digest): Promise<number | undefined> {
    return this.use(digest);
  }

  /** The content's size in bytes if it is here, without counting as a use. */
  size(digest: Digest): number | undefined {
    return statSync(this.path(digest), { throwIfNoEntry: false })?.size;
  }

  /** `stat` at once. */
  use(digest: Digest): number | undefined {
    const path = this.path(digest);
    try {
      const now = Date.now() / 1000;
      utimesSync(path, now, now);
      return statSync(path).size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async write(
    ...[bytes, { expected = {}, signal, synced = true } = {}]: Parameters<Store['write']>
  ): ReturnType<Store['write']> {
    signal?.throwIfAborted();
    if (expected.digest !== undefined) {
      const size = this.use(expected.digest);
      // One of another size is damaged, or the caller is wrong: writing tells.
      if (size !== undefined && (expected.size ?? size) === size) return { digest: expected.digest, size };
    }
    const temporary = this.ingest();
    try {
      const written = await writeVerified(temporary, bytes, {
        expected,
        mode: this.#modes.file,
        synced,
        ...(signal && { signal }),
      });
      await this.#keep(temporary, written.digest);
      return written;
    } catch (error) {
      removeFile(temporary);
      throw asDiskFull(error, this.#ingest);
    }
  }

  /** A path for a file of one's own that `adopt` then takes; whoever makes it removes it if nothing comes of it. */
  ingest(): string {
    mkdirSync(this.#ingest, { recursive: true, mode: this.#modes.folder });
    return join(this.#ingest, `${this.#owner}-${uniqueName()}`);
  }

  /** Keeps a finished file of `ingest` under its digest, which the caller computed while writing it. */
  async adopt(file: string, digest: Digest): Promise<void> {
    try {
      const handle = await open(file, 'r');
      try {
        await handle.datasync();
      } finally {
        await handle.close();
      }
      await this.#keep(file, digest);
    } catch (error) {
      throw asDiskFull(error, file);
    }
  }

  async #keep(file: string, digest: Digest): Promise<void> {
    mkdirSync(join(this.#blobs, algorithmOf(digest)), { recursive: true, mode: this.#modes.folder });
    await rename(file, this.path(digest));
  }

  /** Everything that is here. */
  async *list(): AsyncIterable<Blob> {
    for (const algorithm of ['sha256', 'sha512'] as const) {
      for (const name of await entries(join(this.#blobs, algorithm))) {
        const digest = `${algorithm}:${name}`;
        if (!isDigest(digest)) continue;
        const file = statSync(this.path(digest), { throwIfNoEntry: false });
        if (file) yield { digest, size: file.size, usedAt: file.mtimeMs };
      }
    }
  }

  /**
   * Removes content that nobody wrote or asked for since `before` (milliseconds since the epoch), and says whether it
   * did. Right also while others ask: who asks either finds it gone or keeps it.
   */
  async remove(digest: Digest, { before }: { readonly before: number }): Promise<boolean> {
    const path = this.path(digest);
    const aside = this.ingest();
    try {
      await rename(path, aside);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw error;
    }
    if (statSync(aside).mtimeMs >= before) {
      await rename(aside, path);
      return false;
    }
    await unlink(aside);
    return true;
  }

  /** Removes what an owner that is dead left half written. */
  async sweep(owner: string): Promise<void> {
    for (const name of await entries(this.#ingest)) {
      if (name.startsWith(`${owner}-`)) removeFile(join(this.#ingest, name));
    }
  }
}

async function writeVerified(
  path: string,
  bytes: AsyncIterable<Uint8Array>,
  {
    expected,
    mode,
    synced,
    signal,
  }: {
    readonly expected: Partial<Pick<Descriptor, 'digest' | 'size'>>;
    readonly mode: number;
    readonly synced: boolean;
    readonly signal?: AbortSignal;
  },
): Promise<{ readonly digest: Digest; readonly size: number }> {
  const digester = new Digester(algorithmOf(expected.digest));
  const file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, mode);
  try {
    for await (const piece of bytes) {
      signal?.throwIfAborted();
      digester.update(piece);
      if (expected.size !== undefined && digester.size > expected.size)
        throw mismatch(`${expected.size} bytes`, 'more');
      await writeAll(file, piece);
    }
    signal?.throwIfAborted();
    const digest = verify(digester, expected);
    if (synced) await file.datasync();
    return { digest, size: digester.size };
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, piece: Uint8Array): Promise<void> {
  for (let at = 0; at < piece.length;) at += (await file.write(piece, at)).bytesWritten;
}

function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

async function entries(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
