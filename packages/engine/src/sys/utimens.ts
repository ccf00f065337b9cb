import { bind, check, cString, type PathArgument } from './library.ts';

const utimensCall = bind<[number, PathArgument, BigInt64Array, number]>(
  'int utimensat(int folder, const char *path, const void *times, int flags)',
);

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const UTIME_OMIT = 0x3ffffffen;

const times = new BigInt64Array(4);

/** Sets the times of the path itself, in nanoseconds since the epoch (Node's own calls lose digits). What is left out stays. */
export function setTimes(
  path: PathArgument,
  { atime, mtime }: { readonly atime?: bigint; readonly mtime?: bigint },
): void {
  put(0, atime);
  put(2, mtime);
  check(utimensCall(AT_FDCWD, cString(path), times, AT_SYMLINK_NOFOLLOW), 'utimensat', path);
}

function put(at: number, time: bigint | undefined): void {
  if (time === undefined) {
    times[at] = 0n;
    times[at + 1] = UTIME_OMIT;
    return;
  }
  const nanoseconds = ((time % second) + second) % second;
  times[at] = (time - nanoseconds) / second;
  times[at + 1] = nanoseconds;
}

const second = 1_000_000_000n;
