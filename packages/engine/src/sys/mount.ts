import { bind, check, cString, lastErrno, SystemError } from './library.ts';

/** Flags of mount(2). */
export const mountFlags = {
  readonly: 0x1,
  nosuid: 0x2,
  nodev: 0x4,
  noexec: 0x8,
  remount: 0x20,
  noatime: 0x400,
  bind: 0x1000,
  move: 0x2000,
  recursive: 0x4000,
  private: 0x40000,
  slave: 0x80000,
  shared: 0x100000,
  relatime: 0x200000,
} as const;

/** Flags of umount2(2). */
export const unmountFlags = { force: 0x1, detach: 0x2, expire: 0x4, nofollow: 0x8 } as const;

const mountCall = bind<[string | null, string, string | null, number, string | null]>(
  'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)',
);
const unmountCall = bind<[string, number]>('int umount2(const char *target, int flags)');

/**
 * mount(2). `data` is the file system's own options, comma separated; the kernel takes at most a page of them (4095
 * bytes), and longer ones are refused here because it would cut them.
 */
export function mount(
  source: string | undefined,
  target: string,
  { type, flags = 0, data }: { readonly type?: string; readonly flags?: number; readonly data?: string } = {},
): void {
  for (const text of [source, target, type, data]) if (text !== undefined) cString(text);
  if (data !== undefined && Buffer.byteLength(data) > maxMountData) {
    throw new SystemError('mount', E2BIG, { path: source ?? type ?? '', dest: target });
  }
  const result = mountCall(source ?? null, target, type ?? null, flags, data ?? null);
  check(result, 'mount', source ?? type ?? '', target);
}

/** Bytes of options that mount(2) takes. */
export const maxMountData = 4095;
const E2BIG = 7;

/** umount2(2), by default of the path itself where it is a symlink. */
export function unmount(target: string, flags: number = unmountFlags.nofollow): void {
  cString(target);
  check(unmountCall(target, flags), 'umount2', target);
}

/** `unmount`, but what is no mount (any more) is no failure. Says whether there was one. */
export function unmountIfMounted(target: string, flags: number = unmountFlags.nofollow): boolean {
  cString(target);
  if (unmountCall(target, flags) === 0) return true;
  const errno = lastErrno();
  if (errno === EINVAL || errno === ENOENT) return false;
  throw new SystemError('umount2', errno, { path: target });
}

const EINVAL = 22;
const ENOENT = 2;
