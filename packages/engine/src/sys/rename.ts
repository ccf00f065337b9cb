import { bind, check, cString, lastErrno, SystemError, type PathArgument } from './library.ts';

const renameCall = bind<[number, PathArgument, number, PathArgument, number]>(
  'int renameat2(int fromFolder, const char *from, int toFolder, const char *to, unsigned int flags)',
);
const syncfsCall = bind<[number]>('int syncfs(int fd)');

const AT_FDCWD = -100;
const RENAME_NOREPLACE = 1;
const RENAME_EXCHANGE = 2;

/** Renames unless something has the name already; says whether it did. */
export function renameNew(from: PathArgument, to: PathArgument): boolean {
  if (renameCall(AT_FDCWD, cString(from), AT_FDCWD, cString(to), RENAME_NOREPLACE) === 0) return true;
  const errno = lastErrno();
  if (errno === EEXIST) return false;
  throw new SystemError('renameat2', errno, { path: from, dest: to });
}

/** Swaps two paths at once. */
export function exchange(a: PathArgument, b: PathArgument): void {
  check(renameCall(AT_FDCWD, cString(a), AT_FDCWD, cString(b), RENAME_EXCHANGE), 'renameat2', a, b);
}

/** Writes everything of the file system that holds the open file `fd` to the disk. */
export function syncFileSystem(fd: number): void {
  check(syncfsCall(fd), 'syncfs');
}

const EEXIST = 17;
