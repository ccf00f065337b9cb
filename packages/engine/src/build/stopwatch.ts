import type { GraphVertex } from '../llb/graph.ts';
import type { VertexFailure } from '../solver/failure.ts';
import { Failed } from '../std/failed.ts';
import { timeText } from '../std/units.ts';
import type { BuildFailure } from './failure.ts';

/** The longest time that Node's clocks count, in ms: almost 25 days. */
const longest = 2 ** 31 - 1;

/** The time in which steps of a request run: it passes while at least one of them does. */
export class Stopwatch {
  /** Fires with the failure once the time is up. */
  readonly signal: AbortSignal;
  readonly #over = new AbortController();
  readonly #id: string;
  readonly #timeout: number;
  readonly #running = new Set<GraphVertex>();
  #left: number;
  #since = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `timeout` in ms. */
  constructor(id: string, timeout: number) {
    this.#id = id;
    this.#timeout = timeout;
    this.#left = Math.min(timeout, longest);
    this.signal = this.#over.signal;
  }

  /** A step began; disposing says that it ended. */
  run(step: GraphVertex): Disposable {
    if (this.#running.size === 0) {
      this.#since = performance.now();
      this.#timer = setTimeout(() => this.#end(), this.#left);
    }
    this.#running.add(step);
    return {
      [Symbol.dispose]: () => {
        this.#running.delete(step);
        if (this.#running.size > 0) return;
        clearTimeout(this.#timer);
        this.#left = Math.max(0, this.#left - (performance.now() - this.#since));
      },
    };
  }

  /** A result, or, once the time is up, the failure of the step that runs the longest: a shared one may go on. */
  async bound<T extends AsyncDisposable>(solving: Promise<T>): Promise<T> {
    const { promise: over, reject } = Promise.withResolvers<never>();
    const end = () => reject(this.#failure());
    this.signal.addEventListener('abort', end, { once: true });
    let isTaken = false;
    try {
      const result = await Promise.race([solving, over]);
      isTaken = true;
      return result;
    } finally {
      this.signal.removeEventListener('abort', end);
      // What comes after its time is nobody's.
      if (!isTaken) {
        solving.then(
          (late) => late[Symbol.asyncDispose](),
          () => undefined,
        );
      }
    }
  }

  #end(): void {
    const message = `timed out after ${timeText(this.#timeout)}, the time that the steps of ${this.#id} may run`;
    this.#over.abort(new Failed<BuildFailure>({ kind: 'timed-out', image: this.#id, message }));
  }

  #failure(): unknown {
    const cause = this.signal.reason as Failed;
    const [step] = this.#running;
    if (!step) return cause;
    const { digest: vertex, name, source } = step;
    const { message } = cause;
    return new Failed<VertexFailure>({ kind: 'vertex', message, vertex, name, ...(source && { source }) }, { cause });
  }
}
