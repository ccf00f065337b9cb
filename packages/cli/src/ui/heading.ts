import type { RunEvent } from '@monokit/engine';
import { clip, widthOf } from './columns.ts';
import type { Planned } from './facts.ts';
import { bytes, count, duration } from './format.ts';
import { isInternal, tally, type RunModel } from './model.ts';
import type { About, RunStart } from './renderer.ts';
import { stepPlace } from './step-word.ts';

/** The lines above a run: what is about to be built, where that is more than one image, and what is expected of it. */
export class Heading {
  #begun = false;
  #planned = false;

  /** Those that are due after an event, which the model has seen, none wider than so many columns. */
  after(
    event: RunEvent,
    model: RunModel,
    { facts, about, columns = Number.POSITIVE_INFINITY }: Pick<RunStart, 'facts' | 'about'> & { columns?: number },
  ): readonly string[] {
    if (event.kind !== 'vertex-started' && event.kind !== 'graph-foreseen') return [];
    const lines: string[] = [];
    const step = event.kind === 'vertex-started' ? model.steps.get(event.vertex) : undefined;
    if (!this.#begun && step && step.wantedBy.length > 0 && !isInternal(step)) {
      this.#begun = true;
      if (model.images.size > 1) lines.push(titleText(model, about, columns));
    }
    // It comes to be known while the first steps run; by the time that images are done it is no news.
    const planned = this.#begun && !this.#planned ? facts?.plan?.() : undefined;
    if (planned && planned.run + (planned.unknown ?? 0) > 0) {
      this.#planned = true;
      if (![...model.images.values()].some(({ endedAt }) => endedAt !== undefined))
        lines.push(clip(planText(planned), columns));
    }
    return lines;
  }
}

/**
 * `monokit 0.1.0 · buildkit.config.ts · 12 images, 31 stages, 148 steps (41 shared) · linux/amd64`, as much of it as there
 * is room for.
 */
function titleText(model: RunModel, about: About | undefined, columns: number): string {
  const sizes = sizesText(model);
  const { version, config, platforms = [] } = about ?? {};
  const target = platforms.length > 2 ? [count(platforms.length, 'platform')] : platforms;
  const [program, file] = [version === undefined ? [] : [`monokit ${version}`], config === undefined ? [] : [config]];
  const on = target.length > 0 ? [target.join(', ')] : [];
  const ways = [[...program, ...file, sizes, ...on], [...file, sizes, ...on], [sizes, ...on], [sizes]];
  const texts = ways.map((parts) => parts.join(' · '));
  return texts.find((text) => widthOf(text) <= columns) ?? clip(sizes, columns);
}

/** `12 images, 31 stages, 148 steps (41 shared)`. */
function sizesText(model: RunModel): string {
  const { total, shared } = tally(model);
  const stages = stagesOf(model);
  return [
    count(model.images.size, 'image'),
    ...(stages > 0 ? [count(stages, 'stage')] : []),
    `${count(total, 'step')}${shared > 0 ? ` (${shared} shared)` : ''}`,
  ].join(', ');
}

/** How many stages of Dockerfiles have steps here, each counted once for all platforms. */
function stagesOf({ steps }: RunModel): number {
  const stages = new Set<string>();
  for (const { name, source, wantedBy } of steps.values()) {
    const place = source && wantedBy.length > 0 ? stepPlace(name) : undefined;
    if (place) stages.add(JSON.stringify([source!.folder, source!.file, place.stage]));
  }
  return stages.size;
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
