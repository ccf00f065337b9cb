import { command } from '../command.ts';
import { cacheDirFlag } from '../flags/workspace.ts';
import { Mistake } from '../mistake.ts';
import { bytesOf } from '../tasks/folder.ts';
import { openEngineFor } from '../tasks/open-engine.ts';
import { settingsHere } from '../tasks/settings-here.ts';
import { bytes, count } from '../ui/format.ts';

export const prune = command({
  summary: 'Remove from the cache what nothing uses',
  usage: '[--all] [--keep-storage SIZE] [--keep-duration TIME]',
  description: `
Removes records that no build uses right now, the least used first. What a build in
another process uses stays, and so do the images in the store. What failed steps left
for \`cli shell\` goes, too.`,
  flags: {
    ...cacheDirFlag,
    all: { kind: 'switch', short: 'a', help: 'Also internal records' },
    'keep-storage': { kind: 'value', placeholder: 'SIZE', help: 'Stop once the cache is this small, as in 10g' },
    'keep-duration': { kind: 'value', placeholder: 'TIME', help: 'Keep what was used within this time, as in 48h' },
    json: { kind: 'switch', help: 'Print what was removed as JSON' },
  },
  wordless: 'it goes through all of the cache; --keep-storage and --keep-duration say what stays',
  examples: [
    ['cli prune', 'everything that is not in use'],
    ['cli prune --keep-storage 10g --keep-duration 48h', 'down to 10 GiB, keeping what was used in two days'],
  ],
  async run(invocation) {
    const { flags, env, stdout, signal } = invocation;
    await using engine = await openEngineFor(flags, env, await settingsHere(invocation));
    const keepStorage =
      flags['keep-storage'] === undefined ? undefined : bytesOf('--keep-storage', flags['keep-storage']);
    const keepDuration =
      flags['keep-duration'] === undefined ? undefined : millisecondsOf('--keep-duration', flags['keep-duration']);
    const removed = await engine.prune(
      {
        all: flags.all,
        ...(keepStorage !== undefined && { keepStorage }),
        ...(keepDuration !== undefined && { keepDuration }),
      },
      { signal, report: () => undefined },
    );
    if (flags.json) stdout.write(`${JSON.stringify(removed, null, 2)}\n`);
    else {
      const size = removed.reduce((sum, record) => sum + record.size, 0);
      stdout.write(`Removed ${count(removed.length, 'record')}, ${bytes(size)}\n`);
    }
    return 0;
  },
});

const units = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** `48h`, `30m`, `7d`. */
function millisecondsOf(flag: string, text: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  if (number === undefined) throw new Mistake(`${flag} needs a time such as 48h or 7d, got ${JSON.stringify(text)}`);
  return Number(number) * units[unit as keyof typeof units];
}
