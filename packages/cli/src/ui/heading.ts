import type { Planned } from './facts.ts';
import { bytes, count, duration } from './format.ts';
import { tally, type RunModel } from './model.ts';
import type { RunStart } from './renderer.ts';

/** What is about to be built, where that is more than one image, and what is expected of it. */
export function heading(model: RunModel, { facts }: Pick<RunStart, 'facts'>): readonly string[] {
  const planned = facts?.plan?.();
  return [...(model.images.size < 2 ? [] : [sizes(model)]), ...(planned ? [planText(planned)] : [])];
}

/** `12 images, 148 steps (41 shared)`. */
function sizes(model: RunModel): string {
  const { total, shared } = tally(model);
  return `${count(model.images.size, 'image')}, ${count(total, 'step')}${shared > 0 ? ` (${shared} shared)` : ''}`;
}

/** `plan   0 cached, 107 to run · ~2m10s on 2 cores · pulling 3 bases (84.2 MiB)`. */
function planText({ cached, run, unknown = 0, duration: expected, cpus, pulls }: Planned): string {
  const cores = cpus === undefined ? '' : ` on ${count(cpus, 'core')}`;
  const size = pulls?.bytes === undefined ? '' : ` (${bytes(pulls.bytes)})`;
  const parts = [
    [`${cached} cached`, `${run} to run`, ...(unknown > 0 ? [`${unknown} unknown`] : [])].join(', '),
    ...(expected === undefined ? [] : [`~${duration(expected)}${cores}`]),
    ...(pulls && pulls.bases > 0 ? [`pulling ${count(pulls.bases, 'base')}${size}`] : []),
  ];
  return `plan   ${parts.join(' · ')}`;
}
