import { Session } from 'node:inspector';

/** What ran, by V8's own coverage of blocks in files below a folder. */
export class Coverage implements Disposable {
  readonly #session = new Session();
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#session.connect();
    this.#session.post('Profiler.enable');
    this.#session.post('Profiler.startPreciseCoverage', { callCount: false, detailed: true });
  }

  /** The blocks that ran since it was asked last. Takes some milliseconds. */
  ran(): ReadonlySet<string> {
    const blocks = new Set<string>();
    // The profiler answers before `post` returns.
    this.#session.post('Profiler.takePreciseCoverage', (error, answer) => {
      if (error) throw error;
      for (const { url, functions } of answer.result) {
        if (!url.includes(this.#folder)) continue;
        for (const { ranges } of functions) {
          for (const { count, startOffset } of ranges) if (count > 0) blocks.add(`${url}:${startOffset}`);
        }
      }
    });
    return blocks;
  }

  [Symbol.dispose](): void {
    this.#session.disconnect();
  }
}
