// What the builds of a watch came to, as far as its keys and its status line ask.

import { duration, shortName } from '../ui/format.ts';
import { isInternal } from '../ui/model.ts';
import type { Renderer } from '../ui/renderer.ts';
import type { Symbols } from '../ui/symbols.ts';

export interface LoggedStep {
  /** The beginning of its digest. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly wrote: boolean;
}

export class Builds {
  readonly #symbols: Symbols;
  /** What each image was built to last. */
  readonly digests = new Map<string, string>();
  #last = '';
  #run: string | undefined;
  #step: LoggedStep | undefined;
  #image: string | undefined;
  readonly #failing = new Set<string>();
  #hasFailed = false;

  constructor(symbols: Symbols) {
    this.#symbols = symbols;
  }

  /** `last 0.19s ✔ api`; '' before anything was built. */
  get last(): string {
    return this.#last;
  }

  /** The record of the last build in which something was done. */
  get run(): string | undefined {
    return this.#run;
  }

  /** The step of it that failed, else the last one that wrote something, else the one that ran last. */
  get step(): LoggedStep | undefined {
    return this.#step;
  }

  /** The image that was built last, or failed. */
  get image(): string | undefined {
    return this.#image;
  }

  /** Whether an image failed in the last build. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /** A renderer that also notes what it is told. */
  following(
    shown: Renderer,
    { run, startedAt, onEnd }: { readonly run: string; readonly startedAt: number; readonly onEnd: () => void },
  ): Renderer {
    const names = new Map<string, string>();
    const started = new Set<string>();
    const built: string[] = [];
    const failed: string[] = [];
    const wrote = new Set<string>();
    let [ran, broke]: (string | undefined)[] = [];
    return {
      report: (event) => {
        shown.report(event);
        switch (event.kind) {
          case 'graph-merged':
            for (const { vertex, name } of event.vertices) names.set(vertex, name);
            return;
          case 'vertex-started':
            started.add(event.vertex);
            return;
          case 'vertex-completed':
            if (started.has(event.vertex) && !isInternal({ name: names.get(event.vertex) ?? '[internal]' }))
              ran = event.vertex;
            return;
          case 'log':
            // The one that wrote last comes last.
            wrote.delete(event.vertex);
            wrote.add(event.vertex);
            return;
          case 'vertex-failed':
            broke ??= event.vertex;
            return;
          case 'task-completed':
            if (this.#failing.delete(event.task) || this.digests.get(event.task) !== event.digest || ran !== undefined)
              built.push(event.task);
            return;
          case 'task-failed':
            failed.push(event.task);
            this.#failing.add(event.task);
            return;
          default:
        }
      },
      finish: (end) => {
        shown.finish(end);
        const step = broke ?? [...wrote].at(-1) ?? ran;
        if (step !== undefined || failed.length > 0) {
          this.#run = run;
          this.#step =
            step === undefined
              ? undefined
              : {
                  id: step.slice('sha256:'.length, 'sha256:'.length + 12),
                  name: shortName(names.get(step) ?? step),
                  wrote: wrote.has(step),
                };
        }
        this.#hasFailed = failed.length > 0;
        const told = failed.length > 0 ? failed : built;
        if (told.length > 0) {
          const symbol = failed.length > 0 ? this.#symbols.failed : this.#symbols.built;
          const more = told.length > 2 ? ` +${told.length - 2}` : '';
          this.#image = told[0];
          this.#last = `last ${duration(end.endedAt - startedAt)} ${symbol} ${told.slice(0, 2).join(' ')}${more}`;
        }
        onEnd();
      },
      [Symbol.dispose]: () => shown[Symbol.dispose](),
    };
  }
}
