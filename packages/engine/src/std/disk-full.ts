import { statfsSync } from 'node:fs';
import { Failed, failedOf, type FailureKind } from './failed.ts';

/** A disk (or a quota) took no more. What was there before is whole. */
export type DiskFull = FailureKind & { readonly kind: 'disk-full'; readonly path: string };

/** The failure for people if this error says that there is no space left; other errors come back as they are. */
export function asDiskFull(error: unknown, path: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOSPC' || code === 'EDQUOT' ? diskFull(path, error) : error;
}

export function diskFull(path: string, cause?: unknown): Failed<DiskFull> {
  const message = `no space left on the disk that holds ${path}; make room on it; \`cli prune\` does where that is the cache's disk`;
  return new Failed<DiskFull>({ kind: 'disk-full', path, message }, { cause });
}

/** Whether the disk that holds `path` has next to no room left; for programs' failures, which don't tell us their errno. */
export function isDiskFull(path: string): boolean {
  const { bavail, bsize, files, ffree } = statfsSync(path);
  return bavail * bsize < 1 << 20 || (files > 0 && ffree === 0);
}

/** Waits for something to be kept that can always be found out again: where the disk is full, it is not kept. */
export async function keepIfRoom(writing: Promise<unknown>): Promise<void> {
  try {
    await writing;
  } catch (error) {
    if (!failedOf(error, 'disk-full')) throw error;
  }
}
