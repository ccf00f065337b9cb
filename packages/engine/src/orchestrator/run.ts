import type { Build, Defined, Engine, ImageKeys, SolveRequest, SolveResponse } from '../engine.ts';
import { Failed, failedOf } from '../std/failed.ts';
import { defineAll } from './define-all.ts';
import type { RunEvent, TaskBlocked, TaskCancelled, TaskFailed } from './event.ts';
import type { OrchestratorFailure } from './failure.ts';

export interface RunOptions {
  readonly signal: AbortSignal;
  report(event: RunEvent): void;
  readonly continue: Continue;
  /** Tell beforehand what is about to happen (`graph-foreseen`). */
  readonly foresee?: boolean;
  /** Images that tasks may be built from, though nobody asked for them. */
  readonly offers?: readonly Offer[];
  /** Told what an image is keyed by once that is known, before it is told how it ended; it is awaited. */
  readonly onKeys?: (task: string, keys: readonly ImageKeys[]) => Promise<void>;
}

/**
 * What is still done after a failure: nothing (`never`); images whose dependencies were built
 * (`dependencies-successful`); all that can be (`always`), also those that were only to wait for what failed. What is
 * built from an image that failed can't be.
 */
export type Continue = 'never' | 'dependencies-successful' | 'always';

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
  /** Ids of tasks that are built and exported before this one starts. */
  readonly dependsOn?: readonly string[];
}

/** An image that is built only as far as others are built from it, and not exported. */
export interface Offer {
  readonly id: string;
  readonly names: readonly string[];
  /** Asked for once another image names it. */
  request(): Promise<SolveRequest>;
}

/** Builds images in one graph on an engine. Never rejects for an image's failure: that is told, and the rest goes on. */
export async function run(engine: Engine, tasks: readonly Task[], options: RunOptions): Promise<readonly RunResult[]> {
  const { signal, report, continue: onFailure, foresee = false, onKeys } = options;
  const outcomes = new Map<string, RunResult>();
  const settle = (task: string, error: unknown) => {
    outcomes.set(task, { id: task });
    report({ task, at: Date.now(), ...(signal.aborted ? { kind: 'task-cancelled' } : endOf(error)) });
  };

  const definitions = new Map<string, Defined>();
  await Promise.all(
    defineAll(engine, tasks, options).map(async (definition, i) => {
      const { id } = tasks[i]!.request;
      try {
        definitions.set(id, await definition);
        report({ kind: 'task-defined', task: id, at: Date.now() });
      } catch (error) {
        settle(id, error);
      }
    }),
  );
  if (outcomes.size > 0 && onFailure === 'never') {
    const blockerOf = blockers(tasks, new Set(outcomes.keys()));
    for (const task of definitions.keys()) {
      const because = blockerOf(task);
      const end =
        because === undefined ? { kind: 'task-cancelled' as const } : { kind: 'task-blocked' as const, because };
      report({ ...end, task, at: Date.now() });
    }
    return tasks.map(({ request }) => ({ id: request.id }));
  }

  await using build = engine.open({ signal, report });
  const responses = solveInOrder(build, { tasks, definitions, onFailure, foresee });
  await Promise.all(
    [...responses].map(async ([id, solved]) => {
      try {
        const response = await solved.finally(() => onKeys?.(id, build.keys?.(id) ?? []));
        const { digest, size } = response;
        outcomes.set(id, { id, response });
        report({
          kind: 'task-completed',
          task: id,
          at: Date.now(),
          ...(digest && { digest }),
          ...(size !== undefined && { size }),
        });
      } catch (error) {
        settle(id, error);
      }
    }),
  );
  return tasks.map(({ request }) => outcomes.get(request.id) ?? { id: request.id });
}

/** How an image ended that was not built, of a run that nobody stopped. */
function endOf(
  error: unknown,
): Pick<TaskBlocked, 'kind' | 'because'> | Pick<TaskCancelled, 'kind'> | Pick<TaskFailed, 'kind' | 'error'> {
  const blocked = failedOf(error, 'blocked')?.failure as { readonly because: string } | undefined;
  if (blocked) return { kind: 'task-blocked', because: blocked.because };
  return failedOf(error, 'stopped') ? { kind: 'task-cancelled' } : { kind: 'task-failed', error };
}

/** Tells of an image which one that it depends on is among those that failed, or blocked by one of them. */
function blockers(tasks: readonly Task[], failed: ReadonlySet<string>): (id: string) => string | undefined {
  const byId = new Map(tasks.map((task) => [task.request.id, task]));
  const known = new Map<string, string | undefined>();
  return function blockerOf(id) {
    if (!known.has(id)) {
      known.set(id, undefined); // ends a circle
      const { dependsOn = [] } = byId.get(id) ?? {};
      known.set(
        id,
        dependsOn.find((each) => failed.has(each) || blockerOf(each) !== undefined),
      );
    }
    return known.get(id);
  };
}

/** All that waits for nothing as one graph at once; a task that depends on others as soon as those are exported. */
function solveInOrder(
  build: Build,
  {
    tasks,
    definitions,
    onFailure,
    foresee,
  }: {
    readonly tasks: readonly Task[];
    readonly definitions: ReadonlyMap<string, Defined>;
    readonly onFailure: Continue;
    readonly foresee: boolean;
  },
): ReadonlyMap<string, Promise<SolveResponse>> {
  const defined = tasks.filter(({ request }) => definitions.has(request.id));
  const ids = new Set(tasks.map(({ request }) => request.id));
  const waitsFor = ({ dependsOn = [] }: Task) => dependsOn.filter((id) => ids.has(id));
  const waiting = new Map<string, Defined[]>();
  for (const task of defined) {
    for (const id of waitsFor(task)) {
      waiting.set(id, [...(waiting.get(id) ?? []), definitions.get(task.request.id)!]);
    }
  }
  const how = { keepGoing: onFailure !== 'never', foresee, next: (id: string) => waiting.get(id) ?? [] };
  const free = defined.filter((task) => waitsFor(task).length === 0);
  const solved = build.solve(
    free.map(({ request }) => definitions.get(request.id)!),
    how,
  );
  const responses = new Map(free.map(({ request }, i) => [request.id, solved[i]!] as const));
  for (const task of defined) place(task);
  return responses;

  function place(task: Task): Promise<SolveResponse> {
    const { id } = task.request;
    const placed = responses.get(id) ?? after(task);
    placed.catch(() => undefined); // told where it is awaited
    responses.set(id, placed);
    return placed;
  }

  async function after(task: Task): Promise<SolveResponse> {
    await Promise.all(
      waitsFor(task).map(async (id) => {
        const needed = defined.find(({ request }) => request.id === id);
        try {
          if (!needed) throw new Error(`${id} could not be defined`);
          await place(needed);
        } catch (cause) {
          if (onFailure === 'always') return;
          // Cancelled with it, and not by it.
          if (failedOf(cause, 'stopped') && !failedOf(cause, 'blocked')) throw cause;
          const message = `${id}, which it depends on, was not built`;
          throw new Failed<OrchestratorFailure>({ kind: 'blocked', because: id, message }, { cause });
        }
      }),
    );
    return build.solve([definitions.get(task.request.id)!], how)[0]!;
  }
}
