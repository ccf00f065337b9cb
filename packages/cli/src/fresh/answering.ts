import { performance } from 'node:perf_hooks';
import type { LocalEngine, RunEvent, SolveRequest } from '@monokit/engine';
import { namesOf } from '../tasks/image-names.ts';
import { isInternal } from '../ui/model.ts';
import type { Answer } from './fresh.ts';
import { keepAnswer, type Looks } from './keep.ts';

/** Collects what a run told of its images and steps. */
export class Answering {
  readonly #images = new Map<string, Answer['images'][number]>();
  #steps = 0;
  #shared = 0;

  report(event: RunEvent): void {
    if (event.kind === 'graph-merged') {
      const counted = event.vertices.filter((vertex) => !isInternal(vertex));
      this.#steps += counted.length;
      this.#shared += counted.filter(({ uses }) => uses > 1).length;
    } else if (event.kind === 'task-completed') {
      const { task: id, digest, size } = event;
      this.#images.set(id, { id, ...(digest && { digest }), ...(size !== undefined && { size }) });
    }
  }

  /** Keeps the answer, if files and their times can tell whether it is still true. */
  keep(
    path: string,
    {
      engine,
      requests,
      variables,
      seen,
      scratch,
      worth,
      quiet,
    }: {
      readonly engine: LocalEngine;
      readonly requests: readonly SolveRequest[];
      readonly variables: Looks['variables'];
      readonly seen: readonly string[];
      /** A folder that is gone after the run. */
      readonly scratch?: string | undefined;
      /** How long the run's steps take where they run, in ms. */
      readonly worth: number;
      readonly quiet: boolean;
    },
  ): void {
    const outputs = requests.map(outputsOf);
    if (!engine.lookedAt.local || !engine.onlyOurs || outputs.some((each) => each === undefined)) return;
    const lasts = (path: string) => scratch === undefined || (path !== scratch && !path.startsWith(`${scratch}/`));
    const names = namesOf(requests);
    const images = requests.flatMap(({ id }) => {
      const [image, name] = [this.#images.get(id), names.get(id)];
      return image ? [{ ...image, ...(name !== undefined && { name }) }] : [];
    });
    const answer: Answer = {
      images,
      steps: this.#steps,
      shared: this.#shared,
      ...(worth > 0 && { worth }),
      ...(quiet && { quiet }),
    };
    keepAnswer(path, answer, {
      variables,
      paths: [...seen, ...engine.lookedAt.paths].filter(lasts),
      made: [engine.changedFile, ...outputs.flatMap((each) => each ?? [])],
      folders: [...engine.lookedAt.folders()].filter(({ path }) => lasts(path)),
      began: performance.timeOrigin,
    });
  }
}

/** The files that a request writes; undefined where one look cannot tell whether they are what they should be. */
function outputsOf({ source, exports, cacheTo }: SolveRequest): readonly string[] | undefined {
  const asksAgain =
    source.kind === 'frontend'
      ? 'no-cache' in source.options || source.options['image-resolve-mode'] === 'pull'
      : source.images.some(({ definition }) => definition.metadata.values().some(({ ignoreCache }) => ignoreCache));
  // Where results come from doesn't matter, and an inline cache is a part of the image.
  const exportsCache = cacheTo.some(({ type }) => type !== 'inline');
  if (asksAgain || exportsCache) return undefined;
  const files: string[] = [];
  for (const { type, attrs, destination } of exports) {
    if (attrs['created'] === 'now' || attrs['push'] === 'true') return undefined;
    if (destination?.kind === 'file') files.push(destination.path);
    else if (destination || type !== 'image') return undefined;
  }
  return files;
}
