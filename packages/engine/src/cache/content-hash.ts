// Digests of what a path in a tree leads to, by BuildKit's rules, so that cache keys are the same here and there. Only
// what the path leads to is read, and a ref is never asked twice: answers are kept in the index by its id.

import type { Index, Table } from '../index/index.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import type { Pool } from '../pool/pool.ts';
import { task, type TaskContext } from '../pool/tasks.ts';
import type { Work } from '../progress/work.ts';
import { keepIfRoom } from '../std/disk-full.ts';
import { checksum, type ChecksumOptions } from './content-hash/checksum.ts';
import { mountedTree, type Budget } from './mounted-tree.ts';
import type { ImmutableRef } from './ref.ts';

/** What of a tree matters to somebody. */
export interface Selector extends ChecksumOptions {
  /** Absolute, or relative to the tree's root. */
  readonly path: string;
}

export interface ContentHash {
  /** The digest of what the selectors choose in a tree. Throws `Failed<ContentHashFailure>`. */
  digest(ref: ImmutableRef, selectors: readonly Selector[], work: Work): Promise<Digest>;
}

/** The digests that are kept, by `<id of the ref>|<what was asked>`. */
export function contentHashes(index: Index): Table<Digest> {
  return index.table('content-hash');
}

export function openContentHash(index: Index, pool: Pool): ContentHash {
  return new RefContentHash(index, pool);
}

/** The digest of several selections: that of their digests in order, joined by NUL. */
function joinedDigest(digests: readonly Digest[]): Digest {
  return digestOf(digests.join('\0'));
}

class RefContentHash implements ContentHash {
  readonly #index: Index;
  readonly #table: Table<Digest>;
  readonly #pool: Pool;
  readonly #asked = new Map<string, Promise<Digest>>();

  constructor(index: Index, pool: Pool) {
    this.#index = index;
    this.#table = contentHashes(index);
    this.#pool = pool;
  }

  async digest(ref: ImmutableRef, selectors: readonly Selector[], work: Work): Promise<Digest> {
    const asked = selectors.length === 0 ? [{ path: '/' }] : selectors;
    if (ref.tree) {
      const each = await ref.tree.answer(
        (root) => asked.map(({ path, ...options }) => checksum(root, path, options)),
        work,
      );
      return joinedDigest(each);
    }
    return joinedDigest(await Promise.all(asked.map((selector) => this.#one(ref, selector, work))));
  }

  async #one(ref: ImmutableRef, selector: Selector, work: Work): Promise<Digest> {
    const key = `${ref.id}|${questionOf(selector)}`;
    const known = this.#table.get(key);
    if (known) return known;
    const running = this.#asked.get(key);
    // Whoever asked first may have been cancelled; that is no answer for us.
    if (running) return running.catch(() => this.#one(ref, selector, work));
    const answer = this.#look(ref, selector, work).finally(() => this.#asked.delete(key));
    this.#asked.set(key, answer);
    const digest = await answer;
    await keepIfRoom(this.#index.write(() => this.#table.put(key, digest)));
    return digest;
  }

  async #look(ref: ImmutableRef, selector: Selector, work: Work): Promise<Digest> {
    await using mounted = await ref.mount(work);
    const { path, ...options } = selector;
    try {
      return checksum(mountedTree(mounted.path, smallBudget()), path, options);
    } catch (error) {
      if (error !== tooMuch) throw error;
    }
    return await this.#pool.run(hashMounted, { root: mounted.path, selector }, { signal: work.signal });
  }
}

/** In a thread of the pool: the digest of a selection in a mounted tree. */
export function hashMountedHere(
  { root, selector: { path, ...options } }: { readonly root: string; readonly selector: Selector },
  { check }: Pick<TaskContext, 'check'>,
): Digest {
  return checksum(mountedTree(root, { spend: check }), path, options);
}

const hashMounted = task(import.meta.url, hashMountedHere);

/** What the main thread reads by itself: about as long as it takes to hand it to another. */
function smallBudget(): Budget {
  let entries = 1000;
  let bytes = 16 << 20;
  return {
    spend(amount) {
      entries -= amount.entries ?? 0;
      bytes -= amount.bytes ?? 0;
      if (entries < 0 || bytes < 0) throw tooMuch;
    },
  };
}

const tooMuch = new Error('more than the main thread should read');

function questionOf({ path, wildcard, followLinks, include, exclude, requiredPaths }: Selector): string {
  const question = [path, wildcard ?? false, followLinks ?? false, include ?? [], exclude ?? [], requiredPaths ?? []];
  return digestOf(JSON.stringify(question)).slice('sha256:'.length);
}
