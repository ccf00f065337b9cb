// What steps would have taken alone. Steps that run side by side wait for the processors that they share, and how many do
// is another number in every run.

import type { RecordedStep } from './record.ts';
import { tookOf } from './times.ts';

/** What a step takes by itself. */
export interface OwnTime {
  /** Milliseconds. */
  readonly ms: number;
  /** For which part of that it wants a processor: 0 to 1. */
  readonly busy: number;
}

/**
 * What comes on top of the time that a process has on processors, for which a step wants one: starting and ending a
 * container, reading and writing. In ms, and as a factor.
 */
const around = 1000;
const beside = 1.2;
/** How often the sum is done again: how much all want follows from how long each takes alone, and the other way round. */
const rounds = 8;

/** The times of steps that ran, on a machine with so many processors. */
export function ownTimes(steps: readonly RecordedStep[], cpus: number): ReadonlyMap<RecordedStep, OwnTime> {
  const ran = steps.filter((step) => tookOf(step) > 0);
  let times = new Map(ran.map((step) => [step, timeOf(step, 1)]));
  for (let round = 0; round < rounds; round++) {
    const paces = pacesOf(times, cpus);
    times = new Map(ran.map((step) => [step, timeOf(step, paces.get(step)!)]));
  }
  return times;
}

/** `pace`: how fast what wants a processor went, where 1 is as fast as alone. */
function timeOf(step: RecordedStep, pace: number): OwnTime {
  const took = tookOf(step);
  // Of work in this program nobody counts the processors' time: it is taken to want one all the time.
  const wanted = step.cpuTime === undefined ? took : step.cpuTime * beside + around;
  const contended = Math.min(took, wanted / pace);
  const ms = took - contended * (1 - pace);
  return { ms, busy: Math.min(1, (contended * pace) / ms) };
}

/** How fast each step went in the middle of its time. */
function pacesOf(times: ReadonlyMap<RecordedStep, OwnTime>, cpus: number): ReadonlyMap<RecordedStep, number> {
  const changes = [...times].flatMap(([{ startedAt, endedAt }, { busy }]) => [
    { at: startedAt!, busy },
    { at: endedAt!, busy: -busy },
  ]);
  changes.sort((a, b) => a.at - b.at);
  // The way made until each of these moments by one who goes at the pace of all.
  const ways = new Map<number, number>();
  let [at, way, wanted] = [0, 0, 0];
  for (const change of changes) {
    way += (change.at - at) * Math.min(1, cpus / Math.max(wanted, cpus));
    at = change.at;
    wanted += change.busy;
    ways.set(at, way);
  }
  const paceOf = (step: RecordedStep) => (ways.get(step.endedAt!)! - ways.get(step.startedAt!)!) / tookOf(step);
  return new Map([...times.keys()].map((step) => [step, paceOf(step)]));
}
