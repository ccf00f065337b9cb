import { command } from '../command.ts';
import { cacheDirFlag } from '../flags/workspace.ts';
import { openEngineFor } from '../tasks/open-engine.ts';
import { settingsHere } from '../tasks/settings-here.ts';
import { bytes } from '../ui/format.ts';
import { table } from '../ui/table.ts';

export const du = command({
  summary: 'Show what the cache holds',
  usage: '[--json]',
  description: `
Lists what the cache keeps, largest first: results of steps, images that were pulled,
cache mounts. \`cli prune\` removes what nothing uses.`,
  flags: {
    ...cacheDirFlag,
    json: { kind: 'switch', help: 'Print records as JSON' },
    verbose: { kind: 'switch', short: 'v', help: 'All records, not only the twenty largest' },
  },
  wordless: 'it looks at all of the cache; cli du --help lists the flags',
  examples: [
    ['cli du', 'the largest records and the total'],
    ['cli du --json', 'everything, for programs'],
  ],
  async run(invocation) {
    const { flags, env, stdout } = invocation;
    await using engine = await openEngineFor(flags, env, await settingsHere(invocation));
    const records = [...(await engine.usage())].sort((a, b) => b.size - a.size);
    if (flags.json) {
      stdout.write(`${JSON.stringify(records, null, 2)}\n`);
      return 0;
    }
    const shown = flags.verbose ? records : records.slice(0, 20);
    const rows = shown.map(({ id, size, recordType, usageCount, inUse, description }) => [
      id,
      bytes(size),
      recordType,
      `${usageCount}${inUse ? ' in use' : ''}`,
      description,
    ]);
    if (rows.length > 0) stdout.write(table(['ID', 'SIZE', 'TYPE', 'USED', 'DESCRIPTION'], rows, stdout));
    if (shown.length < records.length) stdout.write(`… ${records.length - shown.length} more: cli du --verbose\n`);
    const total = records.reduce((sum, { size }) => sum + size, 0);
    const idle = records.filter(({ inUse }) => !inUse).reduce((sum, { size }) => sum + size, 0);
    stdout.write(`Total:        ${bytes(total)} in ${records.length} records\nReclaimable:  ${bytes(idle)}\n`);
    return 0;
  },
});
