import { mkdirSync } from 'node:fs';
import { arch, release } from 'node:os';
import { styleText } from 'node:util';
import { cachePath } from '@monokit/engine/cache-path';
import { command } from '../command.ts';
import { cacheDirFlag } from '../flags/workspace.ts';
import { symbolsFor } from '../ui/symbols.ts';

/** One row: of the machine as the executor sees it, or of what this program itself needs. */
interface Row {
  readonly name: string;
  readonly state: 'ok' | 'limited' | 'missing';
  readonly detail: string;
  readonly mend?: string;
}

export const doctor = command({
  summary: 'Check what builds need of this machine, and tell how to mend what is missing',
  usage: '[--json]',
  description: `
Looks at all that builds need: the runtime, overlayfs under the cache folder, mounts,
namespaces, cgroups, emulators of other processors, disk space, and the programs that
some sources need. Whatever is not as it should be comes with the command that mends
it. Exit code 1 if something is missing without which a RUN cannot work.`,
  flags: {
    ...cacheDirFlag,
    json: { kind: 'switch', help: 'Print what was found as JSON' },
  },
  wordless: 'it looks at this machine; cli doctor --help lists the flags',
  examples: [
    ['cli doctor', 'a line for each thing'],
    ['cli doctor --json', 'the same for programs: name, state (ok, limited, missing), detail, mend'],
  ],
  failed: () => 'something is missing here',
  async run({ flags, env, stdout }) {
    const folder = cachePath({ env, ...(flags['cache-dir'] !== undefined && { asked: flags['cache-dir'] }) });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { probe, programPath } = await import('@monokit/engine/doctor');
    const helpers = helperPrograms.map(([name, needed]): Row => {
      const path = programPath(name);
      if (path !== undefined) return { name, state: 'ok', detail: path };
      const source = name === 'xz' ? 'xz-utils' : name;
      return { name, state: 'limited', detail: `not found: ${needed}`, mend: `apt-get install -y ${source}` };
    });
    const rows: readonly Row[] = [nodeRow(), ...(await probe({ folder })), ...helpers];
    const missing = rows.filter(({ state }) => state === 'missing').length;
    if (flags.json) {
      stdout.write(`${JSON.stringify({ ok: missing === 0, folder, findings: rows }, null, 2)}\n`);
      return missing === 0 ? 0 : 1;
    }
    const symbols = symbolsFor(env);
    const marks = { ok: symbols.built, limited: '!', missing: symbols.failed } as const;
    const colours = { ok: 'green', limited: 'yellow', missing: 'red' } as const;
    const width = Math.max(...rows.map(({ name }) => name.length));
    for (const { name, state, detail, mend } of rows) {
      const mark = styleText(colours[state], marks[state], { stream: stdout });
      stdout.write(`${mark} ${name.padEnd(width)}  ${detail}\n`);
      if (mend !== undefined) {
        stdout.write(`${' '.repeat(width + 4)}${styleText('bold', `mend: ${mend}`, { stream: stdout })}\n`);
      }
    }
    const limited = rows.filter(({ state }) => state === 'limited').length;
    stdout.write(`\n${verdict(missing, limited)}\n`);
    return missing === 0 ? 0 : 1;
  },
});

/** Programs that only some builds need. */
const helperPrograms = [
  ['git', 'contexts and ADD from git repositories do not work'],
  ['xz', 'ADD does not unpack .xz archives'],
  ['bzip2', 'ADD does not unpack .bz2 archives'],
] as const;

function nodeRow(): Row {
  const name = 'node';
  const detail = `${process.version} on linux/${arch()}, kernel ${release()}`;
  if (Number.parseInt(process.versions.node, 10) >= 24) return { name, state: 'ok', detail };
  return { name, state: 'missing', detail: `${detail}: Node 24 or later is needed`, mend: 'npm install node@24' };
}

function verdict(missing: number, limited: number): string {
  if (missing > 0) return 'Builds do not work here yet: mend what is missing.';
  if (limited > 0) return 'Builds work here; some things are slower or not there.';
  return 'Everything is there.';
}
