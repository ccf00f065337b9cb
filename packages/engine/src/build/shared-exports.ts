import type { ExportSource } from '../remote-cache/collect-records.ts';

/** The answers of an export, by BuildKit's keys. */
export type ExportAnswers = Readonly<Record<string, string>>;

/**
 * Exports of one build to the same place are one: what is written tells of all images that were done by then, and the
 * last to be written of all. While one is under way the others wait together, so that many images make few exports.
 */
export class SharedExports {
  readonly #places = new Map<string, SharedExport>();

  /** Adds what led to a request's images to what goes to a place; resolves once it is there. */
  add(
    place: string,
    source: ExportSource,
    run: (sources: readonly ExportSource[]) => Promise<ExportAnswers>,
  ): Promise<ExportAnswers> {
    let shared = this.#places.get(place);
    if (!shared) this.#places.set(place, (shared = new SharedExport()));
    return shared.add(source, run);
  }
}

class SharedExport {
  readonly #sources: ExportSource[] = [];
  #running: Promise<unknown> = Promise.resolve();
  #next: Promise<ExportAnswers> | undefined;

  add(source: ExportSource, run: (sources: readonly ExportSource[]) => Promise<ExportAnswers>): Promise<ExportAnswers> {
    this.#sources.push(source);
    return (this.#next ??= this.#after(this.#running, run));
  }

  async #after(
    before: Promise<unknown>,
    run: (sources: readonly ExportSource[]) => Promise<ExportAnswers>,
  ): Promise<ExportAnswers> {
    await Promise.allSettled([before]); // a failure is told to those that waited for it
    this.#running = this.#next!;
    this.#next = undefined;
    return run([...this.#sources]);
  }
}
