import type { ImmutableRef } from '../cache/ref.ts';
import { sourceKey } from '../llb/cache-key.ts';
import type { GraphVertex } from '../llb/graph.ts';
import type { SourceOp } from '../llb/source.ts';
import type { Digest } from '../oci/digest.ts';
import type { Job } from '../session/job.ts';
import type { Session } from '../session/session.ts';
import type { Operator } from '../solver/vertex.ts';
import type { Pinned } from '../source/source.ts';
import { Failed } from '../std/failed.ts';
import type { OpsFailure } from './failure.ts';
import type { Surroundings } from './surroundings.ts';

/** Pins a source once, gives BuildKit's keys of what was found, and brings its tree about when somebody needs it. */
export function sourceOperator(
  op: SourceOp,
  vertex: GraphVertex,
  world: Surroundings,
  session: Session,
): Operator<ImmutableRef, Job> {
  let pinned: Promise<Pinned> | undefined;
  const pin = ({ signal, report }: Job) => pinSource(op, vertex.digest, world, { signal, report, session });
  return {
    looks: op.identifier.startsWith('local://'),
    async cacheMaps(job) {
      const { keys, pin: settled } = await (pinned ??= pin(job));
      return keys.map(({ key, session: own }) => ({
        digest: sourceKey(key),
        deps: [],
        pin: settled,
        ...(own && { session: own }),
      }));
    },
    async downloads(job) {
      return (await (await (pinned ??= pin(job))).downloads?.({ ...job, session })) ?? [];
    },
    async run(_inputs, job) {
      const { signal, report } = job;
      return [await (await (pinned ??= pin(job))).tree({ signal, report, session })];
    },
  };
}

/** Settles what a source op names right now. */
export async function pinSource(
  op: SourceOp,
  vertex: Digest,
  { source: sourceFor }: Pick<Surroundings, 'source'>,
  job: Job,
): Promise<Pinned> {
  const [scheme, name] = split(op.identifier);
  const source = await sourceFor(scheme);
  if (!source) {
    const message = `${op.identifier}: there is no source for ${scheme}://`;
    throw new Failed<OpsFailure>({ kind: 'op-refused', message });
  }
  const { platform } = op;
  return source.pin({ scheme, name, attrs: Object.fromEntries(op.attrs), vertex, ...(platform && { platform }) }, job);
}

function split(identifier: string): [scheme: string, name: string] {
  const at = identifier.indexOf('://');
  return [identifier.slice(0, at), identifier.slice(at + 3)];
}
