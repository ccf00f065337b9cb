import type { Defined, ImageKeys } from '../engine.ts';
import type { Digest } from '../oci/digest.ts';
import type { Work } from '../progress/work.ts';
import { failedOf } from '../std/failed.ts';
import type { Source } from '../source/source.ts';
import type { Outlook } from '../solver/vertex.ts';
import { requestKeys } from './keys.ts';
import { openGraph, type OpenGraph } from './open-graph.ts';
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
  await using open = openToLook(defined, first, parts, work);
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

/**
 * What building the requests would key their steps by, each request's images in order: as far as folders and what is on
 * this machine tell. Nothing is run, fetched or kept. `use` is given them while they can be asked.
 */
export async function withKeys<T>(
  defined: readonly Defined[],
  { parts, work }: { readonly parts: Parts; readonly work: Work },
  use: (keys: readonly (readonly ImageKeys[])[]) => Promise<T>,
): Promise<T> {
  const [first] = defined;
  if (!first) return use([]);
  await using open = openToLook(defined, first, parts, work);
  await Promise.all(
    open.graph.vertices.map(async (vertex) => {
      try {
        await open.solver.look(vertex);
      } catch (error) {
        if (work.signal.aborted || !failedOf(error, 'vertex')) throw error;
      }
    }),
  );
  let part = 0;
  return use(
    defined.map((each) => {
      const keys = requestKeys({ defined: each, open, first: part });
      part += each.images.length;
      return keys;
    }),
  );
}

/** The requests' graph with sources that ask nobody elsewhere. */
function openToLook(defined: readonly Defined[], first: Defined, parts: Parts, { signal }: Work): OpenGraph {
  const wanted = defined.flatMap(({ images, request, lenders }) =>
    images.map(({ definition }) => ({ definition, client: request, lenders })),
  );
  const job = { signal, report: () => undefined, session: first.request.session };
  return openGraph(wanted, { ...parts, source: (scheme) => sourceHere(scheme, parts) }, job);
}

/** A source that asks nobody elsewhere. */
async function sourceHere(scheme: string, { source: sourceFor }: Parts): Promise<Source | undefined> {
  if (['http', 'https', 'git'].includes(scheme)) return undefined;
  const source = await sourceFor(scheme);
  return source && { schemes: source.schemes, pin: (request, job) => source.pin({ ...request, here: true }, job) };
}
