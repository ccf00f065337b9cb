import type { ImmutableRef } from '../cache/ref.ts';
import type { Definition } from '../llb/definition.ts';
import { mergeDefinitions, type Graph, type GraphVertex } from '../llb/graph.ts';
import { operatorOf } from '../ops/ops.ts';
import type { Digest } from '../oci/digest.ts';
import type { Job } from '../session/job.ts';
import type { Session } from '../session/session.ts';
import { Solver } from '../solver/solver.ts';
import { CanonicalFolders } from './folders.ts';
import type { Parts } from './parts.ts';

/** Definitions as one graph, and the solver that runs it. */
export interface OpenGraph extends AsyncDisposable {
  readonly graph: Graph;
  readonly solver: Solver<ImmutableRef, Job>;
}

/** A definition with the session of the client that wants it, and those that lend to some of its ops. */
export interface WantedDefinition {
  readonly definition: Definition;
  readonly session: Session;
  readonly lenders?: ReadonlyMap<Digest, { readonly session: Session }> | undefined;
}

/** Merges definitions and opens a solver for them. */
export function openGraph(wanted: readonly WantedDefinition[], parts: Parts, job: Job): OpenGraph {
  const folders = new CanonicalFolders();
  const graph = mergeDefinitions(
    wanted.map((each) => ({
      definition: each.definition,
      folder: (name, digest) => folders.nameOf(lenderOf(each, digest), name),
      sourceFolder: (digest) => lenderOf(each, digest).folder('dockerfile')?.root,
    })),
  );
  const solver = new Solver<ImmutableRef, Job>(job, {
    store: parts.store,
    operator: (vertex) => {
      const graphVertex = vertex as GraphVertex;
      // A shared vertex runs with what the first client that wants it lends.
      const session = lenderOf(wanted[graphVertex.owners[0]!]!, graphVertex.written);
      const { op } = graphVertex;
      const local = op.kind === 'source' && op.identifier.startsWith('local://');
      return operatorOf(graphVertex, parts, local ? folders.seenBy(session) : session);
    },
    ...(parts.concurrency && { concurrency: parts.concurrency }),
  });
  return { graph, solver, [Symbol.asyncDispose]: () => solver[Symbol.asyncDispose]() };
}

function lenderOf({ session, lenders }: WantedDefinition, digest: Digest): Session {
  return lenders?.get(digest)?.session ?? session;
}
