import type { Estimate, StepPolicy } from '../engine.ts';
import type { Graph, GraphVertex } from '../llb/graph.ts';
import type { Digest } from '../oci/digest.ts';
import type { Work } from '../progress/work.ts';
import { remainingPaths } from '../scheduler/remaining.ts';
import type { Candidate, Scheduler } from '../scheduler/scheduler.ts';
import type { Place } from '../solver/vertex.ts';
import { expectedDuration, expectedNeeds } from './expected.ts';
import type { Parts } from './parts.ts';
import type { Stopwatch } from './stopwatch.ts';

/** Who wants a part of a graph. */
export interface Owner {
  /** The request's. */
  readonly id: string;
  /** What is said of an op, by its digest in the part: by the request, and by the image that the op came from. */
  policies(written: Digest): readonly StepPolicy[];
  /** Runs out when the request's time is up. */
  readonly stopwatch: Stopwatch | undefined;
  /** How long it takes to build what waits for the request, in ms. */
  behind(): number;
}

/** Asks the scheduler for places for the steps of one graph. */
export class Admission {
  readonly #graph: Graph;
  readonly #owners: readonly Owner[];
  readonly #parts: Pick<Parts, 'scheduler' | 'budget' | 'estimate'>;
  readonly #signal: AbortSignal;
  #paths: ReadonlyMap<GraphVertex, number> | undefined;

  constructor(
    graph: Graph,
    owners: readonly Owner[],
    parts: Pick<Parts, 'scheduler' | 'budget' | 'estimate'>,
    { signal }: Pick<Work, 'signal'>,
  ) {
    this.#graph = graph;
    this.#owners = owners;
    this.#parts = parts;
    this.#signal = signal;
  }

  /** The most that anybody says of a vertex; 0 where nobody does. */
  most({ owners, writtenAs }: GraphVertex, key: 'priority' | 'retries'): number {
    const said = owners.flatMap((owner, i) => this.#owners[owner]!.policies(writtenAs[i]!).map((each) => each[key]));
    return said.length === 0 ? 0 : Math.max(...said.map((each) => each ?? 0));
  }

  /** What earlier builds tell of a vertex; `after` as an estimator is asked. */
  known({ digest, name, owners, source }: GraphVertex, after?: readonly Digest[]): Estimate | undefined {
    const { estimate } = this.#parts;
    const wantedBy = () => [...new Set(owners.map((owner) => this.#owners[owner]!.id))];
    return estimate?.({
      vertex: digest,
      name,
      wantedBy: wantedBy(),
      ...(source && { source }),
      ...(after && { after }),
    });
  }

  /** A place in a schedule that is only tried out. */
  async tryPlace(vertex: GraphVertex, scheduler: Scheduler): Promise<Disposable> {
    return isInstant(vertex) ? { [Symbol.dispose]() {} } : scheduler.admit(this.#candidate(vertex));
  }

  /** The scheduler that places are asked of. */
  get scheduler(): Scheduler {
    return this.#parts.scheduler;
  }

  async admit(vertex: GraphVertex): Promise<Place> {
    const owners = new Set(vertex.owners.map((owner) => this.#owners[owner]!));
    const signal = this.#signalFor(owners);
    const { scheduler } = this.#parts;
    const place = isInstant(vertex) ? undefined : await scheduler.admit(this.#candidate(vertex), { signal });
    const running = [...owners].map(({ stopwatch }) => stopwatch?.run(vertex));
    let held = true;
    return {
      waited: place?.waited ?? 0,
      signal,
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        for (const each of running) each?.[Symbol.dispose]();
        place?.[Symbol.dispose]();
      },
    };
  }

  #candidate(vertex: GraphVertex): Candidate {
    const needs = expectedNeeds(vertex, this.known(vertex), this.#parts.budget);
    return { path: this.#pathOf(vertex), priority: this.most(vertex, 'priority'), ...(needs && { needs }) };
  }

  /** The job's signal; and where all owners have a time, the last of those to run out. */
  #signalFor(owners: ReadonlySet<Owner>): AbortSignal {
    const times = [...owners].map(({ stopwatch }) => stopwatch?.signal);
    if (!times.every((each) => each !== undefined)) return this.#signal;
    return AbortSignal.any([this.#signal, times.length === 1 ? times[0]! : whenAll(times)]);
  }

  #pathOf(vertex: GraphVertex): number {
    this.#paths ??= remainingPaths(
      this.#graph.vertices,
      (each) => expectedDuration(each, this.known(each)),
      this.#behindRoots(),
    );
    return this.#paths.get(vertex)!;
  }

  #behindRoots(): ReadonlyMap<GraphVertex, number> {
    const behind = new Map<GraphVertex, number>();
    for (const [part, root] of this.#graph.roots.entries()) {
      if (root) behind.set(root.vertex, Math.max(behind.get(root.vertex) ?? 0, this.#owners[part]!.behind()));
    }
    return behind;
  }
}

/** What only looks at what is there, or runs others, which have places of their own, never stands in line. */
function isInstant({ op }: GraphVertex): boolean {
  if (op.kind === 'source') return op.identifier.startsWith('local://');
  return op.kind === 'build' || op.kind === 'passthrough';
}

/** Fires when the last of the signals has, with its reason. */
function whenAll(signals: readonly AbortSignal[]): AbortSignal {
  const all = new AbortController();
  let left = signals.length;
  for (const signal of signals) {
    const fired = () => --left === 0 && all.abort(signal.reason);
    if (signal.aborted) fired();
    else signal.addEventListener('abort', fired, { once: true });
  }
  return all.signal;
}
