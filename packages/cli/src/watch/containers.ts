// The containers of a watch with `--up`: one for each image that has something to run.

import type { WatchSpec } from '@monokit/config';
import type { Defined, SyncedPath } from '@monokit/engine';
import { Milestones } from './milestones.ts';
import type { Effects } from './rules.ts';
import { Running, type ProcessEnd, type RunningOptions } from './running.ts';

export interface ContainersOptions extends Pick<RunningOptions, 'engine' | 'signal' | 'volumes'> {
  /** Whether containers have the network of this machine, where each is reached at `localhost`. */
  readonly shareNetwork: boolean;
  onLine(image: string, line: string): void;
  tell(words: ContainerWords): void;
}

export type ContainerWords = { readonly image: string } & (
  | { readonly kind: 'started' | 'restarted' | 'stopped' | 'nothing-to-run' }
  /** Before it starts for the first time. */
  | { readonly kind: 'waits'; readonly for: readonly string[] }
  /** By itself; `again` is when it is started again, in milliseconds. */
  | { readonly kind: 'ended'; readonly end: ProcessEnd; readonly again: number | undefined }
  | { readonly kind: 'reached'; readonly target: number; readonly published: number }
  | { readonly kind: 'synced'; readonly paths: readonly SyncedPath[]; readonly restarted: boolean }
  | { readonly kind: 'executed'; readonly command: string; readonly code: number | undefined }
  | { readonly kind: 'failed'; readonly error: unknown }
);

/** What happens to one image's container happens in order. */
interface Place {
  turn: Promise<void>;
  running: Running | undefined;
  /** How many images are to take its place: only the last is worth starting. */
  replacing: number;
  /** Ends what it waits for. */
  readonly closing: AbortController;
}

export class Containers implements AsyncDisposable {
  readonly #options: ContainersOptions;
  readonly #places = new Map<string, Place>();
  readonly #milestones = new Milestones();

  constructor(options: ContainersOptions) {
    this.#options = options;
  }

  /** Whether an image's container is there, or is about to be: whether what is synced to it arrives. */
  has(image: string): boolean {
    const place = this.#places.get(image);
    return place !== undefined && (place.running !== undefined || place.replacing > 0);
  }

  /**
   * Runs the image as it is now, in place of the container that there is. Rejects if there can be none. `others` are
   * images whose containers it may want to reach.
   */
  async replace(
    defined: Defined,
    spec: WatchSpec | undefined,
    { initial, others }: { readonly initial: readonly SyncedPath[]; readonly others: Iterable<string> },
  ): Promise<void> {
    const { engine, signal, volumes, shareNetwork, onLine, tell } = this.#options;
    const image = defined.request.id;
    // As services of compose know each other by their names.
    const names = shareNetwork ? [...others].filter((each) => each !== image && isHostname(each)) : [];
    let failed: { readonly error: unknown } | undefined;
    const place = this.#place(image);
    place.replacing++;
    await this.#next(image, async () => {
      try {
        if (place.replacing > 1 || signal.aborted) return;
        const next = await Running.open(defined, spec, {
          engine,
          signal,
          hosts: names.map((host) => ({ host, ip: '127.0.0.1' })),
          volumes,
          onLine: (line) => onLine(image, line),
          onPort: (port) => tell({ kind: 'reached', image, ...port }),
          onEnd: ({ again, ...end }) => {
            if ('code' in end && end.code === 0) this.#milestones.reach(image, 'completed');
            tell({ kind: 'ended', image, end, again });
          },
        });
        const before = place.running;
        place.running = next;
        // It may listen where the next one will.
        await before?.[Symbol.asyncDispose]();
        if (!next) {
          // Who waits for what never runs would wait for ever.
          this.#milestones.reach(image, 'started');
          return tell({ kind: 'nothing-to-run', image });
        }
        const known = new Set(others);
        const waited = before ? [] : (spec?.dependsOn ?? []).filter(({ id }) => known.has(id));
        await this.#milestones.wait(waited, {
          signal: AbortSignal.any([signal, place.closing.signal]),
          waiting: (open) => tell({ kind: 'waits', image, for: open }),
        });
        if (initial.length > 0) await next.sync(initial);
        await next.start();
        this.#milestones.reach(image, 'started');
        tell({ kind: before ? 'restarted' : 'started', image });
      } catch (error) {
        failed = { error };
      } finally {
        place.replacing--;
      }
    });
    if (failed && !signal.aborted && !place.closing.signal.aborted) throw failed.error;
  }

  /** Does to an image's container what changes mean to it. */
  async affect(image: string, { synced, restart, execs }: Effects): Promise<void> {
    const { tell } = this.#options;
    await this.#next(image, async () => {
      const { running } = this.#place(image);
      if (!running) return;
      try {
        if (synced.length > 0) await running.sync(synced);
        if (restart) {
          await running.stop();
          await running.start();
        }
        if (synced.length > 0) tell({ kind: 'synced', image, paths: synced, restarted: restart });
        else if (restart) tell({ kind: 'restarted', image });
        for (const { command, user, privileged, workingDir, environment } of execs) {
          const code = await running.exec({
            args: command,
            privileged,
            env: Object.entries(environment).map(([name, value]) => `${name}=${value}`),
            ...(user !== undefined && { user }),
            ...(workingDir !== undefined && { cwd: workingDir }),
          });
          tell({ kind: 'executed', image, command: command.join(' '), code });
        }
      } catch (error) {
        if (!this.#options.signal.aborted) tell({ kind: 'failed', image, error });
      }
    });
  }

  /** The container of an image, where one is there. */
  running(image: string): Running | undefined {
    return this.#places.get(image)?.running;
  }

  /** Ends the containers of images that are none of these. */
  async keep(images: ReadonlySet<string>): Promise<void> {
    const gone = [...this.#places.keys()].filter((image) => !images.has(image));
    await Promise.all(gone.map((image) => this.#end(image)));
  }

  async #end(image: string): Promise<void> {
    this.#place(image).closing.abort(new Error(`the container of ${image} goes`));
    await this.#next(image, async () => {
      const { running } = this.#place(image);
      this.#places.delete(image);
      await running?.[Symbol.asyncDispose]();
      if (running) this.#options.tell({ kind: 'stopped', image });
    });
  }

  #place(image: string): Place {
    let place = this.#places.get(image);
    if (!place) {
      place = { turn: Promise.resolve(), running: undefined, replacing: 0, closing: new AbortController() };
      this.#places.set(image, place);
    }
    return place;
  }

  #next(image: string, work: () => Promise<void>): Promise<void> {
    const place = this.#place(image);
    return (place.turn = place.turn.then(work));
  }

  /** Stops all of them, each in its own time. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.keep(new Set());
  }
}

function isHostname(text: string): boolean {
  return /^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/.test(text);
}
