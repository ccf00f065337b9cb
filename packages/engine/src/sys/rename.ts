import { bind, cString, lastErrno, SystemError, type PathArgument } from './library.ts';

const renameCall = bind<[number, PathArgument, number, PathArgument, number]>(
  'int renameat2(int fromFolder, const char *from, int toFolder, const char *to, unsigned int flags)',
);

const AT_FDCWD = -100;
const RENAME_NOREPLACE = 1;

/** Renames unless something has the name already; says whether it did. */
export function renameNew(from: PathArgument, to: PathArgument): boolean {
  if (renameCall(AT_FDCWD, cString(from), AT_FDCWD, cString(to), RENAME_NOREPLACE) === 0) return true;
  const errno = lastErrno();
  if (errno === EEXIST) return false;
  throw new SystemError('renameat2', errno, { path: from, dest: to });
}

const EEXIST = 17;
