/** A line of `--json` (docs/events.md). */
export interface EventLine {
  readonly type: string;
  readonly step?: string;
  readonly [field: string]: unknown;
}

/** Lines of a step's log that are kept for pages that are opened later. */
const keptLogs = 200;

/** The events of a run, for any number of readers. One who comes late is told of what happened before. */
export class Feed {
  readonly #facts: EventLine[] = [];
  readonly #logs = new Map<string, EventLine[]>();
  readonly #readers = new Set<{ readonly queue: EventLine[]; wake: () => void }>();
  #ended = false;

  push(line: EventLine): void {
    if (line.type === 'step.log') {
      const { step = '' } = line;
      this.#logs.set(step, [...(this.#logs.get(step) ?? []), line].slice(-keptLogs));
    } else if (line.type !== 'step.progress') this.#facts.push(line);
    for (const reader of this.#readers) {
      reader.queue.push(line);
      reader.wake();
    }
  }

  end(): void {
    this.#ended = true;
    for (const { wake } of this.#readers) wake();
  }

  /** Everything until the run ends. */
  async *read(signal: AbortSignal): AsyncIterable<EventLine> {
    const reader = { queue: [...this.#facts, ...[...this.#logs.values()].flat()], wake: () => undefined as void };
    this.#readers.add(reader);
    const stop = () => reader.wake();
    signal.addEventListener('abort', stop);
    try {
      for (;;) {
        yield* reader.queue.splice(0);
        signal.throwIfAborted();
        if (reader.queue.length > 0) continue;
        if (this.#ended) return;
        await new Promise<void>((resolve) => (reader.wake = resolve));
      }
    } finally {
      this.#readers.delete(reader);
      signal.removeEventListener('abort', stop);
    }
  }
}
