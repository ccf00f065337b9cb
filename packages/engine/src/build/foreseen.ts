import type { GraphVertex } from '../llb/graph.ts';
import type { GraphForeseen } from '../progress/event.ts';
import type { Work } from '../progress/work.ts';
import type { Foreseen } from '../solver/foresight.ts';
import { twinsOf } from './twins.ts';
import type { OpenGraph } from './open-graph.ts';

/** A build waits for so long to be told before it begins, in milliseconds. What is asked meanwhile it has to ask anyway. */
const patience = 200;

type Graph = Pick<OpenGraph, 'graph' | 'solver'>;

/**
 * Tells what solving a graph will do (`graph-foreseen`), by the keys that the solver itself asks for. Gives up silently:
 * after a while, because it is no use then, and for failures, which the build tells.
 */
export async function tellForeseen(open: Graph, work: Work): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), patience);
  try {
    const told = await Promise.race([foreseen(open), late]);
    if (told && told.vertices.length > 0) work.report({ kind: 'graph-foreseen', at: Date.now(), ...told });
  } catch {
    // Who asks for the same next tells what is wrong.
  } finally {
    clearTimeout(timer);
  }
}

async function foreseen({ graph, solver }: Graph): Promise<Pick<GraphForeseen, 'vertices' | 'pulls'>> {
  const vertices = new Map<GraphVertex, Foreseen>();
  const seen = new Set<GraphVertex>();
  const visit = async (vertex: GraphVertex): Promise<void> => {
    if (seen.has(vertex)) return;
    seen.add(vertex);
    const foreseen = await solver.foresee({ vertex, index: 0 });
    if (foreseen.outlook === 'hit' || foreseen.outlook === 'look') return;
    vertices.set(vertex, foreseen);
    await Promise.all(vertex.inputs.map((input) => visit(input.vertex)));
  };
  await Promise.all(graph.roots.map((root) => root && visit(root.vertex)));
  const images = [...seen].filter(
    ({ op }) => op.kind === 'source' && /^(docker-image|oci-layout):/.test(op.identifier),
  );
  const pulls = await Promise.all(
    images.map(async (vertex) => {
      const downloads = await solver.downloads({ vertex, index: 0 });
      return { vertex: vertex.digest, bytes: downloads.reduce((sum, { bytes }) => sum + bytes, 0) };
    }),
  );
  const twins = twinsOf(graph.vertices, (vertex) => vertices.get(vertex));
  return {
    vertices: graph.vertices.flatMap((vertex) => {
      const outlook = twins.has(vertex) ? undefined : vertices.get(vertex)?.outlook;
      return outlook === 'run' || outlook === 'open' ? [{ vertex: vertex.digest, outlook }] : [];
    }),
    pulls: pulls.filter(({ bytes }) => bytes > 0),
  };
}
