// A schedule that is tried out: the scheduler's own decisions on a clock that nobody waits for.

import type { Scheduler } from './scheduler.ts';

/** A step of the trial. */
export interface TrialStep {
  /** Steps that have to be done before, as indexes into the list. */
  readonly inputs: readonly number[];
  /** How long it takes once it runs, by itself, in ms. */
  readonly duration: number;
  /** For which part of that it wants a processor, 0 to 1; none of it when left out. */
  readonly busy?: number;
  /** Asks for its place. */
  admit(scheduler: Scheduler): Promise<Disposable>;
}

interface Running {
  readonly step: number;
  readonly busy: number;
  readonly permit: Disposable;
  /** What is left of its duration, in ms. */
  left: number;
}

/**
 * When each step would start and end, in ms after the first could, on a scheduler like this one with nothing else to do.
 * Steps that want more processors than there are share them.
 */
export async function tryOut(
  steps: readonly TrialStep[],
  like: Scheduler,
  { cpus }: { readonly cpus: number },
): Promise<readonly { readonly startsAt: number; readonly endsAt: number }[]> {
  let now = 0;
  let soon: (() => void)[] = [];
  const scheduler = like.another({ now: () => now, soon: (callback) => void soon.push(callback) });
  const times = Array.from({ length: steps.length }, () => ({ startsAt: 0, endsAt: 0 }));
  const readers = steps.map((): number[] => []);
  for (const [i, { inputs }] of steps.entries()) for (const input of inputs) readers[input]!.push(i);
  const left = steps.map(({ inputs }) => inputs.length);
  const running = new Set<Running>();

  const start = async (step: number) => {
    const permit = await steps[step]!.admit(scheduler);
    const { duration, busy = 0 } = steps[step]!;
    times[step] = { startsAt: now, endsAt: now };
    running.add({ step, busy, permit, left: duration });
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
    if (running.size === 0) throw new Error('steps of a trial wait for one another');
    for (const { step, permit } of pass(running, cpus, (ms) => (now += ms))) {
      times[step]!.endsAt = now;
      permit[Symbol.dispose]();
      done++;
      for (const reader of readers[step]!) if (--left[reader]! === 0) starting.push(start(reader));
    }
  }
  return times;
}

/** Lets the time pass until the next of them end, and gives those in their order. */
function pass(running: Set<Running>, cpus: number, pass: (ms: number) => void): readonly Running[] {
  let wanted = 0;
  for (const { busy } of running) wanted += busy;
  const stretch = Math.max(1, wanted / cpus);
  const slowness = ({ busy }: Running) => 1 - busy + busy * stretch;
  let soonest = Number.POSITIVE_INFINITY;
  for (const each of running) soonest = Math.min(soonest, each.left * slowness(each));
  pass(soonest);
  const ended: Running[] = [];
  for (const each of running) {
    each.left -= soonest / slowness(each);
    if (each.left > 1e-6) continue;
    running.delete(each);
    ended.push(each);
  }
  return ended.sort((a, b) => a.step - b.step);
}
