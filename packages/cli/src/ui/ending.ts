import { failureBlocks } from './failure-block.ts';
import type { RunModel } from './model.ts';
import type { RunEnd, RunStart, Screen } from './renderer.ts';
import { summary } from './summary.ts';
import { symbolsFor } from './symbols.ts';
import { isUpToDate, upToDateLine } from './tally-rows.ts';

/** What a run ends with for people: its failures once more, a line for all images that were cached, and the summary. */
export function ending(
  model: RunModel,
  start: RunStart,
  end: RunEnd,
  { stderr, env }: Pick<Screen, 'stderr' | 'env'>,
): string {
  const blocks = failureBlocks(model, start, { stderr, env }).map((block) => `\n${block}`);
  const single = start.ids.length === 1;
  const cached = single || start.verbose ? undefined : upToDateLine(model, symbolsFor(env).cached);
  const told = cached === undefined ? '' : `${blocks.length > 0 ? '\n' : ''}${cached}\n`;
  const gap = isUpToDate(model) ? '' : '\n';
  return [...blocks, told, gap, summary(model, start, end, { stream: stderr, env })].join('');
}
