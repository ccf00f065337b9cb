import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Why this process can make no user namespace, though it is root and the kernel has them: it is in a chroot. What needs
 * one is skipped there. Anywhere else, what is lacking makes tests fail.
 */
export const noUserNamespaces: string | false =
  process.getuid?.() === 0 &&
  Number(readFileSync('/proc/sys/user/max_user_namespaces', 'utf8')) > 0 &&
  spawnSync('unshare', ['--user', '--map-root-user', 'true']).status !== 0 &&
  'in a chroot the kernel makes no user namespaces';
