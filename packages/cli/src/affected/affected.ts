// Which images a change can affect, by what their steps really read: a file under no COPY affects nothing, a Dockerfile's
// comment neither. Every command that chooses images by changes asks here.

import { existsSync, realpathSync, statSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { gitTop, type ResolvedTarget, type Workspace } from '@monokit/config';
import { ignoring } from '@monokit/engine/affected';
import { textOf } from '@monokit/engine/std/byte-path';
import { Mistake } from '../mistake.ts';
import type { ShowInvocation } from '../tasks/defined-images.ts';
import { changesIn, commitOf, filesOf, type AskedChanges, type Changes } from './changes.ts';
import { checkOut } from './checkout.ts';
import { definedAt, placeOf, type PlacedImage, type PlacedWorkspace } from './defined-at.ts';
import { Unseen } from './unseen.ts';

/** An image that a change affects, and the first reason for it. */
export interface AffectedImage {
  readonly id: string;
  /** What changed: a path from the top of the repository (with words behind it where git doesn't tell), or words. */
  readonly cause: string;
  /** The step that reads it, where one does. */
  readonly step?: string;
  /** `base/Dockerfile:3`, from the top of the repository. */
  readonly place?: string;
}

/** Answers questions about a workspace and its repository, each state defined once. */
export class Comparison implements AsyncDisposable {
  readonly #invocation: ShowInvocation;
  readonly #workspace: Workspace;
  readonly #scope = new AsyncDisposableStack();
  readonly #states = new Map<string | undefined, Promise<PlacedWorkspace>>();

  constructor(invocation: ShowInvocation, workspace: Workspace) {
    this.#invocation = invocation;
    this.#workspace = workspace;
  }

  /** Top of the repository around the workspace, or the workspace's root where there is none. */
  get #around(): string {
    return gitTop(this.#workspace.root) ?? this.#workspace.root;
  }

  /** Top of the repository around the workspace. */
  get top(): string {
    const top = gitTop(this.#workspace.root);
    if (top === undefined) {
      throw new Mistake(
        `${this.#workspace.root} is in no git repository, so nobody can tell what has changed`,
        'leave --affected and [REF] out, or run git init',
      );
    }
    return top;
  }

  /** The workspace at a commit, or as it is in the working tree. */
  at(commit?: string): Promise<PlacedWorkspace> {
    let state = this.#states.get(commit);
    if (!state) this.#states.set(commit, (state = this.#define(commit)));
    return state;
  }

  async #define(commit: string | undefined): Promise<PlacedWorkspace> {
    const { cwd } = this.#invocation;
    if (commit === undefined) {
      return definedAt(this.#invocation, { cwd, top: this.#around }, this.#scope);
    }
    const { top } = this;
    const made = checkOut(commit, realpathSync(top), { outside: this.#outside(top), scope: this.#scope });
    return definedAt(
      this.#invocation,
      { cwd: join(made, relative(realpathSync(top), realpathSync(cwd))), top: made },
      this.#scope,
    );
  }

  /** Folders and layouts outside of the repository that images are built from. */
  #outside(top: string): readonly string[] {
    const paths = [...this.#workspace.targets.values()].flatMap(({ context, contexts }) =>
      [context, ...Object.values(contexts)].flatMap((each) => ('path' in each ? [each.path] : [])),
    );
    return [...new Set(paths)].filter((path) => relative(top, path).startsWith('..'));
  }

  /** The images of the changes' end that differ from their beginning, or may. */
  async affected(asked: AskedChanges): Promise<readonly AffectedImage[]> {
    const changes = changesIn(asked, asked.kind === 'files' ? this.#around : this.top);
    const mayDefine = this.#mayDefine(changes);
    const { base: since, paths, unseenToo } = changes;
    if (paths.length === 0 && !mayDefine && !unseenToo) return [];
    const head = await this.at(changes.head);
    const base = mayDefine && since !== undefined ? await this.#baseOf(since) : head;
    const unseen = unseenToo && since !== undefined ? new Unseen(head.top, since) : undefined;
    const found = new Map<string, AffectedImage>();
    const add = (image: AffectedImage) => void (found.has(image.id) || found.set(image.id, image));
    if ('failed' in base) for (const { id } of head.images) add({ id, cause: base.failed });
    else
      for (const image of head.images) {
        const cause = causeIn(image, { changes, head, base, unseen });
        if (cause) add({ id: image.id, ...cause });
      }
    // That is in no step: whoever is built from such an image has the same cause.
    const outright = new Map([...this.#layoutsIn(changes), ...this.#definedBy(changes)]);
    for (let more = true; more;) {
      const before = outright.size;
      for (const [from, to] of head.needs) {
        const path = outright.get(to);
        if (path !== undefined && !outright.has(from)) outright.set(from, path);
      }
      more = outright.size > before;
    }
    for (const [id, cause] of outright) add({ id, cause });
    return head.images.flatMap(({ id }, i, all) =>
      found.has(id) && all.findIndex((other) => other.id === id) === i ? [found.get(id)!] : [],
    );
  }

  /** Whether a change may alter what is built from the same files. */
  #mayDefine({ paths, top, base, head }: Changes): boolean {
    const { seen, targets } = this.#workspace;
    if (base === undefined) return false;
    if (!seen) return true;
    // A config that looks at what is checked out.
    const looksAtGit = seen.some((path) => basename(path) === 'packed-refs');
    if (looksAtGit && base !== (head ?? commitOf('HEAD', top))) return true;
    const real = realpathSync(top);
    const ofTargets = [...targets.values()].flatMap(placesOf);
    const deciding = new Set([...seen, ...ofTargets.map(({ file }) => file)]);
    return paths.some((path) => {
      if (defining.test(basename(path))) return true;
      return [join(top, path), join(real, path)].some(
        // A link on the way to a folder that is read may lead elsewhere.
        (full) => deciding.has(full) || ofTargets.some(({ folder }) => `${folder}/`.startsWith(`${full}/`)),
      );
    });
  }

  async #baseOf(base: string): Promise<PlacedWorkspace | { readonly failed: string }> {
    try {
      return await this.at(base);
    } catch (error) {
      if (this.#invocation.signal.aborted) throw error;
      return { failed: `the workspace can't be read at ${base.slice(0, 12)}: ${(error as Error).message}` };
    }
  }

  *#layoutsIn({ paths, top }: Changes): Generator<readonly [id: string, path: string]> {
    for (const { id, contexts } of this.#workspace.targets.values()) {
      for (const each of Object.values(contexts)) {
        if (each.kind !== 'oci-layout') continue;
        const layout = relative(top, each.path);
        const path = paths.find((changed) => changed === layout || changed.startsWith(`${layout}/`));
        if (path !== undefined) yield [id, path];
      }
    }
  }

  /** Images that a changed file describes, where nobody says what it was before. */
  *#definedBy({ paths, top, base }: Changes): Generator<readonly [id: string, path: string]> {
    if (base !== undefined || paths.length === 0) return;
    const { known, targets } = this.#workspace;
    const describing = known.filter((path) => basename(path) !== '.gitignore' && !isFolder(path)).map(real);
    const at = realpathSync(top);
    const changedOf = (files: readonly string[]) =>
      paths.find((path) => files.some((file) => isIn(relative(at, file), path)));
    const ofAll = changedOf(describing);
    for (const target of targets.values()) {
      const path = ofAll ?? changedOf(placesOf(target).map(({ file }) => file));
      if (path !== undefined) yield [target.id, path === '' ? '.' : path];
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#scope.disposeAsync();
  }
}

/** Names of files that say what is built, and from what. */
const defining = /dockerfile|containerfile|dockerignore|^\.gitignore$|\.hcl$|compose.*\.ya?ml$|docker-bake/i;

/** Files that say what a target is, wherever links lead, and the folders that it is built from. */
function placesOf({ context, contexts, recipe }: ResolvedTarget): readonly { file: string; folder: string }[] {
  const folders = [context, ...Object.values(contexts)].flatMap((each) => (each.kind === 'folder' ? [each.path] : []));
  const files = folders.map((folder) => ({ folder, file: real(join(folder, '.dockerignore')) }));
  if (recipe.kind !== 'dockerfile') return files;
  const { folder, name } = recipe;
  return [...files, ...[name, `${name}.dockerignore`].map((each) => ({ folder, file: real(join(folder, each)) }))];
}

function real(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Whether a path is another, or in it. */
function isIn(path: string, place: string): boolean {
  return place === '' || path === place || path.startsWith(`${place}/`);
}

type Cause = Omit<AffectedImage, 'id'>;

function causeIn(
  image: PlacedImage,
  {
    changes,
    head,
    base,
    unseen,
  }: {
    readonly changes: Changes;
    readonly head: PlacedWorkspace;
    readonly base: PlacedWorkspace;
    /** Undefined where the end is a commit. */
    readonly unseen: Unseen | undefined;
  },
): Cause | undefined {
  const twins = head.images.filter(({ id }) => id === image.id);
  const before = base.images.filter(({ id }) => id === image.id)[twins.indexOf(image)];
  if (!before) return { cause: 'a new image' };
  const known = new Set(before.steps.map(({ print }) => print));
  const step = image.steps.find(({ print }) => !known.has(print));
  if (step) return { cause: 'another step', step: step.name, ...(step.place && { place: step.place }) };
  if (image.steps.length !== before.steps.length) return { cause: 'steps were removed' };
  if (image.config !== before.config) return { cause: "another value in the image's config" };
  if (image.form !== before.form) return { cause: 'another annotation or form of its output' };
  const readBefore = base === head ? undefined : base.top;
  for (const [i, read] of image.reads.entries()) {
    const cause =
      changedIn(read, { changes, top: head.top, before: before.reads[i]!, baseTop: readBefore }) ??
      unseen?.in(read.folder, read.ignored).find(({ probe }) => read.selects(probe))?.cause;
    if (cause === undefined) continue;
    const { name, source } = read.reader;
    return { cause, step: name, ...(source && { place: placeOf(source, head.top) }) };
  }
  return undefined;
}

/** The first changed path that a step reads, or that it reads now because another thing is ignored. */
function changedIn(
  read: PlacedImage['reads'][number],
  {
    changes,
    top,
    before,
    baseTop,
  }: {
    readonly changes: Changes;
    readonly top: string;
    readonly before: PlacedImage['reads'][number];
    /** Undefined where both are the same. */
    readonly baseTop: string | undefined;
  },
): string | undefined {
  const ignored = ignoring(read.ignored);
  const folder = relative(top, read.folder);
  const inFolder = (path: string): string | undefined => {
    if (folder === '') return path;
    return path.startsWith(`${folder}/`) ? path.slice(folder.length + 1) : undefined;
  };
  const reads = (path: string) => {
    if (isIn(folder, path)) return true; // a submodule that holds the folder
    const inside = inFolder(path);
    return inside !== undefined && !ignored(inside) && read.selects(inside);
  };
  const direct = changes.paths.find(reads);
  const { base, top: repository } = changes;
  if (direct !== undefined || baseTop === undefined || base === undefined) return direct === '' ? '.' : direct;
  if (JSON.stringify(read.ignored) === JSON.stringify(before.ignored)) return undefined;
  const ignoredBefore = ignoring(before.ignored);
  const files = new Set([...filesOf(base, repository), ...filesOf(changes.head, repository)]);
  return [...files].map(textOf).find((path) => {
    const inside = inFolder(path);
    return inside !== undefined && ignored(inside) !== ignoredBefore(inside) && read.selects(inside);
  });
}
