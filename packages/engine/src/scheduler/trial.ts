// A schedule that is tried out: the scheduler's own decisions on a clock that nobody waits for.
import { Queue, type Queued } from './queue.ts';
import type { Scheduler } from './scheduler.ts';

/** A step of the trial. */
export interface TrialStep {
  /** Steps that have to be done before, as indexes into the list. */
  readonly inputs: readonly number[];
  /** How long it takes once it runs, in ms. */
  readonly duration: number;
  /** Asks for its place. */
  admit(scheduler: Scheduler): Promise<Disposable>;
}

interface Running extends Queued {
  readonly step: number;
  readonly endsAt: number;
  readonly permit: Disposable;
}

/** When each step would start and end, in ms after the first could, on a scheduler like this one with nothing else to do. */
export async function tryOut(
  steps: readonly TrialStep[],
  like: Scheduler,
): Promise<readonly { readonly startsAt: number; readonly endsAt: number }[]> {
  let now = 0;
  let soon: (() => void)[] = [];
  const scheduler = like.another({ now: () => now, soon: (callback) => void soon.push(callback) });
  const times = Array.from({ length: steps.length }, () => ({ startsAt: 0, endsAt: 0 }));
  const readers = steps.map((): number[] => []);
  for (const [i, { inputs }] of steps.entries()) for (const input of inputs) readers[input]!.push(i);
  const left = steps.map(({ inputs }) => inputs.length);
  const running = new Queue<Running>((a, b) => a.endsAt < b.endsAt || (a.endsAt === b.endsAt && a.step < b.step));

  const start = async (step: number) => {
    const permit = await steps[step]!.admit(scheduler);
    const endsAt = now + steps[step]!.duration;
    times[step] = { startsAt: now, endsAt };
    running.add({ step, endsAt, permit, place: -1 });
  };
  let starting = [...left.keys()].filter((i) => left[i] === 0).map(start);
  for (let done = 0; done < steps.length;) {
    // Admission takes a few turns of promises; nothing of it waits for a real clock.
    while (soon.length > 0 || starting.length > 0) {
      starting = [];
      await new Promise(setImmediate);
      const callbacks = soon;
      soon = [];
      for (const callback of callbacks) callback();
      if (callbacks.length > 0) await new Promise(setImmediate);
    }
    const next = running.first;
    if (!next) throw new Error('steps of a trial wait for one another');
    now = next.endsAt;
    for (let ended = running.first; ended && ended.endsAt <= now; ended = running.first) {
      running.remove(ended);
      ended.permit[Symbol.dispose]();
      done++;
      for (const reader of readers[ended.step]!) if (--left[reader]! === 0) starting.push(start(reader));
    }
  }
  return times;
}
