import { constants } from 'node:fs';
import { bind, check, cString, type PathArgument } from './library.ts';

const openat2Call = bind<[number, number, PathArgument, BigUint64Array, number]>(
  'long syscall(long number, int folder, const char *path, const void *how, size_t size)',
);

/** The same number on every architecture, as of all calls after Linux 5.1. */
const SYS_openat2 = 437;
const RESOLVE_NO_MAGICLINKS = 0x2n;
const RESOLVE_IN_ROOT = 0x10n;

const how = new BigUint64Array(3);

/**
 * Opens `path` as a process would whose root is the folder `root` (a descriptor): absolute symlinks and `..` stay
 * inside, whoever changes the tree meanwhile. Gives a descriptor that the caller closes.
 */
export function openInRoot(
  root: number,
  path: PathArgument,
  { flags = constants.O_RDONLY, mode = 0 }: { readonly flags?: number; readonly mode?: number } = {},
): number {
  how[0] = BigInt(flags | O_CLOEXEC);
  how[1] = BigInt(mode);
  how[2] = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  return check(openat2Call(SYS_openat2, root, cString(path), how, how.byteLength), 'openat2', path);
}

const closeCall = bind<[number]>('int close(int descriptor)');

/** Closes what `openInRoot` opened. Node's own call warns in threads, which count the descriptors that they opened. */
export function closeDescriptor(descriptor: number): void {
  check(closeCall(descriptor), 'close');
}

/** Node's constants leave these out. */
export const O_CLOEXEC = 0o2000000;
export const O_PATH = 0o10000000;
