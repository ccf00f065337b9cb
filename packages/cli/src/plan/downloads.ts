import type { Download } from '@monokit/engine';

/** Bytes that each step fetches; what several need counts for the first. Steps that fetch nothing are left out. */
export function downloadsOf(
  steps: readonly (readonly [digest: string, downloads: readonly Download[]])[],
): ReadonlyMap<string, number> {
  const seen = new Set<string>();
  const bytes = new Map<string, number>();
  for (const [digest, downloads] of steps) {
    let sum = 0;
    for (const download of downloads) {
      if (!seen.has(download.id)) sum += download.bytes;
      seen.add(download.id);
    }
    if (sum > 0) bytes.set(digest, sum);
  }
  return bytes;
}
