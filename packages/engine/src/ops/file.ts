// Runs a file op: its actions, each on the result of another or on an input. Actions that build on each other write into
// one tree; it is committed where a result is wanted or is read by several.

import type { Cache } from '../cache/api.ts';
import { Destination } from '../cache/copy/destination.ts';
import { mountedTree } from '../cache/mounted-tree.ts';
import type { ImmutableRef, MutableRef } from '../cache/ref.ts';
import type { TreeNode } from '../cache/tree.ts';
import type { CopyAction } from '../llb/copy-action.ts';
import type { FileAction, FileActionPlace } from '../llb/file-action.ts';
import type { FileOp } from '../llb/file.ts';
import type { Pool } from '../pool/pool.ts';
import type { Event } from '../progress/event.ts';
import type { Work } from '../progress/work.ts';
import { bytePath } from '../std/byte-path.ts';
import { diskFull } from '../std/disk-full.ts';
import { Failed, failedOf } from '../std/failed.ts';
import { untimed } from '../std/untimed.ts';
import { copyHere, copyTask, isSmall, type CopySource } from './file/copy-action.ts';
import { CopyAgain } from './file/copy-again.ts';
import type { FileFailure } from './file/failure.ts';
import { resolveOwner } from './file/owner.ts';
import { refusalsIn } from './file/refusal.ts';
import { makeFile, makeFolder, makeSymlink, removePaths } from './file/small-actions.ts';

export interface FileOpOptions {
  readonly cache: Cache;
  readonly pool: Pool;
  readonly job: Work;
  /** For people, as the trees' description. */
  readonly vertex: { readonly name: string };
}

/**
 * Runs the actions and gives the op's outputs in order; they become the caller's, the inputs stay the caller's. Throws
 * `Failed<FileFailure>`; nothing is left behind then.
 */
export async function runFileOp(
  op: Pick<FileOp, 'actions'>,
  inputs: readonly ImmutableRef[],
  options: FileOpOptions,
): Promise<readonly ImmutableRef[]> {
  try {
    return await runOnce(op, inputs, options);
  } catch (error) {
    if (!(error instanceof NotLinked)) throw error;
    // Nothing is known of that copy any more, so all is copied.
    return runFileOp(op, inputs, options);
  }
}

/** What an earlier copy made could not be linked. */
class NotLinked extends Error {}

async function runOnce(
  op: Pick<FileOp, 'actions'>,
  inputs: readonly ImmutableRef[],
  options: FileOpOptions,
): Promise<readonly ImmutableRef[]> {
  const outputs = outputsOf(op.actions);
  await using run = new FileRun(op.actions, inputs, options);
  await using held = new AsyncDisposableStack();
  const results: ImmutableRef[] = [];
  for (const action of outputs) results.push(held.use((await run.committed(action)).clone()));
  held.move();
  return results;
}

/** A full disk by where the tree is kept: its mount point tells nobody which disk that is. */
function fullAtHome(error: unknown, tree: MutableRef): unknown {
  if (!failedOf(error, 'disk-full')) return error;
  const view = tree.view();
  const home = view.kind === 'overlay' ? view.upper : view.kind === 'bind' ? view.path : undefined;
  return home === undefined ? error : diskFull(home, error);
}

/** The actions that outputs 0, 1, … come from. */
function outputsOf(actions: readonly FileAction[]): readonly number[] {
  const outputs = actions.flatMap(({ output }, action) => (output === -1 ? [] : [{ output, action }]));
  outputs.sort((a, b) => a.output - b.output);
  if (outputs.length === 0) throw invalid('no action of the file op is an output');
  if (outputs.some(({ output }, i) => output !== i))
    throw invalid('the outputs of a file op are not 0, 1, 2, … once each');
  return outputs.map(({ action }) => action);
}

/** A tree that an action works on or reads. */
type Place =
  | { readonly kind: 'ref'; readonly ref: ImmutableRef }
  | { readonly kind: 'written'; readonly tree: WrittenTree };

/** A tree that is being written, mounted until it is committed. */
interface WrittenTree {
  readonly mutable: MutableRef;
  readonly path: string;
  /** Holds the mount; disposing it again does nothing. */
  readonly mounted: AsyncDisposableStack;
}

class FileRun implements AsyncDisposable {
  readonly #actions: readonly FileAction[];
  readonly #inputs: readonly ImmutableRef[];
  readonly #options: FileOpOptions;
  readonly #uses: readonly number[];
  readonly #results = new Map<number, Promise<Place>>();
  readonly #open = new AsyncDisposableStack();
  #again: CopyAgain | undefined;

  constructor(actions: readonly FileAction[], inputs: readonly ImmutableRef[], options: FileOpOptions) {
    this.#actions = actions;
    this.#inputs = inputs;
    this.#options = options;
    this.#uses = actions.map((_, i) => actions.reduce((uses, action) => uses + usesOf(action, inputs.length + i), 0));
    this.#checkOrder();
  }

  /** The committed result of an action. */
  async committed(action: number): Promise<ImmutableRef> {
    const place = await this.#result(action);
    if (place.kind !== 'ref') throw new Error('an output is always committed');
    return place.ref;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#open.disposeAsync();
  }

  #result(action: number): Promise<Place> {
    let result = this.#results.get(action);
    if (!result) {
      result = this.#run(this.#actions[action]!, this.#uses[action]!);
      this.#results.set(action, result);
    }
    return result;
  }

  async #run(action: FileAction, uses: number): Promise<Place> {
    this.#options.job.signal.throwIfAborted();
    const tree = await this.#writable(action.input);
    let copied: CopyAgain | undefined;
    try {
      copied = await this.#act(action, tree.path);
    } catch (error) {
      throw fullAtHome(error, tree.mutable);
    }
    // Only one action may go on writing into the same tree.
    if (uses === 1 && action.output === -1) return { kind: 'written', tree };
    await tree.mounted.disposeAsync();
    if (copied && !(await copied.link(tree.mutable.upper))) throw new NotLinked();
    const ref = this.#open.use(await tree.mutable.commit());
    await copied?.keep(ref);
    return { kind: 'ref', ref };
  }

  async #writable(input: number): Promise<WrittenTree> {
    const place = await this.#place(input);
    if (place?.kind === 'written') return place.tree;
    const { cache, vertex, job } = this.#options;
    const { signal } = job;
    const how = { description: vertex.name, signal, report: (event: Event) => job.report(event) };
    const mutable = this.#open.use(await cache.create(place?.ref, how));
    const mounted = this.#open.use(new AsyncDisposableStack());
    return { mutable, mounted, path: mounted.use(await mutable.mount()).path };
  }

  /** What an index stands for; undefined is an empty folder. */
  async #place(index: number): Promise<Place | undefined> {
    if (index === -1) return undefined;
    const input = this.#inputs[index];
    if (input) return { kind: 'ref', ref: input };
    return await this.#result(index - this.#inputs.length);
  }

  async #act(action: FileAction, root: string): Promise<CopyAgain | undefined> {
    const destination = new Destination(bytePath(root));
    const owner = 'owner' in action ? await resolveOwner(action.owner, (index) => this.#tree(index)) : undefined;
    const making = { owner, time: 'timestamp' in action && action.timestamp !== -1n ? action.timestamp : untimed };
    if (action.kind === 'copy') return await this.#copy(action, { destination: root, owner });
    await refusalsIn([destination.root], () => {
      switch (action.kind) {
        case 'mkdir':
          makeFolder(destination, action, making);
          break;
        case 'mkfile':
          makeFile(destination, action, making);
          break;
        case 'symlink':
          makeSymlink(destination, action, making);
          break;
        case 'rm':
          removePaths(destination, action);
          break;
      }
      destination.times.apply();
    });
    return undefined;
  }

  async #copy(
    action: FileAction & { readonly kind: 'copy' },
    how: Pick<Parameters<typeof copyHere>[1], 'destination' | 'owner'>,
  ): Promise<CopyAgain | undefined> {
    const { pool, job } = this.#options;
    const { tree, source } = await this.#source(action.secondaryInput);
    const order = { action, ...how };
    const copies = this.#copiesOfOne();
    if ((copies ?? [action]).every((each) => isSmall(tree, each))) {
      await copyHere(tree, order, { signal: job.signal, check: () => job.signal.throwIfAborted() });
      return undefined;
    }
    const from = source();
    if (from.kind !== 'portable' || !copies) {
      await pool.run(copyTask, { ...order, source: from }, { signal: job.signal });
      return undefined;
    }
    const kind = { actions: copies, owner: how.owner, source: tree.hostPath };
    this.#again ??= this.#open.use(new CopyAgain(kind, this.#options));
    await this.#again.copy({ ...order, source: from });
    return this.#again;
  }

  /**
   * All actions, where they are copies of one tree that come one upon the other, as a COPY of several files has them. Any
   * other action would write into files that are another layer's too.
   */
  #copiesOfOne(): readonly CopyAction[] | undefined {
    const copies = this.#actions.filter((action) => action.kind === 'copy');
    const [first] = copies;
    const alike = copies.every(
      ({ input, output, secondaryInput, owner }, i) =>
        secondaryInput === first!.secondaryInput &&
        JSON.stringify(owner) === JSON.stringify(first!.owner) &&
        (i === 0 || input === this.#inputs.length + i - 1) &&
        (output === -1) === i < copies.length - 1,
    );
    return alike && copies.length === this.#actions.length ? copies : undefined;
  }

  async #source(index: number): Promise<{ readonly tree: TreeNode; readonly source: () => CopySource }> {
    const place = await this.#place(index);
    const host = place?.kind === 'ref' ? place.ref.tree : undefined;
    if (host) return { tree: host.root, source: () => ({ kind: 'portable', tree: host.portable() }) };
    const root = await this.#rootOf(place);
    return { tree: mountedTree(bytePath(root)), source: () => ({ kind: 'mounted', root }) };
  }

  /** A tree to look names up in. */
  async #tree(index: number): Promise<TreeNode> {
    return (await this.#source(index)).tree;
  }

  async #rootOf(place: Place | undefined): Promise<string> {
    if (place?.kind === 'written') return place.tree.path;
    const ref = place?.ref ?? this.#options.cache.scratch;
    return this.#open.use(await ref.mount(this.#options.job)).path;
  }

  /** Every action can come after all that it refers to. */
  #checkOrder(): void {
    const settled = new Set<number>();
    const waiting = new Set<number>();
    const visit = (action: number) => {
      if (settled.has(action)) return;
      if (waiting.has(action)) throw invalid('actions of the file op wait for each other');
      waiting.add(action);
      for (const index of indexesOf(this.#actions[action]!)) {
        if (index < -1 || index >= this.#inputs.length + this.#actions.length) {
          throw invalid(`a file action refers to ${index}, which is neither an input nor an action`);
        }
        if (index >= this.#inputs.length) visit(index - this.#inputs.length);
      }
      settled.add(action);
    };
    for (const action of this.#actions.keys()) visit(action);
  }
}

function usesOf({ input, secondaryInput }: FileActionPlace, index: number): number {
  return Number(input === index) + Number(secondaryInput === index);
}

/** What an action needs to be there first. */
function indexesOf(action: FileAction): number[] {
  const named = 'owner' in action ? [action.owner?.user, action.owner?.group] : [];
  const owners = named.flatMap((ref) => (ref?.kind === 'name' && ref.input >= 0 ? [ref.input] : []));
  return [action.input, action.secondaryInput, ...owners];
}

function invalid(message: string): Failed<FileFailure> {
  return new Failed<FileFailure>({ kind: 'file-actions-invalid', message });
}
