import type { RunEvent } from '@monokit/engine';
import type { Planned } from './facts.ts';
import { bytes, count, duration } from './format.ts';
import { isInternal, tally, type RunModel } from './model.ts';
import type { RunStart } from './renderer.ts';

/** The lines above a run: what is about to be built, where that is more than one image, and what is expected of it. */
export class Heading {
  #begun = false;
  #planned = false;

  /** Those that are due after an event, which the model has seen. */
  after(event: RunEvent, model: RunModel, { facts }: Pick<RunStart, 'facts'>): readonly string[] {
    if (event.kind !== 'vertex-started' && event.kind !== 'graph-foreseen') return [];
    const lines: string[] = [];
    const step = event.kind === 'vertex-started' ? model.steps.get(event.vertex) : undefined;
    if (!this.#begun && step && step.wantedBy.length > 0 && !isInternal(step)) {
      this.#begun = true;
      if (model.images.size > 1) lines.push(sizes(model));
    }
    // It comes to be known while the first steps run; by the time that images are done it is no news.
    const planned = this.#begun && !this.#planned ? facts?.plan?.() : undefined;
    if (planned && planned.run + (planned.unknown ?? 0) > 0) {
      this.#planned = true;
      if (![...model.images.values()].some(({ endedAt }) => endedAt !== undefined)) lines.push(planText(planned));
    }
    return lines;
  }
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
