import { styleText } from 'node:util';
import { count, duration } from './format.ts';
import { tally, type ImageModel, type RunModel } from './model.ts';
import type { RunEnd } from './renderer.ts';

/** The last lines of every run: always the same four keys, so that they can be searched for. */
export function summary(model: RunModel, { endedAt }: RunEnd, stream: NodeJS.WriteStream): string {
  const images = [...model.images.values()];
  const of = (kind: ImageModel['state']['kind']) => images.filter(({ state }) => state.kind === kind).length;
  const counts = [
    [of('built'), 'built'],
    [of('cached'), 'cached'],
    [of('failed'), 'failed'],
    [of('stopped'), 'stopped'],
  ].flatMap(([number, word]) => (number ? [`${number} ${word}`] : []));
  const { run, cached, shared, total } = tally(model);
  const hit = total === 0 ? 100 : Math.round((cached / total) * 100);
  const failed = images.filter(({ state }) => state.kind === 'failed').map(({ id }) => id);
  const all =
    run === 0 && failed.length === 0 && of('stopped') === 0 ? styleText('bold', '  ▰▰▰▰▰ ALL CACHED', { stream }) : '';
  const rows: [string, string][] = [
    ['Images', [...counts, `${images.length} total`].join(', ')],
    ['Steps', [`${run} run`, `${cached} cached`, ...(shared > 0 ? [`${shared} shared`] : [])].join(', ')],
    ['Cache', `${hit}% hit of ${count(total, 'step')}`],
    ['Time', `${duration(endedAt - model.startedAt)}${all}`],
    ...(failed.length > 0 ? [['Failed', styleText('red', failed.join(', '), { stream })] as [string, string]] : []),
  ];
  return `\n${rows.map(([key, value]) => `${styleText('dim', `${key.padStart(7)}:`, { stream })}  ${value}`).join('\n')}\n`;
}
