import type { Defined, Engine, SolveRequest, SolveResponse } from '../engine.ts';
import type { Platform } from '../oci/platform.ts';
import { matches } from '../oci/platform.ts';
import { Failed, failedOf } from '../std/failed.ts';
import type { RunEvent } from './event.ts';
import type { OrchestratorFailure } from './failure.ts';

export interface RunOptions {
  readonly signal: AbortSignal;
  report(event: RunEvent): void;
  /** After a failure, images that don't need what failed are still built. */
  readonly keepGoing: boolean;
}

export interface RunResult {
  readonly id: string;
  /** Undefined where it failed or was stopped; the events tell why. */
  readonly response?: SolveResponse;
}

/** An image of a workspace: what to build, and the names by which other images may ask for it. */
export interface Task {
  readonly request: SolveRequest;
  /** Its id and tags; a `FROM` of one of these is an edge to it. */
  readonly names: readonly string[];
}

/** Builds images in one graph on an engine. Never rejects for an image's failure: that is told, and the rest goes on. */
export async function run(engine: Engine, tasks: readonly Task[], options: RunOptions): Promise<readonly RunResult[]> {
  const { signal, report } = options;
  const outcomes = new Map<string, RunResult>();
  const settle = (id: string, error: unknown) => {
    outcomes.set(id, { id });
    const stopped = signal.aborted || failedOf(error, 'stopped');
    report(stopped ? { kind: 'task-stopped', task: id, at: Date.now() } : { kind: 'task-failed', task: id, at: Date.now(), error });
  };

  const defined: Defined[] = [];
  await Promise.all(
    defineAll(engine, tasks, options).map(async (definition, i) => {
      const { id } = tasks[i]!.request;
      try {
        defined.push(await definition);
        report({ kind: 'task-defined', task: id, at: Date.now() });
      } catch (error) {
        settle(id, error);
      }
    }),
  );
  const failed = outcomes.size > 0;
  if (failed && !options.keepGoing) {
    for (const { request } of defined) report({ kind: 'task-stopped', task: request.id, at: Date.now() });
    return tasks.map(({ request }) => ({ id: request.id }));
  }

  const inOrder = tasks.flatMap(({ request }) => defined.filter((each) => each.request === request));
  await using build = engine.open({ signal, report });
  await Promise.all(
    build.solve(inOrder, { keepGoing: options.keepGoing }).map(async (solved, i) => {
      const { id } = inOrder[i]!.request;
      try {
        const response = await solved;
        outcomes.set(id, { id, response });
        const { digest, size } = response;
        report({ kind: 'task-completed', task: id, at: Date.now(), ...(digest && { digest }), ...(size !== undefined && { size }) });
      } catch (error) {
        settle(id, error);
      }
    }),
  );
  return tasks.map(({ request }) => outcomes.get(request.id) ?? { id: request.id });
}

/**
 * A definition for each task. Where a Dockerfile names another image of the workspace, that image's definition takes
 * the name's place, so both are built in one graph.
 */
export function defineAll(
  engine: Engine,
  tasks: readonly Task[],
  work: Pick<RunOptions, 'signal' | 'report'>,
): readonly Promise<Defined>[] {
  const byName = new Map(tasks.flatMap((task) => task.names.map((name) => [name, task] as const)));
  const needs = new Map<string, Set<string>>();
  const definitions = new Map<Task, Promise<Defined>>();
  return tasks.map(definitionOf);

  function definitionOf(task: Task): Promise<Defined> {
    let definition = definitions.get(task);
    if (!definition) {
      definition = engine.define(withInputs(task), work).then((defined) => ({ ...defined, request: task.request }));
      definition.catch(() => undefined); // told where it is awaited
      definitions.set(task, definition);
    }
    return definition;
  }

  function withInputs(task: Task): SolveRequest {
    const { request } = task;
    if (request.source.kind !== 'frontend') return request;
    const given = request.source.input;
    const input = async (name: string, platform: Platform) => {
      const other = byName.get(name);
      // An image whose own name stands in its FROM means the one in the registry.
      if (!other || other === task) return given?.(name, platform);
      need(request.id, other.request.id);
      const { images } = await definitionOf(other);
      const image = images.find((each) => matches(platform, each.platform)) ?? (images.length === 1 ? images[0] : undefined);
      return image && { definition: image.definition, ...(image.config && { config: image.config }) };
    };
    return { ...request, source: { ...request.source, input } };
  }

  /** Notes that an image needs another, and refuses a circle, which would wait for itself. */
  function need(from: string, to: string): void {
    needs.set(from, (needs.get(from) ?? new Set()).add(to));
    const path = pathBetween(to, from, needs);
    if (!path) return;
    const circle = [from, ...path];
    const message = `images are built from each other in a circle: ${circle.join(' → ')}`;
    throw new Failed<OrchestratorFailure>({ kind: 'image-circle', circle, message });
  }
}

function pathBetween(from: string, to: string, needs: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  if (from === to) return [to];
  for (const next of needs.get(from) ?? []) {
    const path = pathBetween(next, to, needs);
    if (path) return [from, ...path];
  }
  return undefined;
}
