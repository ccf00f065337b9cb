// Builds once, then whatever changes reach, until it is stopped.

import { gitLock } from '@monokit/config';
import type { LocalEngine, SyncedPath } from '@monokit/engine';
import { Mistake } from '../mistake.ts';
import type { Recorder } from '../recorder/recorder.ts';
import type { Chosen } from '../tasks/tasks.ts';
import type { Renderer } from '../ui/renderer.ts';
import type { Containers } from './containers.ts';
import { FirstLook } from './first-look.ts';
import { Inputs, type Reading } from './inputs.ts';
import { LookAnew } from './look-anew.ts';
import { Round, type RoundEnd } from './round.ts';
import type { Rules } from './rules.ts';
import { Watcher, type WatchPlaces } from './watcher.ts';
import type { Words } from './words.ts';

export interface WatchOptions {
  readonly engine: LocalEngine;
  readonly signal: AbortSignal;
  readonly debounce: number;
  readonly poll?: number;
  /** What a change does to a build that is under way: it takes its place, waits for its end, or is not acted on. */
  readonly busy: 'restart' | 'queue' | 'ignore';
  /** Whether all is built at the beginning. */
  readonly initial: boolean;
  /** Ends when the first change is built. */
  readonly once: boolean;
  /** Runs the images that are built, with the rules for files that are put into what runs. */
  readonly up?: { readonly containers: Containers; rulesOf(chosen: Chosen, inputs: Inputs): Rules };
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

/** What was chosen, and what it reads. */
interface State extends AsyncDisposable {
  readonly chosen: Chosen;
  readonly inputs: Inputs;
  readonly rules: Rules | undefined;
}

export class Watch {
  readonly #options: WatchOptions;
  readonly #rounds = new Set<Round>();
  /** What happens next waits for what happens now. */
  #turn: Promise<void> = Promise.resolve();
  #state: State | undefined;
  #watcher: Watcher | undefined;
  #current: Round | undefined;
  #failed: ReadonlySet<string> = new Set();
  readonly #digests = new Map<string, string>();
  /** Images that are others than when `built` was told last. */
  readonly #fresh = new Set<string>();
  /** Changes that wait for the end of a build. */
  readonly #waiting = new Set<string>();
  #hasChanged = false;
  /** How much was told to be watched; undefined before the beginning is over. */
  #places: string | undefined;
  #isWatching = false;
  #over = Promise.withResolvers<void>();

  constructor(options: WatchOptions) {
    this.#options = options;
  }

  /** Resolves when it is stopped; rejects with what no change can mend. */
  async run(): Promise<void> {
    const { engine, signal, debounce, poll, initial, tell } = this.#options;
    signal.addEventListener('abort', () => this.#over.resolve(), { once: true });
    const began = Date.now();
    const first = (this.#state = await this.#open());
    const look = new FirstLook([...engine.lookedAt.paths, ...first.inputs.places.paths], began);
    const lock = gitLock(first.chosen.root);
    await using watcher = (this.#watcher = new Watcher({
      debounce,
      ...(lock !== undefined && { lock }),
      longest: 250,
      ...(poll !== undefined && { poll }),
      onChange: (paths) => this.#next(() => this.#changed(paths)),
      onError: (error) => tell({ kind: 'unseen', error }),
      onPoll: (limit, polling) => {
        tell({ kind: 'polling', limit });
        // What changed meanwhile shows now; at the beginning one more look finds it.
        const catchUp = () => this.#isWatching && this.#next(() => this.#begin(this.#all, []));
        polling.then(catchUp, (error: unknown) => this.#over.reject(error));
      },
    }));
    const ready = watcher.watch(placesOf(first));
    const walked = Date.now();
    if (initial) await this.#begin(this.#all, []);
    void ready
      .then(() =>
        this.#next(async () => {
          this.#isWatching = true;
          // Nobody told of what changed before everything was watched.
          const ignored = (path: string) => first.inputs.isIgnored(path);
          const changed =
            this.#state === first ? look.changed(engine.lookedAt.folders(), { walked, ignored }) : undefined;
          if (changed?.size) await this.#changed(changed);
        }),
      )
      .then(() => this.#turn)
      .then(() => this.#idle())
      .then(() => {
        engine.rest();
        if (this.#isWatching) this.#tellPlaces(watcher);
      })
      .catch((error: unknown) => this.#over.reject(error));
    try {
      await this.#over.promise;
    } finally {
      this.#isWatching = false;
      for (const round of this.#rounds) round.supersede(undefined);
      await Promise.allSettled([this.#turn, ...[...this.#rounds].map(({ done }) => done)]);
      await this.#state[Symbol.asyncDispose]();
    }
  }

  /** Builds all chosen images again; what is being built goes on. */
  rebuild(): void {
    this.#next(() => this.#begin(this.#all, []));
  }

  /** The same, after ending all that is being built. */
  rebuildAfresh(): void {
    this.#next(async () => {
      this.#current?.supersede(undefined);
      await this.#settled();
      await this.#begin(this.#all, []);
    });
  }

  /** Builds those that failed last. */
  rebuildFailed(): void {
    if (this.#failed.size === 0) this.#options.tell({ kind: 'nothing-failed' });
    this.#next(() => this.#begin(this.#failed, []));
  }

  /** Whether an image could not be built when it was tried last. */
  get failed(): boolean {
    return this.#failed.size > 0;
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

  async #changed(changed: ReadonlySet<string>): Promise<void> {
    const { busy, tell, up } = this.#options;
    const { inputs, rules } = this.#state!;
    const open = [...(this.#current?.open ?? [])];
    if (busy !== 'restart' && this.#rounds.size > 0 && open.length > 0) {
      tell({ kind: busy === 'queue' ? 'waiting' : 'left', images: open });
      if (busy === 'queue') for (const path of changed) this.#waiting.add(path);
      return;
    }
    const paths = new Set([...this.#waiting, ...changed]);
    this.#waiting.clear();
    const deciding = [...paths].filter((path) => inputs.decides(path));
    if (deciding.length > 0) return this.#reload(deciding);
    const { containers } = up ?? {};
    const meaning = containers && rules?.meaningOf(paths, (image) => containers.has(image));
    for (const [image, effects] of meaning?.effects ?? []) void containers!.affect(image, effects);
    const readings = [...inputs.readings(paths, meaning?.takes)];
    for (const [image, path] of meaning?.rebuilt ?? []) {
      if (!readings.some((reading) => reading.image === image)) readings.push({ image, path, step: 'rebuild' });
    }
    if (readings.length === 0) return;
    const ids = new Set(readings.map(({ image }) => image));
    const why = new Set(readings.map(({ path }) => path));
    for (const path of paths) if (inputs.isRead(path, meaning?.takes)) why.add(path);
    tell({ kind: 'changed', paths: [...why], images: [...ids] });
    this.#hasChanged = true;
    await this.#begin(ids, readings);
  }

  /** Reads the workspace anew. Where that cannot be read, what was read before stays. */
  async #reload(paths: readonly string[]): Promise<void> {
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
    await this.#settled();
    await before[Symbol.asyncDispose]();
    await this.#watcher!.watch(placesOf(state));
    if (this.#places !== undefined) this.#tellPlaces(this.#watcher!);
    this.#forgetOtherRuns(before.chosen, state.chosen);
    await this.#options.up?.containers.keep(state.chosen.meant);
    this.#hasChanged = true;
    await this.#begin(this.#all, []);
  }

  /** How much is watched, when that is something else than was told last. */
  #tellPlaces({ files }: Watcher): void {
    const images = this.#all.size;
    const places = `${files} ${images}`;
    if (places !== this.#places) this.#options.tell({ kind: 'watching', images, files });
    this.#places = places;
  }

  async #open(): Promise<State> {
    const { choose, engine, signal } = this.#options;
    await using scope = new AsyncDisposableStack();
    const chosen = await choose(scope);
    const inputs = await Inputs.of(engine, chosen, { signal });
    const rules = this.#options.up?.rulesOf(chosen, inputs);
    const kept = scope.move();
    return { chosen, inputs, rules, [Symbol.asyncDispose]: () => kept.disposeAsync() };
  }

  /** Resolves once every build has ended. */
  async #settled(): Promise<void> {
    await Promise.allSettled([...this.#rounds].map(({ done }) => done));
    this.#current = undefined;
  }

  /** Images that are to run in another way count as others. */
  #forgetOtherRuns(before: Chosen, now: Chosen): void {
    const runOf = ({ watched }: Chosen, id: string) => JSON.stringify(watched.get(id)?.spec);
    for (const id of this.#digests.keys()) if (runOf(before, id) !== runOf(now, id)) this.#digests.delete(id);
  }

  /** Begins to build these images, and those that a build which is under way has not built yet. */
  async #begin(wanted: ReadonlySet<string>, readings: readonly Reading[]): Promise<void> {
    if (wanted.size === 0) return;
    const { engine, signal, show, tell } = this.#options;
    const { chosen } = this.#state!;
    const before = this.#current;
    const ids = new Set([...wanted, ...(before?.open ?? [])]);
    const { renderer, recorder } = await show(chosen, ids, readings);
    const built = (id: string, digest: string) => this.#built(id, digest);
    const round = new Round(engine, chosen, { ids, renderer, recorder, signal, built });
    this.#current = round;
    this.#rounds.add(round);
    if (before && before.open.size > 0 && this.#rounds.has(before)) {
      const again = [...before.open].filter((id) => wanted.has(id));
      if (again.length > 0) {
        tell({ kind: 'superseded', images: again });
        // A storm of changes goes on: builds that it stops again and again would only slow down the news of it.
        this.#watcher!.slow();
      }
      before.supersede(readings);
    }
    void round.done
      .then((end) => this.#ended(round, end, readings))
      .catch((error: unknown) => (signal.aborted ? undefined : this.#over.reject(error)))
      .finally(() => {
        renderer[Symbol.dispose]();
        this.#rounds.delete(round);
        // Until all is watched, what was looked at is asked for.
        if (this.#isWatching) engine.rest();
        if (this.#waiting.size > 0) this.#next(() => this.#changed(new Set()));
      });
  }

  #ended(round: Round, { open, stale, superseded }: RoundEnd, readings: readonly Reading[]): void {
    if (superseded) return;
    this.#failed = new Set([...[...this.#failed].filter((id) => !round.ids.has(id)), ...open]);
    if (stale.size > 0) {
      // It has ended: what is begun in its place supersedes nothing.
      this.#rounds.delete(round);
      return this.#next(() => this.#begin(stale, readings));
    }
    this.#watcher!.calm();
    if (open.size === 0 && this.#fresh.size > 0) {
      const images = [...this.#fresh];
      this.#fresh.clear();
      this.#options.built(images);
    }
    if (this.#options.once && this.#hasChanged) this.#over.resolve();
  }

  /** An image is there, whatever becomes of the others of its build. */
  #built(id: string, digest: string): void {
    if (digest !== '' && this.#digests.get(id) === digest) return;
    this.#digests.set(id, digest);
    this.#fresh.add(id);
    const { up, signal, tell } = this.#options;
    const { chosen, inputs, rules } = this.#state!;
    const defined = inputs.defined(id);
    const spec = chosen.watched.get(id)?.spec;
    if (!up || !defined || !chosen.meant.has(id) || spec?.up === false) return;
    const initial: readonly SyncedPath[] = rules?.initial(id) ?? [];
    const others = [...chosen.meant].filter((each) => chosen.watched.get(each)?.spec?.up !== false);
    up.containers.replace(new LookAnew().defined(defined), spec, { initial, others }).catch((error: unknown) => {
      // The next build of it tries again.
      this.#digests.delete(id);
      if (!signal.aborted) tell({ kind: 'not-run', image: id, error });
    });
  }
}

function placesOf({ inputs, rules }: State): WatchPlaces {
  return rules ? inputs.placesWith(rules.paths) : inputs.places;
}
