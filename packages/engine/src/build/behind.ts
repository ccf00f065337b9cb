import type { Defined, Estimator } from '../engine.ts';
import { mergeDefinitions } from '../llb/graph.ts';
import { remainingPaths } from '../scheduler/remaining.ts';
import { expectedDuration } from './expected.ts';

/** How long it takes to build what begins when a request is done: a part of the request's own longest path. */
export class Behind {
  readonly #next: (id: string) => readonly Defined[];
  readonly #estimate: Estimator | undefined;
  readonly #known = new Map<string, number>();

  constructor(next: (id: string) => readonly Defined[], estimate: Estimator | undefined) {
    this.#next = next;
    this.#estimate = estimate;
  }

  /** In ms, if nothing has to stand in line. */
  of(id: string): number {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    this.#known.set(id, 0); // what waits for itself never begins
    const behind = Math.max(0, ...this.#next(id).map((each) => this.#own(each) + this.of(each.request.id)));
    this.#known.set(id, behind);
    return behind;
  }

  #own({ images, request }: Defined): number {
    const graph = mergeDefinitions(images.map(({ definition }) => ({ definition, folder: () => undefined })));
    const wantedBy = [request.id];
    const paths = remainingPaths(graph.vertices, (vertex) =>
      expectedDuration(vertex, this.#estimate?.({ vertex: vertex.digest, name: vertex.name, wantedBy })),
    );
    return Math.max(0, ...paths.values());
  }
}
