import type { Facts } from './facts.ts';

const prefix = 'org.opencontainers.image.';

/** What OCI calls the facts, for labels and annotations alike. `created` is the commit's time: the same each time. */
export function ociLabels(facts: Facts, version: string | undefined): Readonly<Record<string, string>> {
  const { commit, commitDate, url, title, description, license } = facts;
  const labels = {
    title,
    description,
    url,
    source: url,
    version,
    created: commitDate > 0 ? new Date(commitDate).toISOString() : undefined,
    revision: commit,
    licenses: license,
  };
  return Object.fromEntries(
    Object.entries(labels).flatMap(([name, value]) => (value ? [[`${prefix}${name}`, value]] : [])),
  );
}
