// A run laid out in time, for the page that shows it (page/timeline.ts): what ran at the same time lies in lanes.

import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { titleOf } from '../graph/step-title.ts';
import { shortest } from '../ui/diagnostics.ts';
import { bytes, duration, shortDigest } from '../ui/format.ts';
import { isInternal } from '../ui/model.ts';
import { stepWord } from '../ui/step-word.ts';
import { symbolsFor } from '../ui/symbols.ts';
import { lanesOf, type Span } from './lanes.ts';
import { lastLines } from './logs.ts';
import type { RecordedStep, RunRecord } from './record.ts';
import { commandText, resultOf, resultText, type Result } from './result.ts';
import type { KeptRun } from './runs-here.ts';
import { criticalSteps, tookOf } from './times.ts';

/** All that the page knows. Times are milliseconds since the run began. */
export interface Timeline {
  readonly id: string;
  readonly command: string;
  readonly result: Result;
  readonly resultText: string;
  readonly duration: number;
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly lanes: number;
  readonly images: readonly TimelineImage[];
  readonly steps: readonly TimelineStep[];
}

export interface TimelineImage {
  readonly id: string;
  readonly status: RunRecord['images'][number]['status'];
  /** Degrees of its colour. */
  readonly hue: number;
  readonly facts: string;
}

export interface TimelineStep {
  /** `web#build:5`. */
  readonly word: string;
  /** What it does, on one line. */
  readonly text: string;
  readonly image?: string;
  readonly hue: number;
  readonly status: RecordedStep['status'];
  /** Of one that was started. */
  readonly bar?: Span;
  readonly critical: boolean;
  /** Positions of steps. */
  readonly inputs: readonly number[];
  readonly facts: readonly (readonly [name: string, value: string])[];
  readonly tail?: string;
}

/** Characters of logs: of one step, and of all of them. */
const most = { tail: 4000, tails: 2_000_000, lines: 25 } as const;

export function timelineOf(run: KeptRun): Timeline {
  const { record } = run;
  const { startedAt, steps } = record;
  const endedAt = record.endedAt ?? Math.max(startedAt, ...steps.map((step) => step.endedAt ?? step.startedAt ?? 0));
  const bars = lanesOf(steps, { startedAt, endedAt });
  const places = new Map(steps.map(({ vertex }, i) => [vertex, i]));
  const critical = new Set(criticalSteps(record));
  const tails = tailsOf(run);
  const hues = huesOf(record);
  return {
    id: record.id,
    command: commandText(record),
    result: resultOf(run),
    resultText: resultText(run, symbolsFor({ LANG: 'C.UTF-8' })),
    duration: endedAt - startedAt,
    facts: factsOf(record, critical),
    lanes: Math.max(1, ...[...bars.values()].map(({ lane }) => lane + 1)),
    images: record.images.map(({ id, status, size, digest, startedAt: began, endedAt: ended }) => ({
      id,
      status,
      hue: hues.get(id)!,
      facts: [
        status,
        ...(status !== 'cached' && began !== undefined && ended !== undefined ? [duration(ended - began)] : []),
        ...(size === undefined ? [] : [bytes(size)]),
        ...(digest === undefined ? [] : [shortDigest(digest)]),
      ].join(' · '),
    })),
    steps: steps.map((step): TimelineStep => {
      const bar = bars.get(step);
      const tail = tails.get(step);
      return {
        word: stepWord(step),
        text: titleOf(step.name).text,
        ...(step.image !== undefined && { image: step.image }),
        hue: step.image === undefined || isInternal(step) ? -1 : (hues.get(step.image) ?? -1),
        status: step.status,
        ...(bar && { bar }),
        critical: critical.has(step),
        inputs: step.inputs.flatMap((input) => places.get(input) ?? []),
        facts: stepFacts(step, record.root),
        ...(tail !== undefined && { tail }),
      };
    }),
  };
}

function factsOf(record: RunRecord, critical: ReadonlySet<RecordedStep>): Timeline['facts'] {
  const { startedAt, git, machine, root, monokit, steps } = record;
  const own = steps.filter((step) => !isInternal(step) && step.wantedBy.length > 0);
  const ran = own.filter((step) => tookOf(step) > 0).length;
  const chain = [...critical].reduce((sum, step) => sum + tookOf(step), 0);
  return [
    ['Began', new Date(startedAt).toISOString().replace('T', ' ').replace(/\..*/, ' UTC')],
    ['Steps', `${ran} run, ${own.filter(({ status }) => status === 'cached' || status === 'needless').length} cached`],
    ...(chain > 0 ? [['Critical path', duration(chain)] as const] : []),
    ...(git
      ? [['Commit', `${git.branch ?? ''} ${git.commit.slice(0, 7)}${git.dirty ? ' +' : ''}`.trim()] as const]
      : []),
    ['Machine', `${machine.cpus} × ${machine.platform}, ${bytes(machine.memory)}`],
    ['Workspace', root],
    ['monokit', monokit],
  ];
}

function stepFacts(step: RecordedStep, root: string): TimelineStep['facts'] {
  const { source, wantedBy, made, peakMemory, retries, waited, from, vertex } = step;
  const wanting = wantedBy.length > 8 ? [...wantedBy.slice(0, 7), `${wantedBy.length - 7} more`] : wantedBy;
  return [
    ...(source
      ? [
          [
            'Written at',
            `${source.folder === undefined ? source.file : shortest(join(source.folder, source.file), root)}:${source.lines[0]}`,
          ] as const,
        ]
      : []),
    ...(wantedBy.length > 1 ? [['Shared by', wanting.join(', ')] as const] : []),
    ...(from === undefined ? [] : [['Found in', `the ${from} cache`] as const]),
    ...(waited === undefined ? [] : [['Waited', `${duration(waited)} for its turn, or for another build`] as const]),
    ...(retries === undefined ? [] : [['Tried', `${retries + 1} times`] as const]),
    ...(made === undefined ? [] : [['Added', bytes(made)] as const]),
    ...(peakMemory === undefined ? [] : [['Memory', `${bytes(peakMemory)} at most`] as const]),
    ['Digest', vertex],
  ];
}

/** The ends of logs: of failed steps first, then of the slowest, until there is enough. */
function tailsOf({ record, logPath }: KeptRun): ReadonlyMap<RecordedStep, string> {
  const tails = new Map<RecordedStep, string>();
  if (logPath === undefined) return tails;
  const logged = record.steps.filter(({ log }) => log !== undefined);
  const weight = (step: RecordedStep) => (step.status === 'failed' ? Number.POSITIVE_INFINITY : tookOf(step));
  let left: number = most.tails;
  for (const step of logged.toSorted((a, b) => (weight(b) > weight(a) ? 1 : -1))) {
    if (left <= 0) break;
    const { length, lines, pieces } = step.log!;
    // What is at the end of a long log is at the end of its last pieces.
    const last = length > 1 << 20 ? pieces.slice(-2) : pieces;
    const text = stripVTControlCharacters(lastLines({ pieces: last }, logPath, most.lines).join('\n')).slice(
      -most.tail,
    );
    tails.set(step, lines > most.lines ? `… ${lines - most.lines} lines above\n${text}` : text);
    left -= text.length;
  }
  return tails;
}

/** A colour for each image, neighbours far apart; none is the red of failures. */
function huesOf({ images, steps }: RunRecord): ReadonlyMap<string, number> {
  const ids = new Set([...images.map(({ id }) => id), ...steps.flatMap(({ image }) => image ?? [])]);
  return new Map([...ids].sort().map((id, i) => [id, 60 + Math.round((i * 185.4) % 300)]));
}
