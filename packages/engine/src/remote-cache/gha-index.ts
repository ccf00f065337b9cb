// The index of a branch's cache: what entry of GitHub's it is.

import { digestOf } from '../oci/digest.ts';
import { wait } from '../registry/retry.ts';
import { Failed } from '../std/failed.ts';
import type { RemoteCacheFailure } from './failure.ts';
import type { GhaEntries } from './gha-service.ts';

/** What the keys of a branch's indexes begin with; a number follows. */
export function indexKey(scope: string, branch: string): string {
  return `index-${scope}-1-${digestOf(branch).slice('sha256:'.length).slice(0, 8)}#`;
}

/**
 * Indexes are numbered; the newest counts. A number that somebody has taken is waited for, since theirs may be the one to
 * follow; it is passed over once they must have given up.
 */
export async function writeIndex(
  bytes: Uint8Array,
  key: string,
  {
    entries,
    signal,
    pause = 2_000,
  }: { readonly entries: GhaEntries; readonly signal: AbortSignal; readonly pause?: number },
): Promise<void> {
  let waited = 0;
  for (let passed = 0; ;) {
    const newest = await entries.find(key, { signal });
    const number = Number(newest?.key.slice(key.length) ?? 0);
    if (!Number.isSafeInteger(number)) throw malformed(`the newest index of GitHub Actions has the key ${newest?.key}`);
    const upload = await entries.reserve(`${key}${number + 1 + passed}`, { signal });
    if (upload) return upload.send(once(bytes), { size: bytes.length, signal });
    if (waited === looks) passed++;
    else {
      await wait(pause, signal);
      waited++;
    }
  }
}

/** So often a number that is taken is looked at again, with a pause (milliseconds) before each. */
const looks = 8;

function malformed(message: string): Failed<RemoteCacheFailure> {
  return new Failed<RemoteCacheFailure>({ kind: 'cache-malformed', message });
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}
