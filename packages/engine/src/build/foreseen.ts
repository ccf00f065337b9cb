import type { GraphVertex } from '../llb/graph.ts';
import type { GraphForeseen } from '../progress/event.ts';
import type { Work } from '../progress/work.ts';
import type { Foreseen } from '../solver/foresight.ts';
import { Failed } from '../std/failed.ts';
import { expectedSteps, expectedTime } from './expected-time.ts';
import type { OpenGraph } from './open-graph.ts';
import { isWork, settled } from './settled.ts';

/** A build waits for so long to be told before it begins, in milliseconds. What is asked meanwhile it has to ask anyway. */
const patience = 1000;

type Graph = Pick<OpenGraph, 'graph' | 'solver' | 'admission'>;

/**
 * Tells what solving a graph will do (`graph-foreseen`), by the keys that the solver itself asks for. Gives up without a
 * word after a while, because it is no use then, and where something can't be asked: who builds it is told why.
 */
export async function tellForeseen(open: Graph, work: Work): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => resolve(undefined), patience);
  try {
    const told = await Promise.race([foreseen(open), late]);
    if (told && told.vertices.length > 0) work.report({ kind: 'graph-foreseen', at: Date.now(), ...told });
  } catch (error) {
    if (!(error instanceof Failed) && !work.signal.aborted) throw error;
  } finally {
    clearTimeout(timer);
  }
}

async function foreseen({ graph, solver, admission }: Graph): Promise<Omit<GraphForeseen, 'kind' | 'at'>> {
  const vertices = new Map<GraphVertex, Foreseen>();
  const seen = new Set<GraphVertex>();
  const visit = async (vertex: GraphVertex): Promise<void> => {
    if (seen.has(vertex)) return;
    seen.add(vertex);
    const foreseen = await solver.foresee({ vertex, index: 0 });
    if (!isWork(foreseen)) return;
    vertices.set(vertex, foreseen);
    await Promise.all(vertex.inputs.map((input) => visit(input.vertex)));
  };
  await Promise.all(graph.roots.map((root) => root && visit(root.vertex)));
  // Of other sources only their servers know, and a build asks those once.
  const images = [...seen].filter(
    ({ op }) => op.kind === 'source' && /^(docker-image|oci-layout):/.test(op.identifier),
  );
  const pulls = await Promise.all(
    images.map(async (vertex) => {
      const downloads = await solver.downloads({ vertex, index: 0 });
      return { vertex: vertex.digest, bytes: downloads.reduce((sum, { bytes }) => sum + bytes, 0) };
    }),
  );
  const inOrder = graph.vertices.flatMap((vertex) => {
    const foreseen = vertices.get(vertex);
    return foreseen ? [[vertex, foreseen] as const] : [];
  });
  const work = [...settled(new Map(inOrder))].flatMap(([vertex, { outlook }]) =>
    outlook === 'run' || outlook === 'open' ? [{ vertex, outlook }] : [],
  );
  return {
    vertices: work.map(({ vertex, outlook }) => ({ vertex: vertex.digest, outlook })),
    pulls: pulls.filter(({ bytes }) => bytes > 0),
    time: await expectedTime(expectedSteps(work, { admission }), { admission }),
  };
}
