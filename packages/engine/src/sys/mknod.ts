import { constants } from 'node:fs';
import { bind, check, cString, type PathArgument } from './library.ts';

const mknodCall = bind<[PathArgument, number, number | bigint]>(
  'int mknod(const char *path, uint32_t mode, uint64_t device)',
);

/** A node that is no regular file. The umask applies to `mode`, the permission bits. */
export type SpecialFile =
  | { readonly kind: 'character' | 'block'; readonly mode: number; readonly major: number; readonly minor: number }
  | { readonly kind: 'fifo' | 'socket'; readonly mode: number };

const types = {
  character: constants.S_IFCHR,
  block: constants.S_IFBLK,
  fifo: constants.S_IFIFO,
  socket: constants.S_IFSOCK,
} as const;

export function makeSpecialFile(path: PathArgument, file: SpecialFile): void {
  const device = 'major' in file ? deviceNumber(file.major, file.minor) : 0n;
  check(mknodCall(cString(path), types[file.kind] | (file.mode & 0o7777), device), 'mknod', path);
}

/** overlayfs's mark of what is gone: character device 0:0. */
export function makeWhiteout(path: PathArgument): void {
  makeSpecialFile(path, { kind: 'character', mode: 0, major: 0, minor: 0 });
}

/** Linux's 64-bit `dev_t`, as glibc's makedev(3). */
export function deviceNumber(major: number, minor: number): bigint {
  const [a, b] = [BigInt(major), BigInt(minor)];
  return ((a & 0xfffff000n) << 32n) | ((a & 0xfffn) << 8n) | ((b & 0xffffff00n) << 12n) | (b & 0xffn);
}

/** The parts of a `dev_t`, e.g. of `stats.rdev`. */
export function deviceParts(device: number | bigint): { readonly major: number; readonly minor: number } {
  const d = BigInt(device);
  return {
    major: Number(((d >> 32n) & 0xfffff000n) | ((d >> 8n) & 0xfffn)),
    minor: Number(((d >> 12n) & 0xffffff00n) | (d & 0xffn)),
  };
}
