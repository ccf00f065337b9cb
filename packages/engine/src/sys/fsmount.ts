// The kernel's newer mount calls: options one by one, so that their number has no limit of a page (an overlay of a
// hundred layers). Options that overlayfs takes one at a time (`lowerdir+`) need Linux 6.5.

import { closeSync, readSync } from 'node:fs';
import { bind, check, cString, lastErrno, SystemError } from './library.ts';

// One number each on every architecture, as of all calls after Linux 5.1.
const SYS_move_mount = 429;
const SYS_fsopen = 430;
const SYS_fsconfig = 431;
const SYS_fsmount = 432;

const fsopenCall = bind<[number, string, number]>('long syscall(long number, const char *type, unsigned int flags)');
const fsconfigCall = bind<[number, number, number, string | null, string | null, number]>(
  'long syscall(long number, int fd, unsigned int command, const char *key, const char *value, int aux)',
);
const fsmountCall = bind<[number, number, number, number]>(
  'long syscall(long number, int fd, unsigned int flags, unsigned int attributes)',
);
const moveMountCall = bind<[number, number, string, number, string, number]>(
  'long syscall(long number, int fromFolder, const char *from, int toFolder, const char *to, unsigned int flags)',
);

const AT_FDCWD = -100;
const CLOEXEC = 1;
const FSCONFIG_SET_FLAG = 0;
const FSCONFIG_SET_STRING = 1;
const FSCONFIG_CMD_CREATE = 6;
const MOVE_MOUNT_F_EMPTY_PATH = 4;

/** Attributes of a mount that `mountOptions` takes. */
export const mountAttributes = { readonly: 0x1, nosuid: 0x2, nodev: 0x4, noexec: 0x8, noatime: 0x10 } as const;

/**
 * Mounts a new file system of `type` at `target` with options in their order; an option without a value is a flag.
 * A `SystemError`'s message ends with what the kernel says about the option it refused.
 */
export function mountOptions(
  type: string,
  target: string,
  {
    options,
    attributes = 0,
  }: { readonly options: readonly (readonly [key: string, value?: string])[]; readonly attributes?: number },
): void {
  cString(target);
  for (const text of options.flat()) if (text !== undefined) cString(text);
  const context = check(fsopenCall(SYS_fsopen, type, CLOEXEC), 'fsopen', type);
  try {
    for (const [key, value] of options) {
      const command = value === undefined ? FSCONFIG_SET_FLAG : FSCONFIG_SET_STRING;
      configure(context, command, { key, ...(value !== undefined && { value }), target });
    }
    configure(context, FSCONFIG_CMD_CREATE, { target });
    const mount = check(fsmountCall(SYS_fsmount, context, CLOEXEC, attributes), 'fsmount', target);
    try {
      check(moveMountCall(SYS_move_mount, mount, '', AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH), 'move_mount', target);
    } finally {
      closeSync(mount);
    }
  } finally {
    closeSync(context);
  }
}

function configure(
  context: number,
  command: number,
  { key, value, target }: { readonly key?: string; readonly value?: string; readonly target: string },
): void {
  if (fsconfigCall(SYS_fsconfig, context, command, key ?? null, value ?? null, 0) !== -1) return;
  const error = new SystemError('fsconfig', lastErrno(), { path: target });
  const said = messages(context);
  if (key !== undefined) error.message += ` (${key})`;
  if (said !== '') error.message += `: ${said}`;
  throw error;
}

/** What the kernel has to say, a message a read, until there is no more. */
function messages(context: number): string {
  const bytes = Buffer.alloc(1024);
  const all: string[] = [];
  for (;;) {
    try {
      all.push(
        bytes
          .toString('utf8', 0, readSync(context, bytes))
          .trim()
          .replace(/^[ewi] /, ''),
      );
    } catch {
      return all.join('; '); // ENODATA: that was all
    }
  }
}
