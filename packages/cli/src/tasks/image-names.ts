import type { SolveRequest } from '@monokit/engine';

/** The first name that each image is exported under, of those that have one. */
export function namesOf(requests: readonly SolveRequest[]): ReadonlyMap<string, string> {
  return new Map(
    requests.flatMap(({ id, exports }) => {
      const name = exports.map(({ attrs }) => attrs['name']?.split(',')[0]).find(Boolean);
      return name === undefined ? [] : [[id, name] as const];
    }),
  );
}
