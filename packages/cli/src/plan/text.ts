// The plan for people: each image with the steps that begin with it, and all of it in a few lines.

import { join } from 'node:path';
import { styleText } from 'node:util';
import { shortest } from '../ui/diagnostics.ts';
import { bytes, count, duration, shortName } from '../ui/format.ts';
import type { Plan, PlannedStep, PlannedTime, Totals } from './plan.ts';
import { isTold } from './prospects.ts';

export function planText(
  { images, steps, caches, totals, time }: Plan,
  { stream, cwd }: { readonly stream: NodeJS.WriteStream; readonly cwd: string },
): string {
  const dim = (text: string) => styleText('dim', text, { stream });
  const types = new Map(caches.map(({ name, type }) => [name, type]));
  const told = steps.filter(isShown);
  const busy = images.filter(({ id }) => told.some((step) => step.images.includes(id)));
  const blocks = busy.map(({ id, run, unknown, cached }) => {
    const facts = [`${run} to run`, ...(unknown > 0 ? [`${unknown} unknown`] : []), `${cached} cached`];
    const own = told.filter(({ images: [first] }) => first === id);
    const shared = told.filter(({ images: wanting }) => wanting.includes(id)).length - own.length;
    const rows = own.map((step) => {
      const { name, images: wanting, source } = step;
      const others = wanting.length > 1 ? `  +${wanting.length - 1}` : '';
      const place = source ? `  ${placeOf(source, cwd)}` : '';
      const more = factsOf(step, types).map((fact) => `  ${fact}`);
      return `  ${symbolOf(step)} ${shortName(name)}${dim(`${others}${place}${more.join('')}`)}`;
    });
    const elsewhere =
      shared > 0
        ? [dim(`    and ${count(shared, 'step')} that ${shared === 1 ? 'stands' : 'stand'} with another image above`)]
        : [];
    return [`${styleText('bold', id, { stream })}  ${dim(facts.join(', '))}`, ...rows, ...elsewhere].join('\n');
  });
  const unreachable = caches.flatMap((cache) =>
    cache.state === 'unreachable'
      ? [`unknown: what ${cache.type} ${cache.name} has, which can't be asked: ${cache.reason}`]
      : [],
  );
  const sums = [
    sumLine(totals, images.length - busy.length),
    ...byteLine(totals),
    ...timeLine(totals, time),
    ...unreachable,
  ];
  return `${[...blocks, sums.join('\n')].join('\n\n')}\n`;
}

/** `api/Dockerfile:3`, as people would type it. */
function placeOf({ file, folder, lines }: NonNullable<PlannedStep['source']>, cwd: string): string {
  return `${folder === undefined ? file : shortest(join(folder, file), cwd)}:${lines[0]}`;
}

/** Steps that do something, be it only fetch a result. */
function isShown({ outlook, from, bytesDown }: PlannedStep): boolean {
  return outlook === 'run' || outlook === 'unknown' || (from === 'remote' && bytesDown !== undefined);
}

function symbolOf({ outlook }: PlannedStep): string {
  return outlook === 'run' ? '▸' : outlook === 'unknown' ? '?' : '☁';
}

function factsOf(
  { from, cache, bytesDown, bytesRead, bytesMade, durationMs }: PlannedStep,
  types: ReadonlyMap<string, string>,
): readonly string[] {
  if (from === 'remote') return [`cached remote (${types.get(cache!)} ${cache!}, ${bytes(bytesDown!)} to fetch)`];
  return [
    ...(bytesDown === undefined ? [] : [`fetches ${bytes(bytesDown)}`]),
    ...(bytesRead === undefined ? [] : [`reads ${bytes(bytesRead)}`]),
    ...(bytesMade === undefined ? [] : [`+${bytes(bytesMade)}`]),
    ...(durationMs === undefined ? [] : [`~${duration(durationMs)}`]),
  ];
}

function sumLine({ run, unknown, cachedRemote }: Totals, upToDate: number): string {
  return [
    `${count(run, 'step')} to run`,
    ...(unknown > 0 ? [`${unknown} that ${unknown === 1 ? 'depends' : 'depend'} on what comes before`] : []),
    ...(cachedRemote > 0 ? [`${cachedRemote} cached elsewhere`] : []),
    ...(upToDate > 0 ? [`${count(upToDate, 'image')} up to date`] : []),
  ].join(', ');
}

/** `~2m10s on 2 cores, 3 steps without history · critical path 1m31s: base → web#build → web`. */
function timeLine({ run, unknown }: Totals, { wallMs, cpus, stepsWithoutHistory, criticalPath }: PlannedTime) {
  if (!isTold({ steps: run + unknown, withoutHistory: stepsWithoutHistory })) return [];
  const guessed = stepsWithoutHistory > 0 ? `, ${count(stepsWithoutHistory, 'step')} without history` : '';
  const path = `critical path ${duration(criticalPath.durationMs)}: ${criticalPath.labels.join(' → ')}`;
  return [`~${duration(wallMs)} on ${count(cpus, 'core')}${guessed} · ${path}`];
}

function byteLine({ bytesDown, bytesRead, bytesMade, bytesUp }: Totals): readonly string[] {
  const facts = [
    ...(bytesDown > 0 ? [`${bytes(bytesDown)} to fetch`] : []),
    ...(bytesRead > 0 ? [`${bytes(bytesRead)} of context to read`] : []),
    ...(bytesMade > 0 ? [`${bytes(bytesMade)} to store`] : []),
    ...(bytesUp > 0 ? [`${bytes(bytesUp)} to upload before compression`] : []),
  ];
  return facts.length > 0 ? [facts.join(', ')] : [];
}
