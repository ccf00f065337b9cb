import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

let known: boolean | undefined;

/**
 * Whether this process lives in a chroot. The root of the mount namespace is another one there, also in containers made
 * here: a process that joins a container would find itself outside of it. The kernel tells by refusing user namespaces.
 */
export function inChroot(): boolean {
  return (known ??=
    process.getuid?.() === 0 &&
    Number(readFileSync('/proc/sys/user/max_user_namespaces', 'utf8')) > 0 &&
    spawnSync('unshare', ['--user', '--map-root-user', 'true']).status === 1);
}
