// What images were made of, run by run: beside a workspace's records, what each run's images were made of by name
// (`<id>.made.json`), and under those names what that is (`made/`), written once however many runs have it.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { ManifestEntry } from '@monokit/engine';
import { replaceFile } from '@monokit/engine/std/replace-file';
import type { RunsFolder } from '../runs/runs-folder.ts';
import type { Components } from './components.ts';

/** What one run's images were made of. */
export interface MadeRun {
  readonly version: 1;
  readonly monokit: string;
  /** The cache folder. */
  readonly cache: string;
  readonly images: Readonly<Record<string, MadeImage>>;
}

export interface MadeImage {
  /** Names its components. */
  readonly made: string;
  /** Names the lists of files that those name. */
  readonly lists: readonly string[];
  readonly ok: boolean;
  readonly digest?: string;
}

/** A run of an image. */
export interface MadeRunOf {
  readonly id: string;
  readonly run: MadeRun;
  readonly image: MadeImage;
}

/** Reads and writes what the images of one workspace's runs were made of. */
export class Book {
  readonly #folder: RunsFolder;
  readonly #path: string;
  readonly #runs = new Map<string, MadeRun | undefined>();
  /** As they were when somebody first asked, newest first. */
  #ids: readonly string[] | undefined;

  constructor(folder: RunsFolder) {
    this.#folder = folder;
    this.#path = join(folder.path, 'made');
  }

  /** Where the key is that veils values. */
  get keyPath(): string {
    return join(this.#path, 'key');
  }

  /** What a run's images were made of; undefined where that is not known. */
  run(id: string): MadeRun | undefined {
    if (!this.#runs.has(id)) this.#runs.set(id, readJson<MadeRun>(this.#folder.madePath(id)));
    return this.#runs.get(id);
  }

  /** The runs that an image was part of, newest first, with what it was made of then. */
  *of(image: string): Generator<MadeRunOf> {
    this.#ids ??= this.#folder.ids().toReversed();
    for (const id of this.#ids) {
      const run = this.run(id);
      const made = run && imageIn(run, image);
      if (made) yield { id, run, image: made };
    }
  }

  has(name: string): boolean {
    return existsSync(this.#file(name));
  }

  components(name: string): Components | undefined {
    if (!isName(name)) return undefined;
    return readJson<Components>(this.#file(name));
  }

  list(name: string): readonly ManifestEntry[] | undefined {
    const bytes = isName(name) ? readIfThere(this.#file(name)) : undefined;
    return bytes && (jsonOf(inflated(bytes)) as readonly ManifestEntry[] | undefined);
  }

  keep(name: string, components: Components): void {
    mkdirSync(this.#path, { recursive: true, mode: 0o700 });
    replaceFile(this.#file(name), JSON.stringify(components));
  }

  keepList(name: string, entries: readonly ManifestEntry[]): void {
    mkdirSync(this.#path, { recursive: true, mode: 0o700 });
    replaceFile(this.#file(name), deflateRawSync(JSON.stringify(entries), { level: 1 }));
  }

  keepRun(id: string, run: MadeRun): void {
    replaceFile(this.#folder.madePath(id), JSON.stringify(run));
  }

  /** Lets go of what no run that is kept names; what is young may be of one that has not ended. */
  sweep(now: number): void {
    const named = new Set(['key']);
    for (const id of this.#folder.ids()) {
      for (const { made, lists } of Object.values(this.run(id)?.images ?? {})) {
        for (const name of [made, ...lists]) named.add(name);
      }
    }
    for (const name of readdirSync(this.#path)) {
      const path = join(this.#path, name);
      const age = now - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? now);
      if (!named.has(name) && age > young) rmSync(path, { force: true });
    }
  }

  #file(name: string): string {
    return join(this.#path, name);
  }
}

/** What an image was made of in a run; undefined where the run had none of it. */
export function imageIn({ images }: MadeRun, image: string): MadeImage | undefined {
  return Object.hasOwn(images, image) ? images[image] : undefined;
}

/** Names come out of files that others may have written: one that could lead out of here leads nowhere. */
function isName(name: unknown): boolean {
  return typeof name === 'string' && /^\w+$/.test(name);
}

/** In milliseconds. */
const young = 60 * 60 * 1000;

/** What is damaged, as by a machine that lost power, is as good as gone. */
function readJson<T extends { readonly version: 1 }>(path: string): T | undefined {
  const bytes = readIfThere(path);
  const value = bytes && (jsonOf(bytes) as T | undefined);
  return value?.version === 1 ? value : undefined;
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function inflated(bytes: Buffer): Buffer {
  try {
    return inflateRawSync(bytes);
  } catch {
    return Buffer.alloc(0);
  }
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
