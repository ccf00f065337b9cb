// What a failed RUN leaves: its trees as they were when it failed, and all that it takes to enter them again, in any later
// process. A record of the cache like others: pruned as they are, and bounded here. Secrets and agents are told by their
// ids alone, and proxies not at all, because their addresses may hold passwords.

import type { Cache } from '../cache/api.ts';
import type { ImmutableRef, RefId } from '../cache/ref.ts';
import type { ExecOp } from '../llb/exec.ts';
import type { GraphVertex } from '../llb/graph.ts';
import type { LinuxResources } from '../llb/metadata.ts';
import { marshalOp, unmarshalOp } from '../llb/op.ts';
import type { Digest } from '../oci/digest.ts';
import type { SourcePlace } from '../progress/event.ts';
import type { Job } from '../session/job.ts';
import type { HeldMounts } from './mounts.ts';

/** A step that failed, with what it left. */
export interface FailedStep {
  /** Names its root filesystem as the step left it. */
  readonly id: RefId;
  readonly vertex: Digest;
  readonly name: string;
  /** Ids of the requests that wanted it. */
  readonly images: readonly string[];
  readonly source?: SourcePlace;
  /** When it failed, in milliseconds since the epoch. */
  readonly failedAt: number;
  /** How, in the words of the build. */
  readonly message: string;
  /** As it ran, without proxies. */
  readonly op: ExecOp;
  readonly resources?: LinuxResources;
  /** The trees that it was given, as the op counts its inputs. */
  readonly inputs: readonly RefId[];
  /** The trees that it could write beside its root filesystem, by the index of the mount, as it left them. */
  readonly left: ReadonlyMap<number, RefId>;
}

/** How many failed steps are kept, and how long, in milliseconds. */
const keptSteps = 10;
const keptTime = 7 * 24 * 60 * 60 * 1000;

/** As it is written down. */
interface Note {
  readonly version: 1;
  readonly step: Omit<FailedStep, 'id' | 'op' | 'left'>;
  readonly op: Uint8Array;
  readonly left: readonly (readonly [mount: number, tree: RefId])[];
}

/** Keeps what a step left, in place of what the same step left before; drops what is more, or older, than is kept. */
export async function keepFailedStep(
  op: ExecOp,
  {
    inputs,
    held,
    error,
  }: { readonly inputs: readonly ImmutableRef[]; readonly held: HeldMounts; readonly error: Error },
  {
    cache,
    job,
    vertex,
    wantedBy,
  }: {
    readonly cache: Cache;
    readonly job: Job;
    readonly vertex: GraphVertex;
    readonly wantedBy: readonly string[];
  },
): Promise<void> {
  const given = await Promise.all(inputs.map((input) => cache.lasting(input, job)));
  const left: [number, RefId][] = [];
  await using stack = new AsyncDisposableStack();
  const root = op.mounts.findIndex(({ dest }) => dest === '/');
  for (const [mount, tree] of held.written) {
    if (mount !== root) left.push([mount, stack.use(await tree.commit()).id]);
  }
  const { proxyEnv: _, ...meta } = op.meta;
  const { digest, name, source, metadata } = vertex;
  const note: Note = {
    version: 1,
    op: marshalOp({ ...op, meta }).bytes,
    left,
    step: {
      vertex: digest,
      name,
      images: wantedBy,
      ...(source && { source }),
      failedAt: Date.now(),
      message: error.message,
      ...(metadata.linuxResources && { resources: metadata.linuxResources }),
      inputs: given,
    },
  };
  const before = inputs[op.mounts[root]!.input];
  const written = held.written.get(root) ?? stack.use(await cache.create(before, { description: name, ...job }));
  const needs = [...given, ...left.map(([, tree]) => tree)];
  const description = `failed ${name}`;
  const { id } = stack.use(await written.commit({ description, recordType: 'exec.failed', needs, note }));
  await dropOthers(cache, { id, vertex: digest });
}

/** The failed steps that are kept, the latest first. */
export function failedSteps(cache: Pick<Cache, 'noted'>): readonly FailedStep[] {
  return [...cache.noted('exec.failed')]
    .flatMap(({ id, note }) => readNote(id, note as Note) ?? [])
    .sort((a, b) => b.failedAt - a.failedAt);
}

/** Undefined for what a later version wrote. */
function readNote(id: RefId, { version, step, op: bytes, left }: Note): FailedStep | undefined {
  if (version !== 1) return undefined;
  const op = unmarshalOp(bytes);
  return op.kind === 'exec' ? { ...step, id, op, left: new Map(left) } : undefined;
}

async function dropOthers(cache: Cache, { id, vertex }: Pick<FailedStep, 'id' | 'vertex'>): Promise<void> {
  const oldest = Date.now() - keptTime;
  const others = failedSteps(cache).filter((step) => step.id !== id);
  const stay = others.filter((step) => step.vertex !== vertex && step.failedAt >= oldest).slice(0, keptSteps - 1);
  for (const step of others) {
    if (stay.includes(step) || !(await cache.drop(step.id))) continue;
    for (const tree of step.left.values()) await cache.drop(tree);
  }
}
