/** Milliseconds: file systems with whole seconds (or two) show by their times; all others follow the kernel's tick. */
const coarseTick = 2000;
const fineTick = 50;

/**
 * Whether what was seen of a file at `at` (milliseconds since the epoch) stays true for as long as its times do: a change
 * in the tick of the clock in which it was looked at leaves no trace, so its last change has to be older.
 */
export function isSettled(ctime: number, at: number): boolean {
  return ctime + (ctime % 1000 === 0 ? coarseTick : fineTick) <= at;
}
