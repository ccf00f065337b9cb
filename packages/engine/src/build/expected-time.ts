import type { GraphVertex } from '../llb/graph.ts';
import { tryOut } from '../scheduler/trial.ts';
import { expectedDuration } from './expected.ts';
import type { Outlook } from '../solver/vertex.ts';
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
  /** Bytes of the files in the layers that it makes, where it did so before. */
  readonly made?: number;
}

/** A vertex that runs, or may. */
export interface ExpectedWork {
  readonly vertex: GraphVertex;
  readonly outlook: Outlook;
}

/** Tries out the schedule of these vertices, which all run; inputs come before what reads them. */
export async function expectedTime(
  work: readonly ExpectedWork[],
  open: Pick<OpenGraph, 'admission'>,
): Promise<ExpectedTime> {
  const vertices = work.map(({ vertex }) => vertex);
  const places = new Map(vertices.map((vertex, i) => [vertex, i]));
  const expected = work.map((each) => expectedStep(each, open));
  const times = await tryOut(
    vertices.map((vertex, i) => ({
      inputs: [...new Set(vertex.inputs.flatMap((input) => places.get(input.vertex) ?? []))],
      duration: expected[i]!.duration,
      admit: (scheduler) => open.admission.tryPlace(vertex, scheduler),
    })),
    open.admission.scheduler,
  );
  return {
    wall: times.reduce((end, { endsAt }) => Math.max(end, endsAt), 0),
    steps: vertices.length,
    withoutHistory: expected.filter(({ seen }) => !seen).length,
  };
}

/** An open step that was never seen to run most likely never does: another one gives its result. */
export function expectedStep(
  { vertex, outlook }: ExpectedWork,
  { admission }: Pick<OpenGraph, 'admission'>,
): ExpectedStep {
  const known = admission.known(vertex);
  if (outlook === 'open' && known?.duration === undefined) return { duration: 0, seen: false };
  return {
    duration: expectedDuration(vertex, known),
    seen: known?.duration !== undefined,
    ...(known?.made !== undefined && { made: known.made }),
  };
}
