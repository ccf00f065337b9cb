// The logs of a run as they were written: those of one step byte by byte, those of several line by line with their step.

import { closeSync, existsSync, openSync, readSync, statSync } from 'node:fs';
import { Mistake } from '../mistake.ts';
import { means, stepWord } from '../ui/step-word.ts';
import type { RecordedLog, RecordedStep, RunRecord } from './record.ts';
import { commandText } from './result.ts';
import type { KeptRun } from './runs-here.ts';

/** Bytes that are in memory at a time. */
const chunk = 64 * 1024;

type Logged = RecordedStep & { readonly log: RecordedLog };

/** The steps that a word means and that wrote something, in the order in which they were started. */
export function loggedSteps({ record }: KeptRun, word: string | undefined): readonly Logged[] {
  const logged = record.steps.filter((step): step is Logged => step.log !== undefined);
  logged.sort((a, b) => (a.startedAt ?? 0) - (b.startedAt ?? 0));
  if (word === undefined) return logged;
  const meant = record.steps.filter((step) => means(word, step));
  const image = record.images.some(({ id }) => id === word) || record.steps.some((step) => step.image === word);
  if (meant.length === 0 && !image) throw unknown(word, record, logged);
  const found = logged.filter((step) => (meant.length > 0 ? meant.includes(step) : step.wantedBy.includes(word)));
  if (found.length > 0) return found;
  const [step] = meant;
  // What ran in silence is no mistake of who asks.
  if (step?.status === 'run' || step?.status === 'failed') return [];
  const why = step?.status === 'cached' || step?.status === 'needless' ? ': it was cached and did not run' : '';
  throw new Mistake(
    `${word} wrote nothing in this run${why}`,
    logged.length > 0 ? `these did: ${shortList(logged)}` : `nothing did in ${commandText(record)}`,
  );
}

function unknown(word: string, { id, images }: RunRecord, logged: readonly Logged[]): Mistake {
  const known =
    logged.length > 0
      ? `steps that wrote: ${shortList(logged)}`
      : `images: ${images.map((image) => image.id).join(', ')}`;
  return new Mistake(`the run ${id} has neither a step nor an image ${JSON.stringify(word)}`, known);
}

function shortList(steps: readonly Logged[]): string {
  const words = [...new Set(steps.map(stepWord))];
  return words.length > 6 ? `${words.slice(0, 5).join(', ')} and ${words.length - 5} more` : words.join(', ');
}

/** What a step wrote, piece by piece. */
function* bytesOf({ pieces }: Pick<RecordedLog, 'pieces'>, path: string): Generator<Buffer> {
  const fd = openSync(path, 'r');
  try {
    for (const [offset, length] of pieces) {
      for (let at = 0; at < length;) {
        const buffer = Buffer.allocUnsafe(Math.min(chunk, length - at));
        const read = readSync(fd, buffer, 0, buffer.length, offset + at);
        if (read === 0) throw new Error(`${path} is shorter than its run's record says`);
        yield buffer.subarray(0, read);
        at += read;
      }
    }
  } finally {
    closeSync(fd);
  }
}

/** Its lines; bytes that are no UTF-8 are shown as such. */
export function* linesOf(log: Pick<RecordedLog, 'pieces'>, path: string): Generator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for (const bytes of bytesOf(log, path)) {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
    rest = lines.pop()!;
    yield* lines;
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

/** The last lines, however long the log is. */
export function lastLines(log: Pick<RecordedLog, 'pieces'>, path: string, most: number): readonly string[] {
  const last: string[] = [];
  for (const line of linesOf(log, path)) {
    last.push(line);
    if (last.length > most) last.shift();
  }
  return last;
}

/** The text of logs, in pieces: `most` cuts each step's to its last lines. */
export function* logText(
  steps: readonly Logged[],
  path: string,
  { most }: { readonly most?: number | undefined },
): Generator<string | Buffer> {
  const [only] = steps;
  if (only && steps.length === 1 && most === undefined) return yield* bytesOf(only.log, path);
  for (const step of steps) {
    const before = steps.length > 1 ? `${stepWord(step)} | ` : '';
    const lines = most === undefined ? linesOf(step.log, path) : lastLines(step.log, path, most);
    for (const line of lines) yield `${before}${line}\n`;
  }
}

/** What a run that has not ended wrote so far: only at its end it is known which step wrote what. */
export function* wholeLog({ record: { id }, logPath }: KeptRun, word: string | undefined): Generator<Buffer> {
  if (word !== undefined)
    throw new Mistake(`the run ${id} has not ended, so its steps can't be told apart`, `cli runs logs ${id}`);
  if (logPath === undefined || !existsSync(logPath)) return;
  yield* bytesOf({ pieces: [[0, statSync(logPath).size]] }, logPath);
}
