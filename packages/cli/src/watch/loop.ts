// Builds once, then whatever changes reach, until it is stopped.
import type { LocalEngine } from '@monokit/engine';
import { Mistake } from '../mistake.ts';
import type { Chosen } from '../tasks.ts';
import type { Recorder } from '../runs/recorder.ts';
import type { Renderer } from '../ui/renderer.ts';
import { Inputs, type Reading } from './inputs.ts';
import { Round } from './round.ts';
import { Watcher } from './watcher.ts';

export interface WatchOptions {
  readonly engine: LocalEngine;
  readonly signal: AbortSignal;
  readonly debounce: number;
  readonly poll?: number;
  /** Chooses the images anew; what the choice needs goes with `scope`. */
  choose(scope: AsyncDisposableStack): Promise<Chosen>;
  /** Shows one build; `readings` say why it is done. */
  show(chosen: Chosen, ids: ReadonlySet<string>, readings: readonly Reading[]): Promise<Shown>;
  /** For people. */
  tell(words: Words): void;
  /** After a build in which nothing failed: the images that are others than before. */
  built(ids: readonly string[]): void;
}

/** How one build is told to people, and written down. */
export interface Shown {
  readonly renderer: Renderer;
  readonly recorder: Recorder;
}

export type Words =
  | { readonly kind: 'watching'; readonly images: number; readonly folders: number }
  | { readonly kind: 'changed'; readonly paths: readonly string[]; readonly images: readonly string[] }
  | { readonly kind: 'reloaded'; readonly paths: readonly string[] }
  | { readonly kind: 'superseded'; readonly images: readonly string[] }
  | { readonly kind: 'polling'; readonly limit: string }
  | { readonly kind: 'mistake'; readonly error: unknown };

/** What was chosen, and what it reads. */
interface State extends AsyncDisposable {
  readonly chosen: Chosen;
  readonly inputs: Inputs;
}

export class Watch {
  readonly #options: WatchOptions;
  readonly #rounds = new Set<Round>();
  /** What happens next waits for what happens now. */
  #turn: Promise<void> = Promise.resolve();
  #state: State | undefined;
  #current: Round | undefined;
  #failed: ReadonlySet<string> = new Set();
  readonly #digests = new Map<string, string>();
  #over = Promise.withResolvers<void>();

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Resolves when it is stopped; rejects with what no change can mend. */
  async run(): Promise<void> {
    const { signal, debounce, poll, tell } = this.#options;
    signal.addEventListener('abort', () => this.#over.resolve(), { once: true });
    await using watcher = new Watcher({
      debounce,
      longest: 250,
      ...(poll !== undefined && { poll }),
      onChange: (paths) => this.#next(() => this.#changed(paths, watcher)),
      onPoll: (limit) => tell({ kind: 'polling', limit }),
    });
    this.#state = await this.#open();
    const ready = watcher.watch(this.#state.inputs.places);
    await this.#begin(this.#all, []);
    void ready
      .then(() => this.#idle())
      .then(() =>
        this.#next(async () => {
          tell({ kind: 'watching', images: this.#all.size, folders: this.#state!.inputs.folders });
          // What changed before everything was watched shows now: what didn't is cached.
          await this.#begin(this.#all, []);
        }),
      )
      .catch((error: unknown) => this.#over.reject(error));
    try {
      await this.#over.promise;
    } finally {
      await Promise.allSettled([this.#turn, ...[...this.#rounds].map(({ done }) => done)]);
      await this.#state[Symbol.asyncDispose]();
    }
  }

  /** Builds all chosen images again. */
  rebuild(): void {
    this.#next(() => this.#begin(this.#all, []));
  }

  /** Builds those that failed last. */
  rebuildFailed(): void {
    this.#next(() => this.#begin(this.#failed, []));
  }

  stop(): void {
    this.#over.resolve();
  }

  get #all(): ReadonlySet<string> {
    return new Set(this.#state!.chosen.tasks.map(({ request }) => request.id));
  }

  /** Resolves once nothing is being built. */
  async #idle(): Promise<void> {
    for (let round = this.#current, last: Round | undefined; round !== last; round = this.#current) {
      await (last = round)?.done;
    }
  }

  #next(work: () => Promise<void>): void {
    this.#turn = this.#turn.then(work).catch((error: unknown) => this.#over.reject(error));
  }

  async #changed(paths: ReadonlySet<string>, watcher: Watcher): Promise<void> {
    const { inputs } = this.#state!;
    const deciding = [...paths].filter((path) => inputs.decides(path));
    if (deciding.length > 0) return this.#reload(deciding, watcher);
    const readings = inputs.readings(paths);
    if (readings.length === 0) return;
    const ids = new Set(readings.map(({ image }) => image));
    this.#options.tell({ kind: 'changed', paths: [...new Set(readings.map(({ path }) => path))], images: [...ids] });
    await this.#begin(ids, readings);
  }

  /** Reads the workspace anew. Where that cannot be read, what was read before stays. */
  async #reload(paths: readonly string[], watcher: Watcher): Promise<void> {
    const { tell } = this.#options;
    tell({ kind: 'reloaded', paths });
    let state: State;
    try {
      state = await this.#open();
    } catch (error) {
      if (!(error instanceof Mistake)) throw error;
      tell({ kind: 'mistake', error });
      return;
    }
    const before = this.#state!;
    this.#state = state;
    this.#current?.supersede(undefined);
    await Promise.allSettled([...this.#rounds].map(({ done }) => done));
    await before[Symbol.asyncDispose]();
    await watcher.watch(state.inputs.places);
    this.#current = undefined;
    await this.#begin(this.#all, []);
  }

  async #open(): Promise<State> {
    const { choose, engine, signal } = this.#options;
    await using scope = new AsyncDisposableStack();
    const chosen = await choose(scope);
    const inputs = await Inputs.of(engine, chosen, { signal });
    const kept = scope.move();
    return { chosen, inputs, [Symbol.asyncDispose]: () => kept.disposeAsync() };
  }

  /** Begins to build these images, and those that a build which is under way has not built yet. */
  async #begin(wanted: ReadonlySet<string>, readings: readonly Reading[]): Promise<void> {
    if (wanted.size === 0) return;
    const { engine, signal, show, built, tell } = this.#options;
    const { chosen } = this.#state!;
    const before = this.#current;
    const ids = new Set([...wanted, ...(before?.open ?? [])]);
    const { renderer, recorder } = await show(chosen, ids, readings);
    const round = new Round(engine, chosen, { ids, renderer, recorder, signal });
    this.#current = round;
    this.#rounds.add(round);
    if (before && before.open.size > 0 && this.#rounds.has(before)) {
      const again = [...before.open].filter((id) => wanted.has(id));
      if (again.length > 0) tell({ kind: 'superseded', images: again });
      before.supersede(readings);
    }
    void round.done
      .then(({ open, stale, superseded, digests }) => {
        const changed = [...digests].filter(([id, digest]) => digest === '' || this.#digests.get(id) !== digest);
        for (const [id, digest] of changed) this.#digests.set(id, digest);
        if (superseded) return;
        this.#failed = new Set([...[...this.#failed].filter((id) => !round.ids.has(id)), ...open]);
        if (stale.size > 0) this.#next(() => this.#begin(stale, readings));
        else if (open.size === 0 && changed.length > 0) built(changed.map(([id]) => id));
      })
      .catch((error: unknown) => (signal.aborted ? undefined : this.#over.reject(error)))
      .finally(() => {
        renderer[Symbol.dispose]();
        this.#rounds.delete(round);
      });
  }
}
