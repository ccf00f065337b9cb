import { Failed, failedOf } from '../std/failed.ts';
import { ownCapabilities } from './capabilities.ts';
import type { ExecutorFailure } from './failure.ts';

/** What this process lacks of what containers and their trees take; undefined if nothing. */
export function missingPrivilege(): { readonly detail: string; readonly mend: string } | undefined {
  if (process.getuid?.() !== 0) return { detail: 'this is not root', mend: 'run it as root, e.g. with sudo' };
  if (ownCapabilities().includes('CAP_SYS_ADMIN')) return undefined;
  return {
    detail: 'root here may not administer the system (CAP_SYS_ADMIN), as in a container without privileges',
    mend: 'start the container that this runs in with --privileged',
  };
}

/** The failure for people if the system refused this because of who we are; other errors come back as they are. */
export function asUnprivileged(error: unknown): unknown {
  if (!isRefused(error)) return error;
  const missing = missingPrivilege();
  if (!missing) return error;
  const message = `${(error as Error).message}; ${missing.detail}, which containers, mounts and files of other owners take: ${missing.mend}; \`cli doctor\` tells what else is missing`;
  return new Failed<ExecutorFailure>({ kind: 'unprivileged', message }, { cause: error });
}

/** The runtime does not tell what it was refused. */
function isRefused(error: unknown): boolean {
  if (failedOf(error, 'runtime')) return true;
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && (at.code === 'EPERM' || at.code === 'EACCES')) return true;
  }
  return false;
}
