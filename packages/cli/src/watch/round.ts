// One build in a watch: begun by changes, and let go when newer ones make it pointless.

import { run, type Engine, type RunEvent } from '@monokit/engine';
import { failedOf } from '@monokit/engine/std/failed';
import type { Recorder } from '../recorder/recorder.ts';
import type { Chosen } from '../tasks/tasks.ts';
import { isInternal } from '../ui/model.ts';
import type { Renderer } from '../ui/renderer.ts';
import { offersOf, type Reading } from './inputs.ts';
import { LookAnew } from './look-anew.ts';

type Merged = Extract<RunEvent, { readonly kind: 'graph-merged' }>['vertices'][number];

export interface RoundEnd {
  /** Images that were not built: failed, or let go. */
  readonly open: ReadonlySet<string>;
  /** Those of them that met a file while it was being written. */
  readonly stale: ReadonlySet<string>;
  readonly superseded: boolean;
}

export interface RoundOptions {
  readonly ids: ReadonlySet<string>;
  readonly renderer: Renderer;
  readonly recorder: Recorder;
  readonly signal: AbortSignal;
  /** Told of each image as soon as it is built. */
  built(image: string, digest: string): void;
}

/** A build of some of the chosen images. */
export class Round {
  readonly ids: ReadonlySet<string>;
  readonly done: Promise<RoundEnd>;
  readonly #stop = new AbortController();
  readonly #vertices = new Map<string, Merged>();
  readonly #running = new Set<string>();
  readonly #open: Set<string>;
  readonly #built: RoundOptions['built'];
  readonly #stale = new Set<string>();
  /** Steps that newer changes make anew; nothing else is worth going on for. Undefined while all is. */
  #touched: ReadonlySet<string> | undefined;

  constructor(engine: Engine, chosen: Chosen, { ids, renderer, recorder, signal, built }: RoundOptions) {
    this.ids = ids;
    this.#built = built;
    this.#open = new Set(ids);
    const anew = new LookAnew();
    const tasks = chosen.tasks.filter(({ request }) => ids.has(request.id)).map((task) => anew.task(task));
    const report = (event: RunEvent) => {
      const hidden = this.#touched !== undefined || this.#isStale(event);
      if (!hidden) renderer.report(event);
      recorder.report(event);
      this.#note(event);
    };
    const work = {
      signal: AbortSignal.any([signal, this.#stop.signal]),
      report,
      continue: 'dependencies-successful',
    } as const;
    const offers = offersOf(chosen.tasks, chosen, ids).map((offer) => anew.offer(offer));
    const onKeys = recorder.onKeys.bind(recorder);
    this.done = run(engine, tasks, { ...work, offers, onKeys }).then(async () => {
      const superseded = this.#touched !== undefined;
      const end = { code: superseded ? 130 : this.#open.size > 0 ? 1 : 0, endedAt: Date.now() };
      await recorder.finish(end);
      signal.throwIfAborted();
      if (!superseded) renderer.finish(end);
      return { open: this.#open, stale: this.#stale, superseded };
    });
    this.done.catch(() => undefined); // told where it is awaited
  }

  /** Images that are not built yet. */
  get open(): ReadonlySet<string> {
    return this.#open;
  }

  /**
   * Newer changes take its place: it tells nothing more, and ends as soon as it does nothing that a newer build can use.
   * Steps that read none of the changes go on, and the newer build waits for them. Without readings all is pointless.
   * A build whose images are all there ends as the good one that it is.
   */
  supersede(readings: readonly Reading[] | undefined): void {
    if (this.#open.size === 0) return;
    const touched = new Set(this.#touched);
    for (const vertex of this.#vertices.values()) {
      const read = readings?.some(({ step, image }) => vertex.name === step && vertex.wantedBy.includes(image)) ?? true;
      // Inputs come before what reads them.
      if (read || vertex.inputs.some((input) => touched.has(input))) touched.add(vertex.vertex);
    }
    this.#touched = touched;
    this.#endIfPointless();
  }

  /** A file changed under our hands: the watcher tells of it, and it is built again. */
  #isStale(event: RunEvent): boolean {
    if (event.kind !== 'task-failed' || !failedOf(event.error, 'context-changed')) return false;
    this.#stale.add(event.task);
    return true;
  }

  #note(event: RunEvent): void {
    switch (event.kind) {
      case 'graph-merged':
        for (const vertex of event.vertices) this.#vertices.set(vertex.vertex, vertex);
        return;
      case 'vertex-started':
        this.#running.add(event.vertex);
        return;
      case 'vertex-completed':
      case 'vertex-failed':
      case 'vertex-cancelled':
        this.#running.delete(event.vertex);
        return this.#endIfPointless();
      case 'task-completed':
        this.#open.delete(event.task);
        this.#built(event.task, event.digest ?? '');
        return;
      default:
    }
  }

  #endIfPointless(): void {
    const touched = this.#touched;
    if (!touched) return;
    const useful = [...this.#running].some((vertex) => !touched.has(vertex) && isStep(this.#vertices.get(vertex)));
    if (!useful) this.#stop.abort(new Error('newer changes take its place'));
  }
}

function isStep(vertex: Merged | undefined): boolean {
  return vertex !== undefined && !isInternal(vertex);
}
