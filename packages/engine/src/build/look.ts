import type { Defined } from '../engine.ts';
import type { Work } from '../progress/work.ts';
import type { Source } from '../source/source.ts';
import { openGraph, type OpenGraph } from './open-graph.ts';
import type { Parts } from './parts.ts';

/** How far somebody looks who builds nothing: at this machine, or also at registries, servers and caches elsewhere. */
export type Reach = 'here' | 'asking';

/** The requests' graph to be looked at: its sources go no further than that. There has to be a request. */
export function openToLook(
  defined: readonly Defined[],
  { reach, ...parts }: Parts & { readonly reach: Reach },
  { signal }: Work,
): OpenGraph {
  const wanted = defined.flatMap(({ images, request, lenders }) =>
    images.map(({ definition }) => ({ definition, client: request, lenders })),
  );
  const job = { signal, report: () => undefined, session: defined[0]!.request.session };
  return openGraph(wanted, { ...parts, source: (scheme) => reaching(scheme, reach, parts) }, job);
}

async function reaching(scheme: string, reach: Reach, { source: sourceFor }: Parts): Promise<Source | undefined> {
  if (reach === 'here' && ['http', 'https', 'git'].includes(scheme)) return undefined;
  const source = await sourceFor(scheme);
  return source && { schemes: source.schemes, pin: (request, job) => source.pin({ ...request, reach }, job) };
}
