// What the tests of this room share: a cache in a folder of its own, layers of images, processes that can be killed.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pack } from 'tar-stream';
import { MemoryStore } from '../content/memory.ts';
import { type Digest, digestOf } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { openPool } from '../pool/pool.ts';
import type { Work } from '../progress/work.ts';
import { makeTempFolder } from '../std/temp.ts';
import type { RemoteLayer } from './api.ts';
import { type CacheOptions, openCache, type OpenCache } from './cache.ts';
import type { ImmutableRef } from './ref.ts';

export const work: Work = { signal: new AbortController().signal, report: () => {} };

export interface Rig extends AsyncDisposable {
  readonly folder: string;
  /** Opens the cache; a second one is as another process's. */
  open(options?: Partial<CacheOptions>): Promise<OpenCache>;
}

export async function openRig(): Promise<Rig> {
  const temp = makeTempFolder({ prefix: 'cache-test-' });
  const pool = openPool({ threads: 1 });
  const folder = join(temp.path, 'cache');
  return {
    folder,
    open: (options) => openCache(folder, { pool, ...options }),
    [Symbol.asyncDispose]: async () => {
      await pool[Symbol.asyncDispose]();
      await temp[Symbol.asyncDispose]();
    },
  };
}

/** A ref with these files, on top of another. */
export async function make(
  cache: OpenCache,
  files: Readonly<Record<string, string>>,
  parent?: ImmutableRef,
): Promise<ImmutableRef> {
  await using tree = await cache.create(parent, { description: Object.keys(files).join(' '), ...work });
  {
    await using mounted = await tree.mount();
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(mounted.path, name)), { recursive: true });
      writeFileSync(join(mounted.path, name), text);
    }
  }
  return tree.commit();
}

/** A tree's files with their text. */
export async function read(ref: ImmutableRef): Promise<Record<string, string>> {
  await using mounted = await ref.mount(work);
  const names = readdirSync(mounted.path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const files = names.map(({ parentPath, name }) => join(parentPath, name));
  return Object.fromEntries(
    files.map((path) => [path.slice(mounted.path.length + 1), readFileSync(path, 'utf8')] as const).sort(),
  );
}

/** An image's layer with these files (`.wh.…` among them), in a store that counts what is asked of it. */
export async function remoteLayer(
  files: Readonly<Record<string, string>>,
): Promise<RemoteLayer & { readonly opened: string[] }> {
  const archive = pack();
  for (const [name, text] of Object.entries(files)) archive.entry({ name, mtime: new Date(0) }, text);
  archive.finalize();
  const tar = Buffer.concat(await Array.fromAsync(archive as AsyncIterable<Buffer>));
  const store = new MemoryStore();
  const { digest, size } = await store.write(pieces(tar));
  const opened: string[] = [];
  const provider: RemoteLayer['provider'] = {
    open: (...args) => {
      opened.push(args[0].digest);
      return store.open(...args);
    },
  };
  const diffId: Digest = digestOf(tar);
  return { descriptor: { mediaType: mediaTypes.ociLayer, digest, size }, diffId, provider, opened };
}

export async function* pieces(...all: Uint8Array[]): AsyncIterable<Uint8Array> {
  yield* all;
}

/** A process that runs `code` with `cache` open and `say` to tell the test something. */
export function start(folder: string, code: string): ChildProcess & { said(): Promise<string> } {
  const at = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { writeSync } from 'node:fs';
       import { openCache } from ${at('./cache.ts')};
       import { openPool } from ${at('../pool/pool.ts')};
       import { make, read, remoteLayer, pieces, work } from ${at('./cache-fixture.ts')};
       const say = (text) => writeSync(1, text + '\\n');
       const forever = () => new Promise(() => setInterval(() => {}, 1e6));
       const cache = await openCache(${JSON.stringify(folder)}, { pool: openPool({ threads: 1 }) });
       ${code}
       await cache[Symbol.asyncDispose]();
       process.exit(0);`,
    ],
    { stdio: ['pipe', 'pipe', 'inherit'] },
  );
  const said = async () => {
    const [data] = (await once(child.stdout!, 'data')) as [Buffer];
    return data.toString().trim();
  };
  return Object.assign(child, { said });
}

export async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'exit');
}
