// Who runs next, where not all can run at a time. The longest path first; those that run processes also need processors
// and memory. This room knows no vertices: it is told how long a path is, and what a step takes.

import { Queue, type Queued } from './queue.ts';

/** A step that wants to run. */
export interface Candidate {
  /** How long it takes from its start until all that waits for it is done, in ms. */
  readonly path: number;
  /** Steps of a higher one go first, however long the others' paths. */
  readonly priority?: number;
  /** What its process takes; a step without one is bounded by `concurrency` alone. */
  readonly needs?: Needs;
}

export interface Needs {
  /** Thousandths of a processor, whole. */
  readonly cpu: number;
  /** Bytes. */
  readonly memory: number;
}

/** A permit to run, until it is disposed. */
export interface Place extends Disposable {
  /** How long it was waited for, in ms. */
  readonly waited: number;
}

export interface SchedulerOptions {
  /** How many steps run at a time; no bound when left out. */
  readonly concurrency?: number;
  /** What there is for processes; asked once, when the first wants to run. */
  readonly budget: () => Needs;
  /** Milliseconds that only grow. */
  readonly now?: () => number;
  /** Calls back once all that is ready by now has asked. */
  readonly soon?: (callback: () => void) => void;
}

/** A path counts as this long at most, and a priority as so much more path: an hour, in ms. */
const hour = 3_600_000;
/** By how much of the time that it waits the path of a step counts as longer. */
const ageing = 1 / 4;
/** For how long steps that fit may go before a longer one that doesn't, in ms; and how many of them are looked at. */
const patience = 60_000;
const lookahead = 8;

interface Entry extends Queued {
  /** The highest goes first. It never changes: whoever waits gains as much as all others that wait. */
  readonly rank: number;
  /** First come, first served among equals. */
  readonly number: number;
  readonly since: number;
  readonly needs: Needs | undefined;
  /** Since when it is first and doesn't fit. */
  blockedSince?: number;
  readonly enter: () => void;
}

/**
 * Lets steps in by rank: priority, then the longest path, then order of arrival. Nobody starves. A step that came later
 * goes first only if its path is longer by a quarter of the time between them; and a step that needs more than is free
 * lets others pass for a minute at most. What needs more than there is runs when no other process does.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  readonly #now: () => number;
  readonly #soon: (callback: () => void) => void;
  readonly #plain = new Queue<Entry>(isBefore);
  readonly #processes = new Queue<Entry>(isBefore);
  /** Places that are left. */
  #places: number;
  #free: { cpu: number; memory: number } | undefined;
  #budget: Needs | undefined;
  #count = 0;
  #looking = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#places = options.concurrency ?? Number.POSITIVE_INFINITY;
    this.#now = options.now ?? (() => performance.now());
    this.#soon = options.soon ?? setImmediate;
  }

  /** One with the same rules, that nobody has asked, on another clock. */
  another(clock: Required<Pick<SchedulerOptions, 'now' | 'soon'>>): Scheduler {
    return new Scheduler({ ...this.#options, ...clock });
  }

  /** How many wait. */
  get waiting(): number {
    return this.#plain.size + this.#processes.size;
  }

  /** Waits for a place; rejects with `signal.reason` if the signal fires first. */
  admit(candidate: Candidate, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Place> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const since = this.#now();
      const needs = candidate.needs && this.#within(candidate.needs);
      const queue = needs ? this.#processes : this.#plain;
      const leave = () => {
        queue.remove(entry);
        reject(signal!.reason);
        this.#look();
      };
      const entry: Entry = {
        rank: Math.min(candidate.path, hour) + (candidate.priority ?? 0) * hour - since * ageing,
        number: this.#count++,
        since,
        needs,
        place: -1,
        enter: () => {
          signal?.removeEventListener('abort', leave);
          queue.remove(entry);
          this.#take(needs);
          resolve(this.#placeOf(needs, this.#now() - since));
        },
      };
      if (!needs && this.#places === Number.POSITIVE_INFINITY) return entry.enter();
      signal?.addEventListener('abort', leave, { once: true });
      queue.add(entry);
      this.#look();
    });
  }

  #placeOf(needs: Needs | undefined, waited: number): Place {
    let held = true;
    return {
      waited,
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        this.#places++;
        if (needs) {
          this.#free!.cpu += needs.cpu;
          this.#free!.memory += needs.memory;
        }
        this.#look();
      },
    };
  }

  /** Steps that become ready by one result ask one after another: the first to ask must not be the first to enter. */
  #look(): void {
    if (this.#looking || this.waiting === 0) return;
    this.#looking = true;
    this.#soon(() => {
      this.#looking = false;
      for (let next = this.#next(); next; next = this.#next()) next.enter();
    });
  }

  #next(): Entry | undefined {
    if (this.#places < 1) return undefined;
    const plain = this.#plain.first;
    const process = this.#nextProcess();
    if (!plain || !process) return plain ?? process;
    return isBefore(plain, process) ? plain : process;
  }

  /** The first that fits. While the very first doesn't, those behind it may go, as long as its patience lasts. */
  #nextProcess(): Entry | undefined {
    const { first } = this.#processes;
    if (!first || this.#fits(first)) return first;
    first.blockedSince ??= this.#now();
    if (this.#now() - first.blockedSince > patience) return undefined;
    const passed: Entry[] = [];
    let next: Entry | undefined = first;
    while (next && !this.#fits(next) && passed.length < lookahead) {
      this.#processes.remove(next);
      passed.push(next);
      next = this.#processes.first;
    }
    for (const each of passed) this.#processes.add(each);
    return next && this.#fits(next) ? next : undefined;
  }

  #fits({ needs }: Entry): boolean {
    return needs!.cpu <= this.#free!.cpu && needs!.memory <= this.#free!.memory;
  }

  #take(needs: Needs | undefined): void {
    this.#places--;
    if (!needs) return;
    this.#free!.cpu -= needs.cpu;
    this.#free!.memory -= needs.memory;
  }

  /** What is needed, or all that there is. */
  #within(needs: Needs): Needs {
    this.#budget ??= this.#options.budget();
    this.#free ??= { ...this.#budget };
    return {
      cpu: Math.min(needs.cpu, this.#budget.cpu),
      memory: Math.min(needs.memory, this.#budget.memory),
    };
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.rank > b.rank || (a.rank === b.rank && a.number < b.number);
}
