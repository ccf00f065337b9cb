// Pull, push, save and load are one thing: a graph of content goes from one place to another.

import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { Semaphore } from '../std/semaphore.ts';
import { childrenIn, hasChildren, readDocument } from './children.ts';
import type { Provider, Store } from './store.ts';

export interface CopyOptions {
  readonly root: Descriptor;
  readonly signal?: AbortSignal;
  /** Most blobs on their way at once. */
  readonly parallel?: number;
  /** What to leave out, with all it leads to (other platforms, layers that are wanted later). */
  readonly skip?: (descriptor: Descriptor) => boolean;
  /** Told as bytes arrive, and once with `done` for each piece of content, also where it was there already. */
  readonly progress?: (descriptor: Descriptor, state: { readonly current: number; readonly done: boolean }) => void;
}

/**
 * Copies `root` and all it leads to, leaving out what `to` has. Children go before what names them, so wherever this is
 * stopped, a manifest that is there has its content too. The first failure stops the rest.
 */
export async function copy(from: Provider, to: Store, options: CopyOptions): Promise<void> {
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const permits = new Semaphore(options.parallel ?? 4);
  const going = new Map<Digest, Promise<void>>();

  const node = (descriptor: Descriptor): Promise<void> => {
    const { digest } = descriptor;
    let result = going.get(digest);
    if (!result) going.set(digest, (result = one(descriptor)));
    return result;
  };

  const one = async (descriptor: Descriptor): Promise<void> => {
    const size = await to.stat(descriptor.digest);
    // What lies there in another size is damaged.
    const here = size === descriptor.size ? size : undefined;
    if (!hasChildren(descriptor.mediaType)) {
      if (here === undefined) await blob(descriptor, (options) => from.open(descriptor, options));
      else options.progress?.(descriptor, { current: descriptor.size, done: true });
      return;
    }
    const bytes = await readDocument(descriptor, here === undefined ? from : to, { signal });
    const wanted = childrenIn(descriptor, bytes).filter((child) => !options.skip?.(child));
    await all(wanted.map(node));
    if (here === undefined) await blob(descriptor, () => once(bytes));
    else options.progress?.(descriptor, { current: descriptor.size, done: true });
  };

  const blob = async (
    descriptor: Descriptor,
    open: (options: { signal: AbortSignal }) => AsyncIterable<Uint8Array>,
  ) => {
    using _permit = await permits.acquire({ signal });
    await to.write(counted(open({ signal }), descriptor), { expected: descriptor, signal });
    options.progress?.(descriptor, { current: descriptor.size, done: true });
  };

  async function* counted(bytes: AsyncIterable<Uint8Array>, descriptor: Descriptor): AsyncIterable<Uint8Array> {
    let current = 0;
    for await (const piece of bytes) {
      yield piece;
      current += piece.length;
      options.progress?.(descriptor, { current, done: false });
    }
  }

  /** Waits for all of them, so that nothing is written any more once this has failed; the first failure is the one told. */
  const all = async (work: readonly Promise<void>[]) => {
    for (const each of work) each.catch((error: unknown) => stop.abort(error));
    const outcomes = await Promise.allSettled(work);
    options.signal?.throwIfAborted();
    if (outcomes.some(({ status }) => status === 'rejected')) throw stop.signal.reason;
  };

  if (options.skip?.(options.root)) return;
  await all([node(options.root)]);
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
