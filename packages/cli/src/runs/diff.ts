// How two runs differ: images that are others, steps that ran in one of them alone, and what took longer.

import { styleText } from 'node:util';
import { bytes, duration, shortDigest, shortName } from '../ui/format.ts';
import { isInternal } from '../ui/model.ts';
import { stepWord } from '../ui/step-word.ts';
import { table } from '../ui/table.ts';
import type { RecordedStep, RunRecord } from './record.ts';
import { commandText, resultOf, type Result } from './result.ts';
import type { KeptRun } from './runs-here.ts';
import { stoppedAfter, tookOf } from './times.ts';

export interface RunsDiff {
  readonly a: Side;
  readonly b: Side;
  /** Those that differ in status, digest or size, or are in one run only. */
  readonly images: readonly {
    readonly id: string;
    readonly a?: ImageSide;
    readonly b?: ImageSide;
  }[];
  /** Steps that ran in one of them; in the other they were cached or needless, or there was no such step. */
  readonly steps: readonly {
    readonly step: string;
    readonly name: string;
    readonly in: 'a' | 'b';
    /** What became of it in the other run; absent where that has none. */
    readonly other?: RecordedStep['status'];
    readonly duration: number;
  }[];
  /** Steps that the end of one of them stopped at their work. */
  readonly stopped: readonly {
    readonly step: string;
    readonly name: string;
    readonly in: 'a' | 'b';
    readonly duration: number;
  }[];
  /** Steps that ran in both, in milliseconds, those that differ most first. */
  readonly times: readonly { readonly step: string; readonly name: string; readonly a: number; readonly b: number }[];
}

interface Side {
  readonly id: string;
  readonly command: readonly string[];
  readonly result: Result;
  /** `timed out after 30m`, where that ended it. */
  readonly timedOut?: string;
  /** Milliseconds. */
  readonly duration?: number;
  readonly commit?: string;
}

interface ImageSide {
  readonly status: string;
  readonly digest?: string;
  readonly size?: number;
}

/** What two runs have in common and where they part, as data. */
export function diffRuns(a: KeptRun, b: KeptRun): RunsDiff {
  const [stepsA, stepsB] = [keyed(a.record), keyed(b.record)];
  const ran = (step: RecordedStep | undefined) => step !== undefined && tookOf(step) > 0;
  const alone = (mine: ReadonlyMap<string, RecordedStep>, others: ReadonlyMap<string, RecordedStep>, side: 'a' | 'b') =>
    [...mine].flatMap(([key, step]) => {
      const other = others.get(key);
      if (!ran(step) || ran(other)) return [];
      return {
        step: stepWord(step),
        name: step.name,
        in: side,
        ...(other && { other: other.status }),
        duration: tookOf(step),
      };
    });
  const times = [...stepsB].flatMap(([key, step]) => {
    const other = stepsA.get(key);
    return ran(step) && ran(other) ? { step: stepWord(step), name: step.name, a: tookOf(other!), b: tookOf(step) } : [];
  });
  const stopped = (steps: ReadonlyMap<string, RecordedStep>, side: 'a' | 'b') =>
    [...steps.values()].flatMap((step) => {
      const after = stoppedAfter(step);
      return after === undefined ? [] : [{ step: stepWord(step), name: step.name, in: side, duration: after }];
    });
  return {
    a: sideOf(a),
    b: sideOf(b),
    images: imagesOf(a.record, b.record),
    steps: [...alone(stepsA, stepsB, 'a'), ...alone(stepsB, stepsA, 'b')],
    stopped: [...stopped(stepsA, 'a'), ...stopped(stepsB, 'b')],
    times: times.sort((x, y) => Math.abs(y.b - y.a) - Math.abs(x.b - x.a)),
  };
}

/** Steps by what stays when content changes: image, text, and which one of that text it is. */
function keyed({ steps }: RunRecord): ReadonlyMap<string, RecordedStep> {
  const found = new Map<string, RecordedStep>();
  for (const step of steps) {
    if (isInternal(step)) continue;
    const key = `${step.image ?? ''} ${step.name.replaceAll(/@sha256:[0-9a-f]{64}/g, '')}`;
    let number = 1;
    while (found.has(`${key} ${number}`)) number++;
    found.set(`${key} ${number}`, step);
  }
  return found;
}

function imagesOf(a: RunRecord, b: RunRecord): RunsDiff['images'] {
  const [before, after] = [a, b].map((record) => new Map(record.images.map((image) => [image.id, image])));
  const side = (image: RunRecord['images'][number] | undefined): ImageSide | undefined =>
    image && {
      status: image.status,
      ...(image.digest !== undefined && { digest: image.digest }),
      ...(image.size !== undefined && { size: image.size }),
    };
  return [...new Set([...before!.keys(), ...after!.keys()])].sort().flatMap((id) => {
    const [one, other] = [side(before!.get(id)), side(after!.get(id))];
    const bad = (status: string | undefined) => status !== 'built' && status !== 'cached';
    const same = one?.digest === other?.digest && one?.size === other?.size && bad(one?.status) === bad(other?.status);
    return one && other && same ? [] : { id, ...(one && { a: one }), ...(other && { b: other }) };
  });
}

function sideOf(run: KeptRun): Side {
  const { id, command, startedAt, endedAt, git, timedOut } = run.record;
  return {
    id,
    command,
    result: resultOf(run),
    ...(timedOut !== undefined && { timedOut }),
    ...(endedAt !== undefined && { duration: endedAt - startedAt }),
    ...(git && { commit: git.commit }),
  };
}

/** Rows of each kind that are shown. */
const most = 20;

/** The same for people. */
export function diffText({ a, b, images, steps, stopped, times }: RunsDiff, stream: NodeJS.WriteStream): string {
  const bold = (text: string) => styleText('bold', text, { stream });
  const side = ({ id, command, result, timedOut, duration: took, commit }: Side) => [
    id,
    timedOut ?? result,
    took === undefined ? '' : duration(took),
    commit?.slice(0, 7) ?? '',
    commandText({ command }),
  ];
  const parts = [table(['RUN', 'RESULT', 'TIME', 'COMMIT', 'COMMAND'], [side(a), side(b)], stream)];
  const section = (title: string, lines: readonly string[]) => {
    const more = lines.length > most ? [`  … ${lines.length - most} more: --json has all of them`] : [];
    if (lines.length > 0) parts.push(`${bold(title)}\n${[...lines.slice(0, most), ...more].join('\n')}\n`);
  };
  section('Images that differ', images.map(imageLine));
  const stepLine = ({ step, name, other, duration: took }: RunsDiff['steps'][number]) =>
    `  ${step}  ${shortName(name)}  ${duration(took)}${other === undefined ? ', not in the other run' : `, ${other} in the other run`}`;
  section('Ran in the first only', steps.filter((each) => each.in === 'a').map(stepLine));
  section('Ran in the second only', steps.filter((each) => each.in === 'b').map(stepLine));
  const stoppedLine = ({ step, name, duration: after }: RunsDiff['stopped'][number]) =>
    `  ${step}  ${shortName(name)}  after ${duration(after)}`;
  section('Stopped in the first', stopped.filter((each) => each.in === 'a').map(stoppedLine));
  section('Stopped in the second', stopped.filter((each) => each.in === 'b').map(stoppedLine));
  section(
    'Took another time',
    times
      .filter((each) => Math.abs(each.b - each.a) >= 100)
      .map((each) => `  ${each.step}  ${shortName(each.name)}  ${duration(each.a)} → ${duration(each.b)}`),
  );
  if (parts.length === 1) {
    const bothBuilt = a.result === 'ok' && b.result === 'ok';
    const same = bothBuilt
      ? 'They built the same images, and ran'
      : 'They came to the same end with each image, and ran';
    parts.push(`${same} the same steps in the same time.\n`);
  }
  return parts.join('\n');
}

function imageLine({ id, a, b }: RunsDiff['images'][number]): string {
  if (!a) return `  + ${id}  ${sideText(b!)}`;
  if (!b) return `  - ${id}  ${sideText(a)}`;
  const delta = a.size !== undefined && b.size !== undefined ? b.size - a.size : undefined;
  const size = delta === undefined ? '' : `  ${delta < 0 ? '−' : '+'}${bytes(Math.abs(delta))}`;
  return `  ~ ${id}  ${sideText(a)} → ${sideText(b)}${size}`;
}

function sideText({ status, digest }: ImageSide): string {
  return digest === undefined ? status : shortDigest(digest);
}
