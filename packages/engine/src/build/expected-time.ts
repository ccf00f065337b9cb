import { availableParallelism } from 'node:os';
import { firstCauses } from '../llb/first-causes.ts';
import type { GraphVertex } from '../llb/graph.ts';
import { tryOut } from '../scheduler/trial.ts';
import type { Outlook } from '../solver/vertex.ts';
import { expectedDuration } from './expected.ts';
import type { OpenGraph } from './open-graph.ts';

/** How long some steps of a graph will take. */
export interface ExpectedTime {
  /** From the start of the first to the end of the last, in ms, where not all can run at a time. */
  readonly wall: number;
  readonly steps: number;
  /** How many of them nobody has seen before: for those it is what is usual for their kind. */
  readonly withoutHistory: number;
}

/** How long a step will take, in ms; `seen` says that it did so before. */
export interface ExpectedStep {
  readonly duration: number;
  readonly seen: boolean;
  /** For which part of its duration it wants a processor. */
  readonly busy: number;
  /** Bytes of the files in the layers that it makes, where it did so before. */
  readonly made?: number;
}

/** A vertex that runs, or may. */
export interface ExpectedWork {
  readonly vertex: GraphVertex;
  readonly outlook: Outlook;
}

/** How long each of these vertices takes; inputs come before what reads them. */
export function expectedSteps(
  work: readonly ExpectedWork[],
  { admission }: Pick<OpenGraph, 'admission'>,
): ReadonlyMap<GraphVertex, ExpectedStep> {
  const causes = firstCauses(
    work.map(({ vertex: { digest, inputs }, outlook }) => ({
      digest,
      inputs: inputs.map(({ vertex }) => vertex.digest),
      runs: outlook === 'run',
    })),
  );
  return new Map(
    work.map(({ vertex, outlook }): [GraphVertex, ExpectedStep] => {
      const known = admission.known(vertex, causes.get(vertex.digest));
      const seen = known?.duration !== undefined;
      // An open step most likely never runs that was never seen to, or did not the last time: another one gives its result.
      if (outlook === 'open' && (!seen || known.unmoved)) return [vertex, { duration: 0, seen, busy: 0 }];
      const { busy = 0, made } = known ?? {};
      const duration = expectedDuration(vertex, known);
      return [vertex, { duration, seen, busy, ...(made !== undefined && { made }) }];
    }),
  );
}

/** Tries out the schedule of these vertices, which all run; inputs come before what reads them. */
export async function expectedTime(
  steps: ReadonlyMap<GraphVertex, ExpectedStep>,
  { admission }: Pick<OpenGraph, 'admission'>,
): Promise<ExpectedTime> {
  const places = new Map([...steps.keys()].map((vertex, i) => [vertex, i]));
  const times = await tryOut(
    [...steps].map(([vertex, { duration, busy }]) => ({
      inputs: [...new Set(vertex.inputs.flatMap((input) => places.get(input.vertex) ?? []))],
      duration,
      busy,
      admit: (scheduler) => admission.tryPlace(vertex, scheduler),
    })),
    admission.scheduler,
    { cpus: availableParallelism() },
  );
  return {
    wall: Math.round(times.reduce((end, { endsAt }) => Math.max(end, endsAt), 0)),
    steps: steps.size,
    withoutHistory: [...steps.values()].filter(({ seen }) => !seen).length,
  };
}
