// Every screen that people see of a run, by the command line itself: at a terminal of 96 columns and 32 rows, and in the
// logs of CIs. What they have to be is in screens/NAME.txt; MONOKIT_UPDATE_SCREENS=1 writes them anew, to be looked at.
//
// What differs from run to run is normalised, and nothing else:
//   durations        42ms, 3.2s, 1m04s → `<t>`, sizes 61.0 MiB → `<size>`: in a right-aligned column (three blanks or
//                    more before) the text keeps its width, elsewhere the word is replaced
//   digests          sha256: and twelve digits → twelve `#`; the id of a run → `<run>`
//   versions         of this program → `<version>`, the platform of the machine → `<platform>`
//   the machine      `cpu …% · mem …/… GiB`, with or without `↓ …/s` → `<machine>`
//   the plan         its line comes when it is known, and says what was learned: it is left out (facts.test.ts has it)
//   the path         that took longest → `<path>`; what is recoverable, as it is told only where there is some, goes
//   order            images end in any order, beside the steps of others: their lines are sorted, and stand behind the
//                    others of their paragraph

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runInTerminal, textOf, type TerminalOptions } from '../../scripts/terminal.ts';
import { busyboxLayout } from '../rig/bases.ts';
import { bin, environment, Rig } from '../rig/rig.ts';

const size = { columns: 96, height: 32 };
let rig: Rig;
let own: NodeJS.ProcessEnv;

before(async () => {
  rig = await Rig.open({
    'buildkit.config.json': JSON.stringify({
      defaults: { contexts: { busybox: `oci-layout://${busyboxLayout()}` } },
      images: { base: { context: 'base' }, api: { context: 'api' }, web: { context: 'web' } },
    }),
    'base/Dockerfile': 'FROM busybox\nRUN echo base > /base && sleep 0.2\n',
    'api/Dockerfile': 'FROM base AS build\nCOPY src /src\nRUN cat /src/greeting && grep -q hello /src/greeting\n',
    'api/src/greeting': 'hello from api\n',
    'web/Dockerfile': 'FROM api\nRUN sleep 0.2\nRUN wc -c < /src/greeting > /length\n',
  });
  const mine = /^(NO_COLOR|MONOKIT)/;
  own = Object.fromEntries(Object.entries(environment).filter(([name]) => !mine.test(name)));
});
after(() => rig[Symbol.asyncDispose]());

test('first run', () => atTerminal('first', 'build all'));

test('nothing to do', async () => {
  await rig.ok(['build', 'all']);
  await atTerminal('cached', 'build all');
});

test('one file has changed', async () => {
  await rig.write({ 'api/src/greeting': 'hello from the api\n' });
  await atTerminal('changed', 'build all');
});

test('a step fails', async () => {
  await rig.write({ 'api/src/greeting': 'good bye\n' });
  await atTerminal('failed', 'build all');
});

test('why it was built', () => atTerminal('why', 'why api'));

test('while it runs', async () => {
  const waiting: ServerResponse[] = [];
  using server = await gate((response) => waiting.push(response));
  await rig.write({
    'slow/buildkit.config.json': JSON.stringify({
      defaults: { contexts: { busybox: `oci-layout://${busyboxLayout()}` }, args: { PORT: server.port } },
      images: { slow: { context: '.' }, other: { context: '.', target: 'other' } },
    }),
    'slow/Dockerfile': `FROM busybox AS other
ARG PORT
RUN echo 日本語 at the gate && wget -qO- http://127.0.0.1:$PORT/
FROM other
RUN true
`,
  });
  let running: readonly string[] | undefined;
  await runInTerminal(`${bin} build all`, {
    ...terminal(),
    cwd: rig.path('slow'),
    onChange(snapshot) {
      const rows = textOf(snapshot());
      if (running || waiting.length === 0 || !rows.some((row) => /▏.* gate$/.test(row) && /cpu/.test(rows.join())))
        return;
      running = rows;
      for (const response of waiting) response.end('open\n');
    },
  });
  assert.ok(running);
  compare('running', running);
});

test('watch', async () => {
  await rig.write({ 'api/src/greeting': 'hello\n' });
  await rig.ok(['build', 'all']);
  let state: 'starting' | 'watching' | 'over' = 'starting';
  let watching: readonly string[] = [];
  await runInTerminal(`${bin} watch api`, {
    ...terminal(),
    onChange(snapshot, type) {
      const rows = textOf(snapshot());
      const text = rows.join('\n');
      if (state === 'starting' && /^⚡ api[^]*watching/m.test(text)) {
        state = 'watching';
        // At once, as editors do: two writes would be two changes.
        writeFileSync(join(rig.root, 'greeting'), 'hello again\n');
        renameSync(join(rig.root, 'greeting'), rig.path('api/src/greeting'));
      } else if (state === 'watching' && /^✔ api[^]*^ {2}api {2}~1 file[^]*watching.* last/m.test(text)) {
        state = 'over';
        watching = rows;
        type('q');
      }
    },
  });
  compare('watch', watching);
});

for (const [name, env] of [
  ['plain', {}],
  ['github', { GITHUB_ACTIONS: 'true' }],
  ['gitlab', { GITLAB_CI: 'true' }],
  ['buildkite', { BUILDKITE: 'true' }],
  ['azure', { TF_BUILD: 'True' }],
] as const) {
  test(`in CI, ${name}: first run, and a step that fails`, async () => {
    const cacheDir = join(rig.root, `cache-${name}`);
    const ci = {
      ...own,
      CI: 'true',
      MONOKIT_CACHE_DIR: cacheDir,
      NO_COLOR: undefined,
      GITHUB_WORKSPACE: rig.dir,
      ...env,
    };
    await rig.write({ 'api/src/greeting': 'hello\n' });
    const good = await rig.cli(['build', 'all'], { env: ci });
    assert.equal(good.code, 0, good.stderr);
    await rig.write({ 'api/src/greeting': 'good bye\n' });
    const bad = await rig.cli(['build', 'all'], { env: ci });
    assert.equal(bad.code, 1);
    const words = (text: string) =>
      text
        .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<word>') // GitHub's, new each time
        .replaceAll(/section_(start|end):\d+/g, 'section_$1:<time>')
        .replaceAll('\u001b', '␛')
        .replaceAll('\r', '␍')
        .replaceAll(/^(#\d+) \d+\.\d{3} /gm, '$1 <t> ');
    compare(`ci-${name}`, words(`${good.stderr}\n$ cli build all\n${bad.stderr}`).trimEnd().split('\n'));
  });
}

function terminal(): TerminalOptions {
  return { ...size, cwd: rig.dir, env: { ...own, MONOKIT_CACHE_DIR: rig.cacheDir } };
}

async function atTerminal(name: string, args: string, options: Partial<TerminalOptions> = {}): Promise<void> {
  compare(name, textOf(await runInTerminal(`${bin} ${args}`, { ...terminal(), ...options })));
}

function compare(name: string, lines: readonly string[]): void {
  const file = join(import.meta.dirname, `screens/${name}.txt`);
  const actual = `${normalised(lines).join('\n')}\n`;
  if (process.env['MONOKIT_UPDATE_SCREENS'] === '1' || !existsSync(file)) writeFileSync(file, actual);
  assert.equal(actual, readFileSync(file, 'utf8'));
}

function normalised(lines: readonly string[]): readonly string[] {
  const told = lines
    .filter((line) => !/^(--- )?plan {3}\d/.test(line))
    .map((line) =>
      [
        ['<t>', /( *)(?<![\w.:/-])(\d+h\d\dm|\d+m\d\ds|\d+\.\ds|\d+ms|\d+s)(?![\w.])/g] as const,
        ['<size>', /( *)(?<![\w.])(\d+ B|\d+\.\d [KMGT]iB)/g] as const,
      ]
        .reduce(
          (text, [word, pattern]) =>
            text.replaceAll(pattern, (whole, blanks: string) =>
              blanks.length >= 3 ? word.padStart(whole.length) : `${blanks}${word}`,
            ),
          line.replace(/cpu \d+% · mem [\d.]+\/[\d.]+ GiB( · ↓ .*\/s)?/, '<machine>'),
        )
        .replace(/(critical path <t>: )[^·]*?( · recoverable <t>)?$/, '$1<path>')
        .replaceAll(/sha256:([0-9a-f]{64}|[0-9a-f]{12})\b/g, 'sha256:############')
        .replaceAll(/\b01[0-9a-hjkmnp-tv-z]{14}\b/g, '<run>')
        .replace(/monokit \d+\.\d+\.\d+ · /, 'monokit <version> · ')
        .replace(/ · linux\/\w+$/, ' · <platform>')
        .replace(/^ ?[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/, ' ⠋'),
    );
  const isDone = (line: string) => /^[✔=] /.test(line);
  const paragraphs = told.join('\n').split('\n\n');
  const sorted = paragraphs.flatMap((paragraph, i) => {
    const all = paragraph.split('\n');
    const lines = [...all.filter((line) => !isDone(line)), ...all.filter(isDone).toSorted()];
    return i > 0 ? ['', ...lines] : lines;
  });
  return sorted.map((line) => line.trimEnd());
}

/** A server that steps wait for. */
async function gate(ask: (response: ServerResponse) => void) {
  const server = createServer((_request, response) => ask(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.dispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}
