// One target over another, as files are merged and as targets inherit.

import type { Attributes, AttributeName, BakeTarget, TargetAttributes } from './definition.ts';

/** Attributes whose values add up, and how; all others take the place of what is below. */
const merging: { readonly [N in AttributeName]?: (below: never, above: never) => unknown } = {
  inherits: appended,
  annotations: appended,
  'no-cache-filter': appended,
  ulimits: appended,
  entitlements: appended,
  policy: appended,
  attest: (below: readonly Attributes[], above: readonly Attributes[]) =>
    lastOf([...below, ...above], ({ type }) => type),
  secret: (below: readonly { id?: string }[], above: readonly { id?: string }[]) =>
    lastOf([...below, ...above], ({ id }) => id),
  ssh: (below: readonly { id: string }[], above: readonly { id: string }[]) =>
    lastOf([...below, ...above], ({ id }) => id),
  'cache-from': (below: readonly Attributes[], above: readonly Attributes[]) => distinct([...below, ...above]),
  args: withoutNulls,
  labels: withoutNulls,
  'extra-hosts': withoutNulls,
  contexts: (below: object, above: object) => ({ ...below, ...above }),
  resources: (below: object, above: object) => ({ ...below, ...above }),
};

/** A target with what another one says over it; it keeps its name. */
export function mergedTarget(below: BakeTarget, above: BakeTarget): BakeTarget {
  const attributes: Record<string, unknown> = { ...below.attributes };
  for (const [name, value] of Object.entries(above.attributes)) {
    const merge = merging[name as AttributeName] as ((below: unknown, above: unknown) => unknown) | undefined;
    const before = attributes[name];
    attributes[name] = merge && before !== undefined ? merge(before, value) : value;
  }
  return {
    name: below.name,
    attributes: attributes as TargetAttributes,
    places: { ...below.places, ...above.places },
    folder: above.folder,
    ...(above.service && { service: above.service }),
  };
}

/** Entries without repeats. */
export function distinct<T>(entries: readonly T[]): readonly T[] {
  const seen = new Set<string>();
  return entries.filter((entry) => {
    const key = JSON.stringify(Object.entries(entry as object).sort());
    return !seen.has(key) && seen.add(key);
  });
}

/** Entries of which only the last one of a key is kept, where the first one stood. */
export function lastOf<T>(entries: readonly T[], key: (entry: T) => string | undefined): readonly T[] {
  return [...new Map(entries.map((entry) => [key(entry), entry])).values()];
}

function appended(below: readonly unknown[], above: readonly unknown[]): readonly unknown[] {
  return [...below, ...above];
}

/** A null says nothing: it leaves what is below. */
function withoutNulls(below: object, above: object): object {
  return { ...below, ...Object.fromEntries(Object.entries(above).filter(([, value]) => value !== null)) };
}
