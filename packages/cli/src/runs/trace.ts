// A run in the Trace Event Format, which chrome://tracing, Perfetto and speedscope open:
// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU

import { titleOf } from '../graph/step-title.ts';
import { stepWord } from '../ui/step-word.ts';
import { lanesOf, type Span } from './lanes.ts';
import type { RecordedStep, RunRecord } from './record.ts';
import { commandText } from './result.ts';
import { criticalSteps } from './times.ts';

/** Times and durations are microseconds since the run began. */
export interface TraceEvent {
  readonly name: string;
  /** X a span, M a name, C a counter, i an instant, s, t and f an arrow's begin, steps and end. */
  readonly ph: 'X' | 'M' | 'C' | 'i' | 's' | 't' | 'f';
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly cat?: string;
  readonly dur?: number;
  readonly id?: number;
  /** Of an arrow's end: at the span that it lies in, not at the next one. */
  readonly bp?: 'e';
  /** Of an instant: how high its line is. */
  readonly s?: 'g' | 'p' | 't';
  readonly args?: Readonly<Record<string, unknown>>;
}

/** Tracks are grouped under processes. */
const [slots, images] = [1, 2] as const;

export function traceOf(record: RunRecord): object {
  const { startedAt, machine, monokit, git, code, id } = record;
  const endedAt = record.endedAt ?? startedAt;
  const spans = lanesOf(record.steps, { startedAt, endedAt });
  const traceEvents = [
    ...names(record, spans),
    ...[...spans].map(([step, span]) => stepEvent(step, span)),
    ...imageEvents(record),
    ...counters(record, spans),
    ...criticalArrow(record, spans),
  ];
  return {
    traceEvents,
    displayTimeUnit: 'ms',
    otherData: {
      run: id,
      command: commandText(record),
      began: new Date(startedAt).toISOString(),
      monokit,
      machine,
      ...(git && { git }),
      ...(code !== undefined && { code }),
    },
  };
}

function names(record: RunRecord, spans: ReadonlyMap<RecordedStep, Span>): TraceEvent[] {
  const name = (kind: 'process' | 'thread', pid: number, tid: number, text: string): TraceEvent[] => [
    { name: `${kind}_name`, ph: 'M', pid, tid, ts: 0, args: { name: text } },
    { name: `${kind}_sort_index`, ph: 'M', pid, tid, ts: 0, args: { sort_index: kind === 'process' ? pid : tid } },
  ];
  const lanes = Math.max(0, ...[...spans.values()].map(({ lane }) => lane + 1));
  return [
    ...name('process', slots, 0, 'Steps'),
    ...Array.from({ length: lanes }, (_, lane) => name('thread', slots, lane + 1, `slot ${lane + 1}`)).flat(),
    ...name('process', images, 0, 'Images'),
    ...record.images.flatMap(({ id }, i) => name('thread', images, i + 1, id)),
  ];
}

function stepEvent(step: RecordedStep, { lane, start, end }: Span): TraceEvent {
  const { status, image, wantedBy, source, vertex, made, peakMemory, waited, retries, log } = step;
  return {
    name: `${stepWord(step)}  ${titleOf(step.name).text}`,
    cat: status,
    ph: 'X',
    pid: slots,
    tid: lane + 1,
    ts: start * 1000,
    dur: (end - start) * 1000,
    args: {
      ...(image !== undefined && { image }),
      ...(wantedBy.length > 1 && { sharedBy: wantedBy.length }),
      ...(source && { place: `${source.file}:${source.lines[0]}` }),
      status,
      vertex,
      ...(made !== undefined && { made }),
      ...(peakMemory !== undefined && { peakMemory }),
      ...(waited !== undefined && { waited }),
      ...(retries !== undefined && { retries }),
      ...(log && { logLines: log.lines }),
    },
  };
}

function imageEvents({ images: all, startedAt: began }: RunRecord): TraceEvent[] {
  return all.flatMap(({ id, status, startedAt, endedAt, digest, size, error }, i): TraceEvent[] => {
    if (endedAt === undefined) return [];
    const facts = {
      status,
      ...(digest !== undefined && { digest }),
      ...(size !== undefined && { size }),
      ...(error !== undefined && { error }),
    };
    const at = { name: id, cat: status, pid: images, tid: i + 1, args: facts };
    // One that was cached was never at work.
    if (status === 'cached' || startedAt === undefined)
      return [{ ...at, ph: 'i', s: 't', ts: (endedAt - began) * 1000 }];
    return [{ ...at, ph: 'X', ts: (startedAt - began) * 1000, dur: (endedAt - startedAt) * 1000 }];
  });
}

/** How many steps run, and how many images are done, wherever that changes. */
function counters(record: RunRecord, spans: ReadonlyMap<RecordedStep, Span>): TraceEvent[] {
  const counter = (
    name: string,
    unit: string,
    changes: readonly (readonly [at: number, by: number])[],
  ): TraceEvent[] => {
    const sums = new Map<number, number>([[0, 0]]);
    let sum = 0;
    for (const [at, by] of changes.toSorted(([a], [b]) => a - b)) sums.set(at, (sum += by));
    return [...sums].map(([at, value]) => ({
      name,
      ph: 'C',
      pid: slots,
      tid: 0,
      ts: at * 1000,
      args: { [unit]: value },
    }));
  };
  const work = [...spans.values()].filter(({ start, end }) => end > start);
  return [
    ...counter(
      'running',
      'steps',
      work.flatMap(
        ({ start, end }) =>
          [
            [start, 1],
            [end, -1],
          ] as const,
      ),
    ),
    ...counter(
      'done',
      'images',
      record.images.flatMap(({ endedAt, status }) =>
        endedAt !== undefined && (status === 'built' || status === 'cached')
          ? [[endedAt - record.startedAt, 1] as const]
          : [],
      ),
    ),
  ];
}

/** One arrow through the steps of the critical path. */
function criticalArrow(record: RunRecord, spans: ReadonlyMap<RecordedStep, Span>): TraceEvent[] {
  const path = criticalSteps(record).filter((step) => spans.has(step));
  if (path.length < 2) return [];
  return path.map((step, i): TraceEvent => {
    const { lane, start, end } = spans.get(step)!;
    const last = i === path.length - 1;
    // In the middle of the step, so that it lies in this one and in no neighbour.
    const ts = Math.round(((start + end) / 2) * 1000);
    const at = { name: 'critical path', cat: 'critical', id: 1, pid: slots, tid: lane + 1, ts };
    return i === 0 ? { ...at, ph: 's' } : last ? { ...at, ph: 'f', bp: 'e' } : { ...at, ph: 't' };
  });
}
