// What every run ends with: always the same keys, so that they can be searched for. A run in which nothing was to be done
// needs no more, so this imports next to nothing.

import { bytes, count, duration } from './format.ts';
import { madeBytes, sharing, stoppedSteps, tally, type ImageModel, type RunModel } from './model.ts';
import type { RunEnd, RunStart } from './renderer.ts';
import { styleText } from './style.ts';

export type SummaryRow = readonly [key: string, value: string];

/** Columns of the key, its colon and what parts it from its value. */
export const keyWidth = 10;

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

/** Images and steps by what became of them, what the cache had and got, and the time. */
export function tallyRows(
  model: RunModel,
  { facts }: Pick<RunStart, 'facts'>,
  { endedAt, stream }: Pick<RunEnd, 'endedAt'> & { readonly stream: NodeJS.WriteStream },
): readonly SummaryRow[] {
  const images = [...model.images.values()];
  const of = (kind: ImageModel['state']['kind']) => images.filter(({ state }) => state.kind === kind).length;
  const counts = [
    [of('built'), 'built'],
    [of('cached'), 'cached'],
    [of('failed'), 'failed'],
    [of('blocked'), 'blocked'],
    [of('cancelled') + of('waiting') + of('running'), 'cancelled'],
  ].flatMap(([number, word]) => (number ? [`${number} ${word}`] : []));
  const { run, cached, fetched, shared } = tally(model);
  const looked = run + cached + stoppedSteps(model).length;
  const hit = looked > 0 ? `${Math.floor((cached / looked) * 100)}% hit` : of('failed') > 0 ? '-' : '100% hit';
  const saved = facts?.times?.()?.saved;
  const once = sharing(model);
  const made = madeBytes(model.steps.values());
  const all = isUpToDate(model) ? styleText('bold', '  ▰▰▰▰▰ ALL CACHED', { stream }) : '';
  return [
    ['Images', [...counts, `${images.length} total`].join(', ')],
    ['Steps', [`${run} run`, ...(shared > 0 ? [`${shared} shared`] : []), `${cached} cached`].join(', ')],
    ...(once.ran > 0 ? [['Shared', sharedText(once)] as const] : []),
    [
      'Cache',
      [
        hit,
        ...(fetched > 0 ? [`${fetched} from remote`] : []),
        ...(made > 0 ? [`${bytes(made)} stored`] : []),
        ...(saved ? [`saved ${duration(saved)}`] : []),
      ].join(' · '),
    ],
    ['Time', `${duration(endedAt - model.startedAt)}${all}`],
  ];
}

/** The rows as lines. */
export function rowsText(rows: readonly SummaryRow[], stream: NodeJS.WriteStream): string {
  return rows
    .map(([key, value]) => `${styleText('dim', `${key.padStart(keyWidth - 3)}:`, { stream })}  ${value}\n`)
    .join('');
}

function sharedText({ ran, uses, saved }: ReturnType<typeof sharing>): string {
  return `${count(ran, 'step')} ran once instead of ${uses} times, ${duration(saved)} saved`;
}
