// Brings about results of a graph of vertices: finds what is cached by definition, then by content, and runs the rest,
// each vertex once, as soon as its inputs are there. It knows neither containers nor disks nor LLB: what a vertex does
// is its Operator's affair, what is remembered is the CacheStore's.

import type { Download } from '../progress/download.ts';
import type { Work } from '../progress/work.ts';
import { Failed, failedOf } from '../std/failed.ts';
import { Active } from './active.ts';
import type { CacheStore } from './cache-store.ts';
import type { VertexFailure } from './failure.ts';
import type { Foreseen } from './foresight.ts';
import { cacheRecords, type EdgeRecord, type KeyedEdge } from './records.ts';
import type { Edge, Held, KeyFacts, Operator, Place, Vertex } from './vertex.ts';

export interface SolverOptions<R, J> {
  readonly store: CacheStore<R>;
  readonly operator: (vertex: Vertex) => Operator<R, J>;
  /** Waits until a vertex may run; all may at once when left out. */
  readonly admit?: (vertex: Vertex) => Promise<Place>;
}

/** One job's graph. Vertices with equal digests are one; a result lives until the job is closed. */
export class Solver<R extends Held<R>, J extends Work> implements AsyncDisposable {
  readonly #options: SolverOptions<R, J>;
  readonly #job: J;
  readonly #active = new Map<string, Active<R, J>>();
  readonly #kept: Promise<void>[] = [];
  readonly #trailing: Promise<void>[] = [];

  constructor(job: J, options: SolverOptions<R, J>) {
    this.#job = job;
    this.#options = options;
  }

  /** A hold on the result of an edge; the caller disposes it. */
  async solve(edge: Edge): Promise<R> {
    const result = await this.#of(edge.vertex).result(edge.index);
    return result.clone();
  }

  /**
   * The cache records that lead to edges, as a cache export writes them down. Unless told to, this runs nothing: what is
   * not here is told as far as it is remembered.
   */
  records(
    roots: readonly Edge[],
    options: { readonly bringAbout: boolean } = { bringAbout: false },
  ): Promise<readonly EdgeRecord[]> {
    return cacheRecords(roots, (edge) => this.keyed(edge, options));
  }

  /** What an edge is keyed by; `records` is made of it. */
  keyed(
    { vertex, index }: Edge,
    options: { readonly bringAbout: boolean } = { bringAbout: false },
  ): Promise<KeyedEdge> {
    return this.#of(vertex).keys.keyed(index, options);
  }

  /** The result of an edge if it is here or kept, and when it was made; nothing runs for it. It stays the solver's. */
  async known(edge: Edge): Promise<{ readonly result: R; readonly createdAt: number } | undefined> {
    return this.#of(edge.vertex).known(edge.index);
  }

  /** What solving an edge would do with its vertex. Nothing is run or fetched to find out. */
  foresee(edge: Edge): Promise<Foreseen> {
    return this.#of(edge.vertex).foresight.of(edge.index);
  }

  /** What bringing about its result would fetch, once its inputs are there; as far as that can be told without. */
  downloads(edge: Edge): Promise<readonly Download[]> {
    return this.#of(edge.vertex).foresight.downloads(edge.index);
  }

  /** What a vertex turned out to be keyed by; undefined where nobody needed it so far. Asks nothing. */
  facts(vertex: Vertex): KeyFacts | undefined {
    return this.#active.get(nameOf(vertex))?.keys.facts;
  }

  /** What a vertex is keyed by, as far as sources and what they look at tell; nothing runs for it. */
  async look(vertex: Vertex): Promise<KeyFacts> {
    const { keys, lookedAt } = this.#of(vertex);
    await keys.maps();
    await Promise.all(lookedAt.map((input) => keys.content(input)));
    return keys.facts;
  }

  /** What an input of a vertex gave, where that is here; it stays the solver's. */
  async here(vertex: Vertex, input: number): Promise<R | undefined> {
    const edge = vertex.inputs[input]!;
    return this.#active.get(nameOf(edge.vertex))?.brought(edge.index);
  }

  /** Waits until all that was solved is also kept for later builds. Fails if it could not be. */
  async settle(): Promise<void> {
    await Promise.all(this.#kept);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled(this.#kept);
    const trailing = await Promise.allSettled(this.#trailing);
    await Promise.all([...this.#active.values()].map((active) => active.release()));
    this.#active.clear();
    const failed = trailing.find((each) => each.status === 'rejected');
    if (failed && !this.#job.signal.aborted) throw failed.reason;
  }

  #of(vertex: Vertex): Active<R, J> {
    const name = nameOf(vertex);
    let active = this.#active.get(name);
    if (!active) {
      active = new Active(vertex, this.#options.operator(vertex), {
        store: this.#options.store,
        job: this.#job,
        active: (edge) => this.#of(edge.vertex),
        admit: this.#options.admit ?? (async () => ({ waited: 0, signal: this.#job.signal, [Symbol.dispose]() {} })),
        keep: (work) => {
          work.catch(() => undefined); // `settle` tells it
          this.#kept.push(work);
        },
        trail: (work) => {
          work.catch(() => undefined); // told when the job is closed
          this.#trailing.push(work);
        },
        failed: (failing, error) => this.#failed(failing, error),
      });
      this.#active.set(name, active);
      const { digest, name: title, inputs, source } = vertex;
      this.#job.report({
        kind: 'vertex-known',
        vertex: digest,
        at: Date.now(),
        name: title,
        inputs: inputs.map((input) => input.vertex.digest),
        ...(source && { source }),
      });
    }
    return active;
  }

  /** The failure with the vertex it happened in; an input's failure stays the input's, cancellation stays untouched. */
  #failed({ digest, name, source }: Vertex, error: unknown): unknown {
    if (this.#job.signal.aborted && error === this.#job.signal.reason) return error;
    if (failedOf(error, 'vertex')) return error;
    const message = error instanceof Error ? error.message : String(error);
    const failure: VertexFailure = { kind: 'vertex', message, vertex: digest, name, ...(source && { source }) };
    return new Failed(failure, { cause: error });
  }
}

/** A forced vertex is another than the same one unforced, as in BuildKit. */
function nameOf({ digest, ignoreCache }: Vertex): string {
  return ignoreCache ? `${digest}-ignorecache` : digest;
}
