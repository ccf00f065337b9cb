// How each op is keyed and run: the table between the solver, which knows no ops, and the rooms that do the work.

import type { ImmutableRef } from '../cache/ref.ts';
import { asUnprivileged } from '../executor/privileges.ts';
import { opKey } from '../llb/cache-key.ts';
import type { GraphVertex } from '../llb/graph.ts';
import type { Op } from '../llb/op.ts';
import { hostPlatform } from '../oci/platform.ts';
import type { Job } from '../session/job.ts';
import type { Session } from '../session/session.ts';
import type { CacheMap, Operator, RunFacts } from '../solver/vertex.ts';
import { sourceOperator } from './source.ts';
import type { Surroundings } from './surroundings.ts';

type Keyed = Exclude<Op, { kind: 'source' }>;
type Run<K extends Op['kind']> = (
  op: Extract<Op, { kind: K }>,
  inputs: readonly ImmutableRef[],
  world: Surroundings & Pick<RunFacts, 'used'> & { readonly job: Job; readonly vertex: GraphVertex },
) => Promise<readonly ImmutableRef[]>;

/** A kind that is missing here does not compile. What is heavy is loaded when it first runs. */
const runs: { readonly [K in Keyed['kind']]: Run<K> } = {
  exec: async (op, inputs, world) => {
    const { runExec } = await import('./exec.ts');
    if (!world.retries) return runExec(op, inputs, world);
    const { withRetries } = await import('./retries.ts');
    return withRetries(world.retries, world, (attempt) => runExec(op, inputs, { ...world, ...attempt }));
  },
  file: async (op, inputs, world) => (await import('./file.ts')).runFileOp(op, inputs, world),
  merge: async (op, inputs, { cache, job, vertex }) => {
    const layers = op.layers.map((index) => (index < 0 ? cache.scratch : inputs[index]!));
    return [await cache.merge(layers, { description: vertex.name, ...job })];
  },
  diff: async (op, inputs, { cache, job, vertex }) => {
    const [lower, upper] = [op.lower, op.upper].map((index) => (index < 0 ? undefined : inputs[index]!));
    return [await cache.diff(lower, upper, { description: vertex.name, ...job })];
  },
  build: async (op, inputs, world) => [await (await import('./build.ts')).runBuild(op, inputs, world)],
  passthrough: async (op, inputs) => op.outputs.map((index) => inputs[index]!.clone()),
};

/** The operator of a vertex. `session` is that of the client whose build wants it. */
export function operatorOf(vertex: GraphVertex, world: Surroundings, session: Session): Operator<ImmutableRef, Job> {
  const { op } = vertex;
  if (op.kind === 'source') return sourceOperator(op, vertex, world, session);
  return {
    cacheMaps: async () => [cacheMapOf(op, world)],
    async run(inputs, { signal, report }, { used, made }) {
      const run = runs[op.kind] as Run<Op['kind']>;
      try {
        const outputs = await run(op, inputs, { ...world, vertex, used, job: { signal, report, session } });
        if (op.kind === 'exec' || op.kind === 'file') made(madeBytes(outputs, inputs, { ...world, signal }));
        return outputs;
      } catch (error) {
        throw asUnprivileged(error);
      }
    },
  };
}

/** Bytes of the files in new layers; an output that is an input, such as what was mounted to be read, has none. */
function madeBytes(
  outputs: readonly ImmutableRef[],
  inputs: readonly ImmutableRef[],
  { cache, signal }: Pick<Surroundings, 'cache'> & Pick<Job, 'signal'>,
): number | Promise<number> {
  const news = outputs.filter(({ id }) => inputs.every((input) => input.id !== id));
  const counts = news.map((ref) => cache.layerBytes(ref, { signal }));
  const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
  return counts.every((count) => typeof count === 'number') ? sum(counts) : Promise.all(counts).then(sum);
}

function cacheMapOf(op: Keyed, { contentHash }: Surroundings): CacheMap<ImmutableRef, Job> {
  const { digest, deps } = opKey(op, { platform: hostPlatform() });
  return {
    digest,
    deps: deps.map(({ selector, content }) => ({
      ...(selector && { selector }),
      ...(content && { content: (input: ImmutableRef, job: Job) => contentHash.digest(input, content, job) }),
    })),
  };
}
