// What came of a run, in few words.

import { count } from '../ui/format.ts';
import { shellWord } from '../ui/shell-word.ts';
import type { Symbols } from '../ui/symbols.ts';
import type { RunRecord } from './record.ts';
import type { KeptRun } from './runs-here.ts';

export type Result = 'ok' | 'failed' | 'stopped' | 'running' | 'killed';

/** What came of a run; one that has no code still runs, or was killed. */
export function resultOf({ record: { code }, isRunning }: Pick<KeptRun, 'record' | 'isRunning'>): Result {
  if (code === undefined) return isRunning ? 'running' : 'killed';
  return code === 0 ? 'ok' : code === 1 ? 'failed' : 'stopped';
}

/** `✔ 3 built, 2 cached`, `✖ web failed`, `… stopped`, `? never ended`. */
export function resultText(run: Pick<KeptRun, 'record' | 'isRunning'>, symbols: Symbols): string {
  const { images, failures, timedOut } = run.record;
  const of = (status: RunRecord['images'][number]['status']) =>
    images.filter((image) => image.status === status).length;
  switch (resultOf(run)) {
    case 'ok':
      return of('built') === 0
        ? `${symbols.cached} ${count(of('cached'), 'image')} up to date`
        : `${symbols.built} ${[...counted(of('built'), 'built'), ...counted(of('cached'), 'cached')].join(', ')}`;
    case 'failed': {
      const failed = failures.flatMap((failure) => failure.images);
      if (failed.length === 0 && timedOut !== undefined) return `${symbols.failed} ${timedOut}`;
      const named = failed.length > 3 ? [...failed.slice(0, 2), `${failed.length - 2} more`] : failed;
      return [symbols.failed, ...(named.length > 0 ? [named.join(', ')] : []), 'failed'].join(' ');
    }
    case 'stopped':
      return `${symbols.cancelled} stopped`;
    case 'running':
      return 'running';
    case 'killed':
      return `${symbols.failed} never ended`;
  }
}

function counted(number: number, word: string): readonly string[] {
  return number === 0 ? [] : [`${number} ${word}`];
}

/** `just now`, `3m ago`, `5h ago`, then the day: `Nov 2 14:05`. */
export function whenText(at: number, now: number): string {
  const minutes = Math.floor((now - at) / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${minutes}m ago`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)}h ago`;
  const date = new Date(at);
  const month = date.toLocaleString('en-US', { month: 'short' });
  const two = (number: number) => String(number).padStart(2, '0');
  return `${month} ${date.getDate()} ${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** `cli build all`, as a shell reads it. */
export function commandText({ command }: Pick<RunRecord, 'command'>): string {
  return ['cli', ...command].map(shellWord).join(' ');
}
