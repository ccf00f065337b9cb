import { styleText } from 'node:util';
import { count, duration } from './format.ts';
import { failuresOf } from './failures.ts';
import { sharing, tally, type ImageModel, type RunModel } from './model.ts';
import type { RunEnd, RunStart } from './renderer.ts';

/** Whether nothing had to be done. */
export function isUpToDate(model: RunModel): boolean {
  return [...model.images.values()].every(({ state }) => state.kind === 'cached');
}

/** `12 images, 148 steps (41 shared)`: what is about to be built, where that is more than one image. */
export function headline(model: RunModel): string | undefined {
  if (model.images.size < 2) return undefined;
  const { total, shared } = tally(model);
  return `${count(model.images.size, 'image')}, ${count(total, 'step')}${shared > 0 ? ` (${shared} shared)` : ''}`;
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
  const hit = run + cached === 0 ? 100 : Math.floor((cached / (run + cached)) * 100);
  const once = sharing(model);
  const all = isUpToDate(model) ? styleText('bold', '  ▰▰▰▰▰ ALL CACHED', { stream }) : '';
  const rows: [string, string][] = [
    ['Images', [...counts, `${images.length} total`].join(', ')],
    ['Steps', [`${run} run`, ...(shared > 0 ? [`${shared} shared`] : []), `${cached} cached`].join(', ')],
    ...(once.ran > 0 ? [['Shared', sharedText(once)] as [string, string]] : []),
    ['Cache', `${hit}% hit`],
    ['Time', `${duration(endedAt - model.startedAt)}${all}`],
    ...(failed.length > 0 ? [['Failed', styleText('red', failed.join(', '), { stream })] as [string, string]] : []),
  ];
  return rows.map(([key, value]) => `${styleText('dim', `${key.padStart(7)}:`, { stream })}  ${value}\n`).join('');
}

function sharedText({ ran, uses, saved }: ReturnType<typeof sharing>): string {
  return `${count(ran, 'step')} ran once instead of ${uses} times, ${duration(saved)} saved`;
}
