// Telling and keeping the answer to a build that nothing has changed for (fresh.ts).
import { performance } from 'node:perf_hooks';
import type { Digest, LocalEngine, RunEvent, SolveRequest } from '@monokit/engine';
import { keepAnswer, type Answer } from './fresh.ts';
import type { Renderer } from './ui/renderer.ts';
import { isInternal } from './ui/model.ts';

/** Tells a kept answer as the run that it stands for would have told it. */
export function tellAnswer({ images, steps, shared }: Answer, renderer: Renderer): void {
  const at = Date.now();
  const ids = images.map(({ id }) => id);
  const vertices = Array.from({ length: steps }, (_, i) => ({
    vertex: `sha256:${i.toString(16).padStart(64, '0')}` as Digest,
    name: `step ${i + 1}`,
    inputs: [],
    wantedBy: i < shared ? ids.slice(0, 2) : ids.slice(0, 1),
    uses: i < shared ? 2 : 1,
  }));
  renderer.report({ kind: 'graph-merged', at, vertices });
  for (const { vertex } of vertices) renderer.report({ kind: 'vertex-cached', at, vertex });
  for (const { id, digest, size } of images) {
    const result = { ...(digest && { digest: digest as Digest }), ...(size !== undefined && { size }) };
    renderer.report({ kind: 'task-completed', task: id, at, ...result });
  }
  renderer.finish({ code: 0, endedAt: Date.now() });
}

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
      seen,
    }: { readonly engine: LocalEngine; readonly requests: readonly SolveRequest[]; readonly seen: readonly string[] },
  ): void {
    const outputs = requests.map(outputsOf);
    if (!engine.lookedAt.local || outputs.some((each) => each === undefined)) return;
    const images = requests.flatMap(({ id }) => this.#images.get(id) ?? []);
    const answer: Answer = { images, steps: this.#steps, shared: this.#shared };
    keepAnswer(path, answer, {
      paths: [...seen, ...engine.lookedAt.paths],
      made: [engine.changedFile, ...outputs.flatMap((each) => each ?? [])],
      folders: engine.lookedAt.folders(),
      began: performance.timeOrigin,
    });
  }
}

/** The files that a request writes; undefined where one look cannot tell whether they are what they should be. */
function outputsOf({ source, exports, cacheTo }: SolveRequest): readonly string[] | undefined {
  const options = source.kind === 'frontend' ? source.options : {};
  const asksAgain = 'no-cache' in options || options['image-resolve-mode'] === 'pull';
  // Where results come from doesn't matter, and an inline cache is a part of the image.
  const exportsCache = cacheTo.some(({ type }) => type !== 'inline');
  if (source.kind !== 'frontend' || asksAgain || exportsCache) return undefined;
  const files: string[] = [];
  for (const { type, attrs, destination } of exports) {
    if (attrs['created'] === 'now' || attrs['push'] === 'true') return undefined;
    if (destination?.kind === 'file') files.push(destination.path);
    else if (destination || type !== 'image') return undefined;
  }
  return files;
}
