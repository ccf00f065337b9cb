/** What the exit codes mean: said on the last line where it is not 0, and in the help. */
export const exitCodes: Readonly<Record<number, string>> = {
  0: 'done',
  1: 'an image could not be built',
  2: 'a mistake in what was typed or in the config',
  5: 'a step would have run, and --frozen allows none',
  129: 'stopped because the terminal was closed',
  130: 'stopped by Ctrl-C; a second one stops at once',
  143: 'stopped by SIGTERM',
};

/** `exit 1: an image could not be built`; a command may mean something else by its 1, or a 2. */
export function exitLine(code: number, meaning: string | undefined): string {
  return `exit ${code}: ${meaning ?? exitCodes[code] ?? 'failed'}`;
}
