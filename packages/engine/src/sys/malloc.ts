// Memory that was freed stays with the process: glibc keeps it for what may come.

import { native } from './library.ts';

let trim: ((padding: number) => number) | undefined;

/** Gives the kernel what was freed and can be given; 1 ms. Nothing happens where libc has no such call (musl gives by itself). */
export function giveBackFreed(): void {
  trim ??= findTrim();
  trim(0);
}

function findTrim(): (padding: number) => number {
  const { libc } = native();
  try {
    return libc.func('int malloc_trim(size_t padding)') as unknown as (padding: number) => number;
  } catch {
    return () => 0;
  }
}
