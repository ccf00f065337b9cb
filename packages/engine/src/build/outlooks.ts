import type { Defined } from '../engine.ts';
import type { Digest } from '../oci/digest.ts';
import type { Work } from '../progress/work.ts';
import { failedOf } from '../std/failed.ts';
import type { Source } from '../source/source.ts';
import type { Outlook } from '../solver/vertex.ts';
import { openGraph } from './open-graph.ts';
import type { Parts } from './parts.ts';

/**
 * What a build would do with each vertex of the merged graph. Folders are looked at; nothing is run, fetched or kept. A
 * source that can't be reached has to be fetched: `run`.
 */
export async function outlooksOf(
  defined: readonly Defined[],
  parts: Parts,
  work: Work,
): Promise<ReadonlyMap<Digest, Outlook>> {
  const [first] = defined;
  if (!first) return new Map();
  const wanted = defined.flatMap(({ images, request, lenders }) =>
    images.map(({ definition }) => ({ definition, client: request, lenders })),
  );
  const job = { signal: work.signal, report: () => undefined, session: first.request.session };
  await using open = openGraph(wanted, { ...parts, source: (scheme) => sourceHere(scheme, parts) }, job);
  const outlooks = open.graph.vertices.map(async (vertex): Promise<[Digest, Outlook]> => {
    try {
      return [vertex.digest, await open.solver.outlook({ vertex, index: 0 })];
    } catch (error) {
      if (work.signal.aborted || !failedOf(error, 'vertex')) throw error;
      return [vertex.digest, 'run'];
    }
  });
  return new Map(await Promise.all(outlooks));
}

/** A source that asks nobody elsewhere. */
async function sourceHere(scheme: string, { source: sourceFor }: Parts): Promise<Source | undefined> {
  if (['http', 'https', 'git'].includes(scheme)) return undefined;
  const source = await sourceFor(scheme);
  return source && { schemes: source.schemes, pin: (request, job) => source.pin({ ...request, here: true }, job) };
}
