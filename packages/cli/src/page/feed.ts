/** A line of `--json` (docs/events.md). */
export interface EventLine {
  readonly type: string;
  readonly step?: string;
  readonly [field: string]: unknown;
}

/** Lines of a step's log that are kept for pages that are opened later. */
const keptLogs = 200;

/** Lines that are kept of runs that are over, before those are left out that later ones made pointless. */
const keptFacts = 5_000;

/** Lines by which a reader may be behind; whoever is further back is told how things are now. */
const mostBehind = 20_000;

interface Reader {
  queue: EventLine[];
  /** Lines that it may hold. */
  room: number;
  wake: () => void;
}

/** The events of runs, for any number of readers. One who comes late is told of what happened before. */
export class Feed {
  #facts: EventLine[] = [];
  readonly #logs = new Map<string, EventLine[]>();
  readonly #readers = new Set<Reader>();
  #ended = false;

  push(line: EventLine): void {
    if (line.type === 'step.log') {
      const { step = '' } = line;
      this.#logs.set(step, [...(this.#logs.get(step) ?? []), line].slice(-keptLogs));
    } else if (line.type !== 'step.progress') this.#facts.push(line);
    if (line.type === 'run.end' && this.#facts.length > keptFacts) this.#facts = latest(this.#facts);
    for (const reader of this.#readers) {
      if (reader.queue.push(line) > reader.room) this.#catchUp(reader);
      reader.wake();
    }
  }

  end(): void {
    this.#ended = true;
    for (const { wake } of this.#readers) wake();
  }

  /** Everything until the run ends. */
  async *read(signal: AbortSignal): AsyncIterable<EventLine> {
    const reader: Reader = { queue: [], room: 0, wake: () => undefined };
    this.#catchUp(reader);
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

  /** A page that is hidden for hours takes nothing meanwhile, and what it has not taken must not pile up here. */
  #catchUp(reader: Reader): void {
    reader.queue = [...this.#facts, ...[...this.#logs.values()].flat()];
    reader.room = reader.queue.length + mostBehind;
  }
}

/** The lines that tell how things are now, in their order: of each step and image the last ones, and what was planned. */
function latest(lines: readonly EventLine[]): EventLine[] {
  const kept = new Set<string>();
  const isLast = (line: EventLine) => {
    const { type, step = '', image = '', steps } = line as EventLine & { readonly image?: string };
    // Plans of the same steps are one.
    const about =
      type === 'plan' ? (steps as readonly EventLine[]).map((each) => each.step).join() : `${step} ${image}`;
    const key = `${type} ${about}`;
    if (kept.has(key)) return false;
    kept.add(key);
    return true;
  };
  return lines.toReversed().filter(isLast).reverse();
}
