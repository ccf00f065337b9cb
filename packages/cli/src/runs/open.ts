import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { replaceFile } from '@monokit/engine/std/replace-file';
import type { Invocation } from '../command.ts';
import { oneFile } from '../page/one-file.ts';
import { startBrowser } from '../page/show.ts';
import { besideRecord } from './runs-folder.ts';
import type { KeptRun } from './runs-here.ts';
import { timelineOf } from './timeline.ts';

/** A run as one file of HTML. */
function timelineHtml(run: KeptRun): string {
  return oneFile('timeline', {
    scripts: ['dom', 'timeline-details', 'timeline-chart', 'timeline'],
    data: timelineOf(run),
  });
}

/** Writes a run's timeline to a file (`-` is standard output), or beside its record, and shows that in a browser. */
export function openTimeline(
  run: KeptRun,
  file: string | undefined,
  { cwd, env, stdout }: Pick<Invocation, 'cwd' | 'env' | 'stdout'>,
): number {
  const html = timelineHtml(run);
  if (file === '-') stdout.write(html);
  else if (file !== undefined) {
    const path = resolve(cwd, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, html);
  } else {
    const path = besideRecord(run.path, 'html');
    replaceFile(path, html);
    stdout.write(`${pathToFileURL(path).href}\n`);
    startBrowser(path, env);
  }
  return 0;
}
