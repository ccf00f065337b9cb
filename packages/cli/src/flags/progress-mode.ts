/** How a run is shown: `auto`, `tty`, `plain`, `json`, `quiet`, or as a CI has it. */
export function progressMode(flags: {
  readonly quiet: boolean;
  readonly json: boolean;
  readonly progress: string | undefined;
}): string {
  if (flags.quiet) return 'quiet';
  if (flags.json || flags.progress === 'rawjson') return 'json';
  return flags.progress ?? 'auto';
}
