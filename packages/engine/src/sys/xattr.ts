// Extended attributes of the path itself: symlinks are not followed.

import { bind, check, cString, lastErrno, SystemError, type PathArgument } from './library.ts';

const getCall = bind<[PathArgument, string, Buffer, number]>(
  'long lgetxattr(const char *path, const char *name, void *value, size_t size)',
);
const setCall = bind<[PathArgument, string, Uint8Array, number, number]>(
  'int lsetxattr(const char *path, const char *name, const void *value, size_t size, int flags)',
);
const listCall = bind<[PathArgument, Buffer, number]>('long llistxattr(const char *path, void *list, size_t size)');
const removeCall = bind<[PathArgument, string]>('int lremovexattr(const char *path, const char *name)');

// The kernel's limit of a value and of a list of names; one of each thread, so that a call needs no second one for the size.
let scratch: Buffer | undefined;
const space = () => (scratch ??= Buffer.allocUnsafeSlow(65536));

/** The value, or undefined where there is none (or the file system has no attributes). */
export function getXattr(path: PathArgument, name: string): Buffer | undefined {
  const size = getCall(cString(path), cString(name) as string, space(), 65536);
  if (size >= 0) return Buffer.from(space().subarray(0, size));
  const errno = lastErrno();
  if (errno === ENODATA || errno === EOPNOTSUPP) return undefined;
  throw new SystemError('lgetxattr', errno, { path });
}

export function setXattr(path: PathArgument, name: string, value: Uint8Array): void {
  check(setCall(cString(path), cString(name) as string, value, value.length, 0), 'lsetxattr', path);
}

/** The names, in the file system's order; none where it has no attributes. */
export function listXattrs(path: PathArgument): string[] {
  const size = listCall(cString(path), space(), 65536);
  if (size > 0)
    return space()
      .toString('utf8', 0, size - 1)
      .split('\0');
  if (size === 0) return [];
  const errno = lastErrno();
  if (errno === EOPNOTSUPP) return [];
  throw new SystemError('llistxattr', errno, { path });
}

/** Removes an attribute. One that is not there is no failure. */
export function removeXattr(path: PathArgument, name: string): void {
  if (removeCall(cString(path), cString(name) as string) === 0) return;
  const errno = lastErrno();
  if (errno !== ENODATA) throw new SystemError('lremovexattr', errno, { path });
}

const ENODATA = 61;
const EOPNOTSUPP = 95;
