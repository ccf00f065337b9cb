// What the chosen images are made from: which files their steps read, and which files say what is built.

import { existsSync, lstatSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, relative } from 'node:path';
import { defineAll, type Defined, type Engine, type Offer, type Task } from '@monokit/engine';
import { folderReads, ignoring, type FolderRead } from '@monokit/engine/affected';
import { mergeDefinitions, type Graph } from '@monokit/engine/llb/graph';
import { rootOf } from '../graph/graph.ts';
import type { Chosen } from '../tasks/tasks.ts';
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
  readonly defined: Defined;
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
    { tasks, offers, folderOf, seen, known, root }: Chosen,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<Inputs> {
    const defined = await Promise.allSettled(defineAll(engine, tasks, { signal, report: () => undefined, offers }));
    signal.throwIfAborted();
    const images = defined.flatMap((each): ImageReads[] => {
      if (each.status === 'rejected') return [];
      const reads = folderReads(graphOf(each.value));
      const { id } = each.value.request;
      return [{ id, defined: each.value, reads: reads.map((read) => ({ ...read, ignores: ignoring(read.ignored) })) }];
    });
    const outputs = tasks.flatMap(({ request }) =>
      request.exports.flatMap(({ destination }) => (destination && 'path' in destination ? [destination.path] : [])),
    );
    return new Inputs(images, { dockerfiles: [...folderOf.values()], deciding: seen(), known, root, outputs });
  }

  private constructor(
    images: readonly ImageReads[],
    {
      dockerfiles,
      deciding: told,
      known,
      outputs,
      root,
    }: {
      readonly dockerfiles: readonly string[];
      /** Undefined: nobody can tell. */
      readonly deciding: readonly string[] | undefined;
      /** What decides as far as anybody knows. */
      readonly known: readonly string[];
      readonly root: string;
      readonly outputs: readonly string[];
    },
  ) {
    const deciding = told ?? [root, ...known];
    this.#isUnsure = told === undefined;
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
      paths: [...new Set([...deciding, ...dockerfiles, ...dockerfiles.map((folder) => dirname(folder))])].filter(
        // What is not there is seen to come by the folder around it, and those above the workspace (/tmp, a home) are busy.
        (path) => path === root || path.startsWith(`${root}/`) || existsSync(path),
      ),
      ignored,
    };
  }

  /** An image as it was defined; undefined where that failed. */
  defined(id: string): Defined | undefined {
    return this.#images.find((image) => image.id === id)?.defined;
  }

  /** The places, and these paths with all that is in them. */
  placesWith(paths: readonly string[]): WatchPlaces {
    const { folders, paths: own, ignored } = this.places;
    const isIn = (path: string) => folders.some((folder) => path === folder || path.startsWith(`${folder}/`));
    const others = paths.filter((path) => !isIn(path));
    return { folders: [...folders, ...others], paths: own, ignored };
  }

  /** Whether an image's build ignores what it could read at this path. */
  ignores(id: string, path: string): boolean {
    return areIgnoring(this.#images.find((image) => image.id === id)?.reads ?? [], path);
  }

  /** Whether every build that could read what is at this path ignores it. */
  isIgnored(path: string): boolean {
    return areIgnoring(
      this.#images.flatMap(({ reads }) => reads),
      path,
    );
  }

  /** The folder that an image's steps read in which this path is. */
  folderOf(id: string, path: string): string | undefined {
    const reads = this.#images.find((image) => image.id === id)?.reads ?? [];
    return reads.find(({ folder }) => path === folder || path.startsWith(`${folder}/`))?.folder;
  }

  /** Whether a change may alter what is built from the same files. */
  decides(path: string): boolean {
    if (this.#isOutput(path)) return false;
    if (defining.test(basename(path))) return true;
    if (this.isRead(path)) return isLink(path) && this.#follows(path);
    // A folder that comes beside those that were looked through may hold another image; what is gone again holds none.
    return (
      this.#deciding.has(path) ||
      (this.#deciding.has(dirname(path)) && ((this.#isUnsure && program.test(path)) || isFolder(path)))
    );
  }

  /** What of the changes images read: the first for each image that is not taken care of in another way. */
  readings(paths: Iterable<string>, isTaken: (id: string, path: string) => boolean = () => false): readonly Reading[] {
    const all = [...paths].filter((path) => !this.#isOutput(path));
    return this.#images.flatMap(({ id, reads }) => {
      for (const path of all) {
        const read = isTaken(id, path) ? undefined : reads.find((each) => isReadBy(each, path));
        if (read) return [{ image: id, path, step: read.reader.name }];
      }
      return [];
    });
  }

  #isOutput(path: string): boolean {
    return this.#outputs.some((output) => path === output || path.startsWith(`${output}/`));
  }

  /** Whether an image reads it, that is not taken care of in another way. */
  isRead(path: string, isTaken: (id: string, path: string) => boolean = () => false): boolean {
    if (this.#isOutput(path)) return false;
    return this.#images.some(({ id, reads }) => reads.some((each) => isReadBy(each, path)) && !isTaken(id, path));
  }

  /** Whether a step reads what a link leads to: where that is was looked up for all files at once. */
  #follows(path: string): boolean {
    return this.#images.some(({ reads }) =>
      reads.some(({ folder, follows }) => path.startsWith(`${folder}/`) && follows(path.slice(folder.length + 1))),
    );
  }
}

/** Whether those that read the folders around a path all ignore it, and there is one. */
function areIgnoring(reads: ImageReads['reads'], path: string): boolean {
  const around = reads.filter(({ folder }) => path.startsWith(`${folder}/`));
  return around.length > 0 && around.every(({ folder, ignores }) => ignores(relative(folder, path)));
}

function isReadBy({ folder, ignores, selects }: ImageReads['reads'][number], path: string): boolean {
  if (!path.startsWith(`${folder}/`)) return false;
  const inside = path.slice(folder.length + 1);
  return !ignores(inside) && selects(inside);
}

/** What an image is made of, with its clients' folders by their paths. */
export function graphOf(defined: Defined): Graph {
  return mergeDefinitions(
    defined.images.map(({ definition }) => ({
      definition,
      folder: (name: string, digest: Parameters<typeof rootOf>[2]) => {
        const root = rootOf(defined, name, digest);
        return root === undefined ? undefined : realpathSync(root);
      },
    })),
  );
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function isLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
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
