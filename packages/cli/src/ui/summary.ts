import { styleText } from 'node:util';
import type { Recorded, Times } from './facts.ts';
import { count, duration } from './format.ts';
import { exitCode, failuresOf, type RunFailure } from './failures.ts';
import { sharing, tally, type ImageModel, type RunModel } from './model.ts';
import type { RunEnd, RunStart } from './renderer.ts';
import { stepWord } from './step-word.ts';

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
export function summary(model: RunModel, start: RunStart, { endedAt }: RunEnd, stream: NodeJS.WriteStream): string {
  const images = [...model.images.values()];
  const of = (kind: ImageModel['state']['kind']) => images.filter(({ state }) => state.kind === kind).length;
  const failures = failuresOf(model, start.folders);
  const failed = failures.flatMap((failure) => failure.images);
  const counts = [
    [of('built'), 'built'],
    [of('cached'), 'cached'],
    [failed.length, 'failed'],
    [failures.flatMap(({ blocked }) => blocked).length, 'blocked'],
    [of('stopped') + of('waiting') + of('running'), 'stopped'],
  ].flatMap(([number, word]) => (number ? [`${number} ${word}`] : []));
  const { run, cached, shared } = tally(model);
  const looked = run + cached;
  const hit = looked > 0 ? `${Math.floor((cached / looked) * 100)}% hit` : failed.length > 0 ? '-' : '100% hit';
  const once = sharing(model);
  const room = stream.isTTY ? (stream.columns ?? 80) - 24 : Number.POSITIVE_INFINITY;
  const [times, record] = [start.facts?.times?.(), start.facts?.record?.()];
  const all = isUpToDate(model) ? styleText('bold', '  ▰▰▰▰▰ ALL CACHED', { stream }) : '';
  const rows: [string, string][] = [
    ['Images', [...counts, `${images.length} total`].join(', ')],
    ['Steps', [`${run} run`, ...(shared > 0 ? [`${shared} shared`] : []), `${cached} cached`].join(', ')],
    ...(once.ran > 0 ? [['Shared', sharedText(once)] as [string, string]] : []),
    ['Cache', `${hit}${times?.saved ? ` · saved ${duration(times.saved)}` : ''}`],
    ['Time', `${duration(endedAt - model.startedAt)}${all}${isUpToDate(model) ? '' : timesText(times, room)}`],
    ...(failed.length > 0
      ? [['Failed', styleText('red', failures.map(failureText).join(', '), { stream })] as [string, string]]
      : []),
    ...(record && !isUpToDate(model) ? [['Run', recordText(record)] as [string, string]] : []),
  ];
  return rows.map(([key, value]) => `${styleText('dim', `${key.padStart(7)}:`, { stream })}  ${value}\n`).join('');
}

function sharedText({ ran, uses, saved }: ReturnType<typeof sharing>): string {
  return `${count(ran, 'step')} ran once instead of ${uses} times, ${duration(saved)} saved`;
}

/** `   critical path 1m31s: base → web#build → web · recoverable 22s`, as much of it as there is room for. */
function timesText(times: Times | undefined, columns: number): string {
  const parts = [
    ...(times?.critical && times.critical.path.length > 0
      ? [`critical path ${duration(times.critical.duration)}: ${times.critical.path.join(' → ')}`]
      : []),
    ...(times?.recoverable ? [`recoverable ${duration(times.recoverable)}`] : []),
  ];
  while (parts.length > 1 && parts.join(' · ').length > columns) parts.pop();
  return parts.length === 0 ? '' : `   ${parts.join(' · ')}`;
}

function recordText({ id, next = [] }: Recorded): string {
  const commands = next.map((line) => `\`${line}\``).join(', ');
  return next.length === 0 ? id : `${id}  ·  next: ${commands}`;
}

/** `web#build:5 (exit 1)`, or whose it is where no step failed. */
function failureText({ step, images, error }: RunFailure): string {
  const code = exitCode(error);
  const end = code === undefined ? '' : ` (exit ${code})`;
  return images.map((image) => `${step ? stepWord({ ...step, image }) : image}${end}`).join(', ');
}
