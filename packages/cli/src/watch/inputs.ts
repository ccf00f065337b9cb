// What the chosen images are made from: which files their steps read, and which files say what is built.
import { realpathSync, statSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { defineAll, type Engine, type Offer, type Task } from '@monokit/engine';
import { folderReads, ignoring, type FolderRead } from '@monokit/engine/affected';
import { mergeDefinitions } from '@monokit/engine/llb/graph';
import { rootOf } from '../graph/graph.ts';
import type { Chosen } from '../tasks.ts';
import type { WatchPlaces } from './watcher.ts';

/** A change that an image's steps read. */
export interface Reading {
  readonly image: string;
  /** Absolute. */
  readonly path: string;
  /** The step that reads it. */
  readonly step: string;
}

interface ImageReads {
  readonly id: string;
  readonly reads: readonly (FolderRead & { readonly ignores: (path: string) => boolean })[];
}

/** The inputs of chosen images as they were when they were defined. */
export class Inputs {
  readonly places: WatchPlaces;
  readonly #images: readonly ImageReads[];
  readonly #deciding: ReadonlySet<string>;
  /** Nobody could tell what decides: anything like a config beside it may. */
  readonly #isUnsure: boolean;
  /** What the builds write themselves: that would never end. */
  readonly #outputs: readonly string[];

  /** Images that cannot be defined read nothing; building them tells why. */
  static async of(
    engine: Engine,
    { tasks, offers, folderOf, seen, root }: Chosen,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<Inputs> {
    const defined = await Promise.allSettled(defineAll(engine, tasks, { signal, report: () => undefined, offers }));
    signal.throwIfAborted();
    const images = defined.flatMap((each): ImageReads[] => {
      if (each.status === 'rejected') return [];
      const { request, images: made } = each.value;
      const parts = made.map(({ definition }) => ({
        definition,
        folder: (name: string, digest: Parameters<typeof rootOf>[2]) => {
          const root = rootOf(each.value, name, digest);
          return root === undefined ? undefined : realpathSync(root);
        },
      }));
      const reads = folderReads(mergeDefinitions(parts));
      return [{ id: request.id, reads: reads.map((read) => ({ ...read, ignores: ignoring(read.ignored) })) }];
    });
    const outputs = tasks.flatMap(({ request }) =>
      request.exports.flatMap(({ destination }) => (destination && 'path' in destination ? [destination.path] : [])),
    );
    return new Inputs(images, { dockerfiles: [...folderOf.values()], deciding: seen(), root, outputs });
  }

  private constructor(
    images: readonly ImageReads[],
    {
      dockerfiles,
      deciding: known,
      outputs,
      root,
    }: {
      readonly dockerfiles: readonly string[];
      /** Undefined: nobody can tell. */
      readonly deciding: readonly string[] | undefined;
      readonly root: string;
      readonly outputs: readonly string[];
    },
  ) {
    const deciding = known ?? [root];
    this.#isUnsure = known === undefined;
    this.#images = images;
    this.#outputs = outputs;
    this.#deciding = new Set(deciding);
    const reads = images.flatMap((image) => image.reads);
    const byFolder = Map.groupBy(reads, ({ folder }) => folder);
    const ignored = (path: string): boolean => {
      if (basename(path) === '.git' || this.#isOutput(path)) return true;
      const around = [...byFolder].filter(([folder]) => path.startsWith(`${folder}/`));
      return (
        around.length > 0 &&
        around.every(([folder, all]) => {
          const inside = relative(folder, path);
          // Below what is ignored there may be exceptions.
          return all.every(({ ignores, ignored: patterns }) => ignores(inside) && !patterns.some(isException));
        })
      );
    };
    this.places = {
      folders: [...byFolder.keys()],
      paths: [...new Set([...deciding, ...dockerfiles, ...dockerfiles.map((folder) => dirname(folder))])],
      ignored,
    };
  }

  /** How many files' folders are watched. */
  get folders(): number {
    return this.places.folders.length;
  }

  /** Whether a change may alter what is built from the same files. */
  decides(path: string): boolean {
    if (this.#isOutput(path)) return false;
    if (defining.test(basename(path))) return true;
    if (this.#isRead(path)) return false;
    // A folder beside those that were looked through may hold another image.
    return (
      this.#deciding.has(path) ||
      (this.#deciding.has(dirname(path)) && ((this.#isUnsure && program.test(path)) || !isFile(path)))
    );
  }

  /** What of the changes images read: the first for each image. */
  readings(paths: Iterable<string>): readonly Reading[] {
    const all = [...paths].filter((path) => !this.#isOutput(path));
    return this.#images.flatMap(({ id, reads }) => {
      for (const path of all) {
        const read = reads.find(({ folder, ignores, selects }) => {
          if (!path.startsWith(`${folder}/`)) return false;
          const inside = path.slice(folder.length + 1);
          return !ignores(inside) && selects(inside);
        });
        if (read) return [{ image: id, path, step: read.reader.name }];
      }
      return [];
    });
  }

  #isOutput(path: string): boolean {
    return this.#outputs.some((output) => path === output || path.startsWith(`${output}/`));
  }

  #isRead(path: string): boolean {
    return this.readings([path]).length > 0;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

function isException(pattern: string): boolean {
  return pattern.startsWith('!');
}

/** Names of configs, and of what they may be made of. */
const program = /(\.[cm]?[jt]s|\.json|\.ya?ml|\.hcl|\.env|rc)$/;

/** Names of files that say what is built. */
const defining = /dockerfile|containerfile|dockerignore/i;

/** Tasks that are not built now, for those that are built from them: they are not exported again. */
export function offersOf(
  tasks: readonly Task[],
  { offers }: Pick<Chosen, 'offers'>,
  now: ReadonlySet<string>,
): Offer[] {
  const others = tasks.filter(({ request }) => !now.has(request.id));
  return [
    ...offers,
    ...others.map(({ request, names }): Offer => ({
      id: request.id,
      names,
      request: async () => ({ ...request, exports: [], cacheTo: [] }),
    })),
  ];
}
