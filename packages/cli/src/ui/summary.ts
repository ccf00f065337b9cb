import { styleText } from 'node:util';
import { widthOf } from './columns.ts';
import type { Recorded, Times } from './facts.ts';
import { bytes, count, duration } from './format.ts';
import { exitCode, failuresOf, type RunFailure } from './failures.ts';
import { fileLink } from './links.ts';
import { isInternal, madeBytes, sharing, tally, type ImageModel, type RunModel } from './model.ts';
import type { RunEnd, RunStart } from './renderer.ts';
import { stepWord } from './step-word.ts';
import { roomOf } from './terminal.ts';

interface Terminal {
  readonly stream: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
}

/** Columns of the key, its colon and what parts it from its value. */
const keyWidth = 10;

/** Whether nothing had to be done. */
export function isUpToDate(model: RunModel): boolean {
  return [...model.images.values()].every(({ state }) => state.kind === 'cached');
}

/** `⚡ 12 images up to date (148 steps)`: one line for all that were cached; undefined if none was. */
export function upToDateLine(model: RunModel, symbol: string): string | undefined {
  const cached = [...model.images.values()].filter(({ state }) => state.kind === 'cached');
  if (cached.length === 0) return undefined;
  const steps = isUpToDate(model) ? ` (${count(tally(model).total, 'step')})` : '';
  return `${symbol} ${count(cached.length, 'image')} up to date${steps}`;
}

/** The last lines of every run: always the same keys, so that they can be searched for; what sharing saved, and who failed. */
export function summary(model: RunModel, start: RunStart, { endedAt, timedOut }: RunEnd, terminal: Terminal): string {
  const { stream, env } = terminal;
  const images = [...model.images.values()];
  const of = (kind: ImageModel['state']['kind']) => images.filter(({ state }) => state.kind === kind).length;
  const failures = failuresOf(model);
  const failed = failures.flatMap((failure) => failure.images);
  const counts = [
    [of('built'), 'built'],
    [of('cached'), 'cached'],
    [of('failed'), 'failed'],
    [of('blocked'), 'blocked'],
    [of('cancelled') + of('waiting') + of('running'), 'cancelled'],
  ].flatMap(([number, word]) => (number ? [`${number} ${word}`] : []));
  const { run, cached, fetched, shared } = tally(model);
  const looked = run + cached;
  const hit = looked > 0 ? `${Math.floor((cached / looked) * 100)}% hit` : failed.length > 0 ? '-' : '100% hit';
  const broken = [...failures.map(failureText), ...(timedOut === undefined ? [] : [timedOut + stoppedText(model)])];
  const once = sharing(model);
  const room = roomOf(stream, env) - keyWidth - 1;
  const [times, record] = [start.facts?.times?.(), start.facts?.record?.()];
  const took = duration(endedAt - model.startedAt);
  const made = madeBytes(model.steps.values());
  const all = isUpToDate(model) ? styleText('bold', '  ▰▰▰▰▰ ALL CACHED', { stream }) : '';
  const rows: [string, string][] = [
    ['Images', [...counts, `${images.length} total`].join(', ')],
    ['Steps', [`${run} run`, ...(shared > 0 ? [`${shared} shared`] : []), `${cached} cached`].join(', ')],
    ...(once.ran > 0 ? [['Shared', sharedText(once)] as [string, string]] : []),
    [
      'Cache',
      [
        hit,
        ...(fetched > 0 ? [`${fetched} from remote`] : []),
        ...(made > 0 ? [`${bytes(made)} stored`] : []),
        ...(times?.saved ? [`saved ${duration(times.saved)}`] : []),
      ].join(' · '),
    ],
    ['Time', `${took}${all}${isUpToDate(model) ? '' : timesText(times, room - took.length - 3)}`],
    ...(broken.length > 0 ? [['Failed', styleText('red', broken.join(', '), { stream })] as [string, string]] : []),
    ...(record && !isUpToDate(model) ? [['Run', recordText(record, room, terminal)] as [string, string]] : []),
  ];
  return rows
    .map(([key, value]) => `${styleText('dim', `${key.padStart(keyWidth - 3)}:`, { stream })}  ${value}\n`)
    .join('');
}

function sharedText({ ran, uses, saved }: ReturnType<typeof sharing>): string {
  return `${count(ran, 'step')} ran once instead of ${uses} times, ${duration(saved)} saved`;
}

/** `   critical path 1m31s: base → web#build → web · recoverable 22s`, as much of it as there is room for. */
function timesText(times: Times | undefined, columns: number): string {
  const { critical: { duration: longest = 0, path = [] } = {}, recoverable } = times ?? {};
  const more = recoverable ? [`recoverable ${duration(recoverable)}`] : [];
  if (path.length === 0) return more.map((text) => `   ${text}`).join('');
  const head = `critical path ${duration(longest)}`;
  const whole = `${head}: ${path.join(' → ')}`;
  const ends = path.length > 2 ? [`${head}: ${path[0]} → … → ${path.at(-1)}`] : [];
  const ways = [[whole, ...more], [whole], ...ends.map((text) => [text]), [head]].map((parts) => parts.join(' · '));
  return `   ${ways.find((text) => widthOf(text) <= columns) ?? head}`;
}

/** `01JD…  ·  next: \`cli watch\`, \`cli graph --open\``, as many of the commands as there is room for. */
function recordText({ id, file, next = [] }: Recorded, columns: number, terminal: Terminal): string {
  const shown = file === undefined ? id : fileLink(id, { path: file }, terminal);
  const commands = next.map((line) => `\`${line}\``);
  const fits = (count: number) => `${id}  ·  next: ${commands.slice(0, count).join(', ')}`.length <= columns;
  const count = commands.findLastIndex((_, i) => fits(i + 1)) + 1;
  return count === 0 ? shown : `${shown}  ·  next: ${commands.slice(0, count).join(', ')}`;
}

/** `, at web#build:5`: which steps were stopped at their work. */
function stoppedText({ steps }: RunModel): string {
  const stopped = [...steps.values()].filter(
    (step) => step.state === 'cancelled' && step.startedAt !== undefined && !isInternal(step),
  );
  const words = stopped.map((step) => stepWord({ ...step, image: step.wantedBy[0] }));
  const [one, two, ...more] = words;
  if (one === undefined) return '';
  return `, at ${[one, ...(two === undefined ? [] : [two]), ...(more.length > 0 ? [`${more.length} more`] : [])].join(', ')}`;
}

/** `web#build:5 (exit 1)`, or whose it is where no step failed. */
function failureText({ step, images, error }: RunFailure): string {
  const code = exitCode(error);
  const end = code === undefined ? '' : ` (exit ${code})`;
  return images.map((image) => `${step ? stepWord({ ...step, image }) : image}${end}`).join(', ');
}
