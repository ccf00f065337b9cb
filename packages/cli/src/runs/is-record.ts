// Whether a file that somebody brought is a record. All that is done with one relies on its shape.

import type { SourcePlace } from '@monokit/engine';
import {
  recordVersion,
  type RecordedFailure,
  type RecordedGit,
  type RecordedImage,
  type RecordedLog,
  type RecordedStep,
  type RecordedWarning,
  type RunRecord,
} from './record.ts';
import { timeOfRun } from './run-id.ts';
import { flag, keys, listOf, maybe, number, oneOf, pair, text } from './shape.ts';

const git = keys<RecordedGit>({ commit: text, branch: maybe(text), dirty: maybe(flag) });

const image = keys<RecordedImage>({
  id: text,
  status: oneOf<RecordedImage['status']>('built', 'cached', 'failed', 'blocked', 'cancelled'),
  because: maybe(text),
  digest: maybe(text),
  size: maybe(number),
  startedAt: maybe(number),
  endedAt: maybe(number),
  error: maybe(text),
});

const step = keys<RecordedStep>({
  vertex: text,
  name: text,
  image: maybe(text),
  wantedBy: listOf(text),
  uses: number,
  inputs: listOf(text),
  source: maybe(keys<SourcePlace>({ file: text, folder: maybe(text), lines: pair })),
  status: oneOf<RecordedStep['status']>('cached', 'run', 'failed', 'cancelled', 'needless'),
  from: maybe(oneOf('local', 'remote')),
  startedAt: maybe(number),
  endedAt: maybe(number),
  waited: maybe(number),
  retries: maybe(number),
  made: maybe(number),
  peakMemory: maybe(number),
  cpuTime: maybe(number),
  log: maybe(keys<RecordedLog>({ pieces: listOf(pair), length: number, lines: number })),
});

const failure = keys<RecordedFailure>({
  images: listOf(text),
  blocked: listOf(text),
  step: maybe(text),
  message: text,
  because: listOf(text),
  exitCode: maybe((value) => Number.isInteger(value)),
  place: maybe(keys<NonNullable<RecordedFailure['place']>>({ path: text, lines: pair })),
  excerpt: maybe(text),
});

const warning = keys<RecordedWarning>({ code: text, message: text, file: text, line: maybe(number) });

const record = keys<RunRecord>({
  version: (value) => value === recordVersion,
  id: (value) => typeof value === 'string' && timeOfRun(value) !== undefined,
  command: listOf(text),
  root: text,
  selection: listOf(text),
  startedAt: number,
  endedAt: maybe(number),
  code: maybe((value) => Number.isInteger(value)),
  timedOut: maybe(text),
  monokit: text,
  machine: keys<RunRecord['machine']>({ cpus: number, memory: number, platform: text }),
  git: maybe(git),
  images: listOf(image),
  steps: listOf(step),
  failures: listOf(failure),
  warnings: listOf(warning),
  logError: maybe(text),
});

/** Whether a value is a record of this version, its id the name of a run and so of no other file. */
export function isRecord(value: unknown): value is RunRecord {
  return record(value);
}
