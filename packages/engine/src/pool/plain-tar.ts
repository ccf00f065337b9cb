// Archives that are plain files, not layers: a build context that comes as a tar. The home of tar-fs.

import { spawn } from 'node:child_process';
import { chmodSync, lstatSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Header } from 'tar-fs';
import { Failed } from '../std/failed.ts';
import { makeSpecialFile } from '../sys/mknod.ts';
import { setTimes } from '../sys/utimens.ts';
import { decompressed, peek } from './decompress.ts';
import type { PoolFailure } from './failure.ts';
import { paxTime } from './pax.ts';

/**
 * Unpacks a tar into an existing folder, out of which nothing leads: plain, or compressed with gzip or zstd, or with bzip2
 * or xz where the machine has those programs. Owners and file attributes are not kept. Fails with `archive-invalid`.
 */
export async function unpackTar(
  bytes: AsyncIterable<Uint8Array>,
  folder: string,
  { signal }: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  const { extract } = await import('tar-fs');
  const rest = new Rest(folder);
  const into = extract(folder, {
    map: (header) => rest.note(header),
    ignore: (_name, { type }) => type === 'fifo' || type.endsWith('-device'),
    umask: 0,
    // A link may lead anywhere; tar-fs writes through none.
    validateSymlinks: false,
  });
  const source = Readable.from(bytes, { objectMode: false });
  const program = programFor(await peek(source, 6));
  try {
    if (program === undefined) await pipeline(decompressed(source), into, { signal });
    else await through(program, { source, into, signal });
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof Failed) throw cause;
    const message = `the archive cannot be unpacked: ${(cause as Error).message}`;
    throw new Failed<PoolFailure>({ kind: 'archive-invalid', message }, { cause });
  }
  rest.apply();
}

function programFor(start: Buffer): string | undefined {
  if (start.toString('latin1', 0, 3) === 'BZh') return 'bzip2';
  return start.toString('latin1') === '\xfd7zXZ\0' ? 'xz' : undefined;
}

interface Through {
  readonly source: Readable;
  readonly into: NodeJS.WritableStream;
  readonly signal: AbortSignal | undefined;
}

/** Decompresses with a program of the machine. */
async function through(program: string, { source, into, signal }: Through): Promise<void> {
  const child = spawn(program, ['-dcq'], { stdio: ['pipe', 'pipe', 'pipe'], signal });
  const ended = new Promise<string | undefined>((resolve, reject) => {
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(0, 1000)));
    child.once('error', reject);
    child.once('close', (code) => resolve(code === 0 ? undefined : said.trim() || `${program} ended with ${code}`));
  });
  const plain = child.stdout.pipe(new PassThrough());
  const [fed, unpacked, end] = await Promise.allSettled([
    pipeline(source, child.stdin),
    pipeline(plain, into, { signal }),
    ended,
  ]);
  // The program's own word first: where it gave up, what feeds it and what reads it break, too.
  if (end.status === 'rejected') throw end.reason;
  if (end.value !== undefined) throw new Error(end.value);
  for (const outcome of [unpacked, fed]) if (outcome.status === 'rejected') throw outcome.reason;
}

/** What tar-fs leaves out: special bits, parts of seconds, times of symlinks, pipes. */
class Rest {
  readonly #folder: string;
  readonly #headers: Header[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  note(header: Header): Header {
    this.#headers.push({ ...header });
    return header;
  }

  apply(): void {
    for (const header of this.#headers) {
      const path = join(this.#folder, join('/', header.name));
      if (path === join(this.#folder, '/')) continue;
      if (header.type === 'fifo' && lstatSync(path, { throwIfNoEntry: false }) === undefined) {
        makeSpecialFile(path, { kind: 'fifo', mode: header.mode });
      }
      const stats = lstatSync(path, { throwIfNoEntry: false });
      if (stats === undefined) continue;
      // A later entry may have put a link here; who changes its mode changes what it leads to.
      if ((header.mode & 0o7000) !== 0 && !stats.isSymbolicLink()) chmodSync(path, header.mode & 0o7777);
    }
    // From the last to the first, so that a folder's time is set when nothing is made in it any more.
    for (const { name, mtime, pax } of this.#headers.reverse()) {
      const path = join(this.#folder, join('/', name));
      const time = pax?.mtime === undefined ? BigInt(mtime.getTime()) * 1_000_000n : paxTime(pax.mtime);
      if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) setTimes(path, { mtime: time });
    }
  }
}
