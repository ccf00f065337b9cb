// What a step is taken to need before it runs.

import type { Estimate } from '../engine.ts';
import type { GraphVertex } from '../llb/graph.ts';
import type { Op } from '../llb/op.ts';
import { usualNeeds } from '../scheduler/machine.ts';
import type { Needs } from '../scheduler/scheduler.ts';

/** How long a step takes of which nothing is known, in ms. Only their order matters, and that a process is the longest. */
const usual: Readonly<Record<Exclude<Op['kind'], 'source'>, number>> = {
  exec: 5000,
  file: 200,
  merge: 20,
  diff: 20,
  passthrough: 0,
  build: 5000,
};
const usualSource: Readonly<Record<string, number>> = {
  'docker-image': 3000,
  git: 3000,
  http: 1000,
  https: 1000,
  'oci-layout': 300,
  local: 50,
};

/** How long a step is expected to take, in ms: as it did before, else what is usual for its kind. */
export function expectedDuration({ op }: GraphVertex, known: Estimate | undefined): number {
  if (known?.duration !== undefined) return known.duration;
  if (op.kind !== 'source') return usual[op.kind];
  return usualSource[op.identifier.slice(0, op.identifier.indexOf('://'))] ?? usual.exec;
}

/**
 * What the process of a step takes: what its images declare, else the memory that it took before, else what is usual;
 * undefined where it runs none.
 */
export function expectedNeeds(
  { op, needs }: GraphVertex,
  known: Estimate | undefined,
  budget: () => Needs,
): Needs | undefined {
  if (op.kind !== 'exec') return undefined;
  const any = usualNeeds(budget());
  return {
    cpu: needs?.cpus === undefined ? any.cpu : Math.ceil(needs.cpus * 1000),
    memory: needs?.memory ?? known?.memory ?? any.memory,
  };
}
