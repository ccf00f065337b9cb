import type { ImmutableRef } from '../cache/ref.ts';
import type { StepPolicy } from '../engine.ts';
import type { Definition } from '../llb/definition.ts';
import { mergeDefinitions, type Graph, type GraphVertex } from '../llb/graph.ts';
import type { Digest } from '../oci/digest.ts';
import { operatorOf } from '../ops/ops.ts';
import type { Job } from '../session/job.ts';
import type { Session } from '../session/session.ts';
import { Solver } from '../solver/solver.ts';
import { Admission, type Owner } from './admission.ts';
import { checkEntitlements } from './entitlements.ts';
import { FailedSteps } from './failed-steps.ts';
import { CanonicalFolders } from './folders.ts';
import type { Parts } from './parts.ts';
import type { Stopwatch } from './stopwatch.ts';

/** Definitions as one graph, and the solver that runs it. */
export interface OpenGraph extends AsyncDisposable {
  readonly graph: Graph;
  readonly solver: Solver<ImmutableRef, Job>;
  readonly admission: Admission;
}

/** Who wants something: what it lends, and what it may do. A `SolveRequest` is one. */
export interface Client {
  readonly session: Session;
  readonly entitlements: readonly string[];
  /** Names it where it is a request. */
  readonly id?: string;
  /** How its steps are run. */
  readonly steps?: StepPolicy;
}

/** A definition with the client that wants it, and those that lend to some of its ops. */
export interface WantedDefinition {
  readonly definition: Definition;
  readonly client: Client;
  readonly lenders?: ReadonlyMap<Digest, Client> | undefined;
  /** Takes the time of the client's steps. */
  readonly stopwatch?: Stopwatch | undefined;
  /** How long it takes to build what waits for the client, in ms; nothing does when left out. */
  readonly behind?: () => number;
}

/** Merges definitions and opens a solver for them. What is among `failed` does not run. */
export function openGraph(
  wanted: readonly WantedDefinition[],
  parts: Parts,
  job: Job,
  failed = new FailedSteps(),
): OpenGraph {
  const folders = new CanonicalFolders();
  const graph = mergeDefinitions(
    wanted.map((each) => ({
      definition: each.definition,
      folder: (name, digest) => folders.nameOf(clientOf(each, digest).session, name),
      sourceFolder: (digest) => clientOf(each, digest).session.folder('dockerfile')?.root,
    })),
  );
  const owners = wanted.map((each): Owner => ({
    id: each.client.id ?? '',
    policies: (written) => {
      const [own, lender] = [each.client, clientOf(each, written)];
      return [own.steps, lender === own ? undefined : lender.steps].filter((policy) => policy !== undefined);
    },
    stopwatch: each.stopwatch,
    behind: () => each.behind?.() ?? 0,
  }));
  const admission = new Admission(graph, owners, parts, job);
  const solver = new Solver<ImmutableRef, Job>(job, {
    store: parts.store,
    admit: (vertex) => admission.admit(vertex as GraphVertex),
    operator: (vertex) => {
      const graphVertex = vertex as GraphVertex;
      // A shared vertex runs with what the first client that wants it lends.
      const client = clientOf(wanted[graphVertex.owners[0]!]!, graphVertex.written);
      const { op } = graphVertex;
      const local = op.kind === 'source' && op.identifier.startsWith('local://');
      const world = {
        ...parts,
        retries: admission.most(graphVertex, 'retries'),
        wantedBy: [...new Set(graphVertex.owners.flatMap((owner) => wanted[owner]!.client.id ?? []))],
        solveTree: (definition: Definition, inner: Job) => solveTree({ definition, client }, parts, inner),
      };
      const operator = operatorOf(graphVertex, world, local ? folders.seenBy(client.session) : client.session);
      return failed.guard(graphVertex.digest, operator);
    },
  });
  return { graph, solver, admission, [Symbol.asyncDispose]: () => solver[Symbol.asyncDispose]() };
}

/** Brings about the tree of one definition by itself, which may do what its clients may; the caller disposes it. */
export async function solveTree(wanted: WantedDefinition, parts: Parts, job: Job): Promise<ImmutableRef> {
  await using open = openGraph([wanted], parts, job);
  for (const vertex of open.graph.vertices) {
    await checkEntitlements(vertex, clientOf(wanted, vertex.written).entitlements, parts);
  }
  const [root] = open.graph.roots;
  if (!root) return parts.cache.scratch.clone();
  const tree = await open.solver.solve(root);
  await open.solver.settle();
  return tree;
}

function clientOf({ client, lenders }: WantedDefinition, digest: Digest): Client {
  return lenders?.get(digest) ?? client;
}
