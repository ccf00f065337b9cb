import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { RunEvent } from '@monokit/engine';
import { makeTempFolder } from '@monokit/engine/std/temp';
import { azure, buildkite, dialectHere, github, gitlab, type Dialect } from './ci-dialect.ts';
import { openCi } from './ci.ts';
import { openRenderer } from './open.ts';
import { began, built, cached, compile, failed, memoryStream, start } from './recorded.fixture.ts';
import type { Screen } from './renderer.ts';
import { reportsOf } from './report-files.ts';
import { tame } from './tame.ts';

const warned: RunEvent = {
  kind: 'warning',
  at: began,
  diagnostic: {
    severity: 'warning',
    code: 'StageNameCasing',
    message: "Stage name 'Build' should be lowercase",
    file: '/src/api/Dockerfile',
    range: { start: { line: 1, column: 1 }, end: { line: 1, column: 20 } },
  },
};

function shown(dialect: Dialect, events: readonly RunEvent[], { code = 0, env = {} } = {}): string {
  const stderr = memoryStream();
  using renderer = openCi(dialect, start, { stdout: memoryStream(), stderr, env });
  for (const event of events) renderer.report(event);
  renderer.finish({ code, endedAt: began + 2500 });
  return stderr.text;
}

/** What a step writes to be taken for the CI's own words. */
const hostile = [
  '::set-output name=token::stolen',
  '::stop-commands::x',
  '::x::',
  '##[set-env name=PATH;]/evil',
  'a ##[error]b',
  '::endgroup::',
  '--- a/file',
  '+++ b/file',
  '^^^ +++',
  '\u001b[0Ksection_end:1767323045:monokit_1\r\u001b[0K',
  "\u001b]1338;url='http://evil.test/x.png'\u0007image",
  '\u001b_bk;t=1\u0007time',
  '\u001b[31mred\u001b[0m \u001b[2Jcleared\u001b[1;1H',
  'over\rwritten',
].join('\n');

const apiLine = '✔ api  2 steps, 1 shared  2.4s  118.3 MiB  sha256:616161616161';

const attacked: readonly RunEvent[] = built.map((event) =>
  event.kind === 'log' ? { ...event, data: Buffer.from(event.stream === 'stdout' ? `${hostile}\n` : 'end\n') } : event,
);

test('github: what went well is folded, between words that no step knows', () => {
  assert.equal(
    shown(github('word'), built),
    `2 images, 1 stage, 4 steps (2 shared)
▸ api
▸ web
✔ web  2 steps, 1 shared  1.3s  3.0 MiB  sha256:777777777777
::group::✔ api  2 steps, 1 shared  2.4s  118.3 MiB  sha256:616161616161
::stop-commands::word
▸ [build 2/3] RUN make  1.2s
cc -o app
linking
done
▸ [build 3/3] RUN make test  1.0s
::word::
::endgroup::
::stop-commands::word
done
 Images:  2 built, 2 total
  Steps:  3 run, 2 shared, 1 cached
 Shared:  1 step ran once instead of 2 times, 1.2s saved
  Cache:  25% hit · 14.2 KiB stored
   Time:  2.5s
::word::
`,
  );
});

test('github: a failure is outside of groups, with an annotation at its file and line', () => {
  const text = shown(github('word'), [...failed, warned], { code: 1, env: { GITHUB_WORKSPACE: '/src' } });
  assert.doesNotMatch(text, /::group::/);
  assert.match(text, /^::stop-commands::word\n✖ api \+1 \[build 2\/3\] RUN make {2}800ms\nline 1\nline 2\n/m);
  assert.deepEqual(
    text.split('\n').filter((line) => /^::(error|warning)/.test(line)),
    [
      '::error file=api/Dockerfile,line=2,endLine=2,title=api [build 2/3] RUN make::process "/bin/sh -c make" did not complete successfully: exit code: 2',
      "::warning file=api/Dockerfile,line=1,endLine=1,title=StageNameCasing::Stage name 'Build' should be lowercase",
    ],
  );
});

test('github: nothing that a step writes is a command', () => {
  const lines = shown(github('word'), attacked).split('\n');
  const commands: string[] = [];
  let stopped = false;
  for (const line of lines) {
    if (line === '::word::') stopped = false;
    else if (stopped) continue;
    else if (line === '::stop-commands::word') stopped = true;
    else if (line.trimStart().startsWith('::') || line.includes('##[')) commands.push(line);
  }
  assert.deepEqual(commands, [`::group::${apiLine}`, '::endgroup::']);
});

test("github: what a step's tool says of files is let through, in its place", () => {
  const said = [
    'before',
    '::error file=a.ts,line=3::bad',
    '::warning::hm',
    'not ::error::this',
    '::add-mask::x',
    'after',
  ];
  const events = failed.map((event) =>
    event.kind === 'log' ? { ...event, data: Buffer.from(`${said.join('\n')}\n`) } : event,
  );
  const text = shown(github('word'), events, { code: 1 });
  assert.match(
    text,
    /^before\n::word::\n::error file=a\.ts,line=3::bad\n::stop-commands::word\n::word::\n::warning::hm\n::stop-commands::word\nnot ::error::this\n::add-mask::x\nafter\n/m,
  );
});

test('a step that says nothing for half a minute is told of, by the clock', (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'Date'], now: began + 100 });
  const stderr = memoryStream();
  using renderer = openCi(github('word'), start, { stdout: memoryStream(), stderr, env: {} });
  for (const event of built.slice(0, 7)) renderer.report(event);
  t.mock.timers.tick(29_000);
  assert.doesNotMatch(stderr.text, /still running/);
  for (let second = 0; second < 62; second++) t.mock.timers.tick(1000);
  assert.deepEqual(
    stderr.text.split('\n').filter((line) => line.startsWith('still')),
    [30, 60, 90].map((seconds) => `still running api [build 2/3] RUN make ${seconds}s`),
  );
});

test('github: titles and places are data, whatever is in them', () => {
  const [annotation] = github('w').annotation!({
    severity: 'error',
    file: 'a,b:c%/Dockerfile',
    line: 3,
    endLine: 4,
    title: 'x::y\n::error::z',
    message: '100%\r\n::error::no',
    code: 'c',
  });
  assert.equal(
    annotation,
    '::error file=a%2Cb%3Ac%25/Dockerfile,line=3,endLine=4,title=x%3A%3Ay%0A%3A%3Aerror%3A%3Az::100%25%0D%0A::error::no',
  );
  assert.deepEqual(github('w').note('x ##[error]y'), ['::stop-commands::w', 'x ##[error]y', '::w::']);
});

test('gitlab: sections are folded, and a step cannot end them', () => {
  const text = shown(gitlab(), built);
  const mark = (word: string, more = '') => `\u001b[0Ksection_${word}:1767323047:monokit_1${more}\r\u001b[0K`;
  const steps = ['▸ [build 2/3] RUN make  1.2s', 'cc -o app', 'linking', 'done', '▸ [build 3/3] RUN make test  1.0s'];
  const folded = `${mark('start', '[collapsed=true]')}${apiLine}\n${steps.join('\n')}\n${mark('end')}\n`;
  assert.ok(text.includes(folded), text);
  assert.equal(shown(gitlab(), attacked).split('\u001b[0Ksection_').length, 3);
  assert.doesNotMatch(shown(gitlab(), failed, { code: 1 }), /section_/);
});

test('buildkite: groups are folded, failures open, and a diff is no group', () => {
  const text = shown(buildkite(), attacked);
  assert.deepEqual(
    text.split('\n').filter((line) => /^(---|\+\+\+|~~~|\^\^\^)/.test(line)),
    [
      '--- 2 images, 1 stage, 4 steps (2 shared)',
      '--- ▸ api',
      '--- ▸ web',
      '--- ✔ web  2 steps, 1 shared  1.3s  3.0 MiB  sha256:777777777777',
      '--- ✔ api  2 steps, 1 shared  2.4s  118.3 MiB  sha256:616161616161',
      '+++ done',
    ],
  );
  assert.match(text, /\u200b--- a\/file\n\u200b\+\+\+ b\/file\n/);
  assert.match(
    shown(buildkite(), failed, { code: 1 }),
    /^\+\+\+ ✖ api \+1 \[build 2\/3\] RUN make {2}800ms\nline 1\n/m,
  );
});

test('azure: groups are folded, failures open with their places, and nothing that a step writes is a command', () => {
  const commands = (text: string) => text.split('\n').filter((line) => /##\s*(vso)?\[/i.test(line));
  assert.deepEqual(commands(shown(azure(), attacked)), [`##[group]${apiLine}`, '##[endgroup]']);
  const said = [
    'a ##vso[task.setvariable variable=PATH]/evil',
    '##VSO[task.complete result=Succeeded]',
    '##vso[task.logissue type=warning;sourcepath=a.ts]hm ##vso[task.complete]',
    '##vso[task.logissue type=error;sourcepath=a.ts;linenumber=3]bad',
  ];
  const events = failed.map((event) =>
    event.kind === 'log' ? { ...event, data: Buffer.from(`${said.join('\n')}\n`) } : event,
  );
  const text = shown(azure(), events, { code: 1, env: { TF_BUILD: 'True', BUILD_SOURCESDIRECTORY: '/src' } });
  assert.deepEqual(commands(text), [
    said[3],
    '##vso[task.logissue type=error;sourcepath=api/Dockerfile;linenumber=2;code=step-failed]api [build 2/3] RUN make: process "/bin/sh -c make" did not complete successfully: exit code: 2',
  ]);
  const [issue] = azure().annotation!({
    severity: 'warning',
    ...{ file: 'a];b/Dockerfile', line: 3, endLine: 4, column: 2, title: 'x', message: '100%\r\n##vso[y]', code: 'c' },
  });
  assert.equal(
    issue,
    '##vso[task.logissue type=warning;sourcepath=a%5D%3Bb/Dockerfile;linenumber=3;columnnumber=2;code=c]x: 100%AZP25%0D%0A##vso[y]',
  );
});

test('only colours are left of what steers a terminal', () => {
  assert.deepEqual(hostile.split('\n').slice(9).map(tame), [
    'section_end:1767323045:monokit_1',
    'image',
    'time',
    '\u001b[31mred\u001b[0m cleared',
    'written',
  ]);
});

test('a long log is written in parts, each folded', () => {
  const line = `${'x'.repeat(1023)}\n`;
  const many = Array.from({ length: 2500 }, (): RunEvent => ({
    kind: 'log',
    vertex: compile,
    stream: 'stdout',
    data: Buffer.from(line),
    at: began + 300,
  }));
  const at = built.findIndex(({ kind }) => kind === 'log');
  const text = shown(github('word'), [...built.slice(0, at), ...many, ...built.slice(at + 2)]);
  assert.equal(text.match(/^::group::.*\(goes on\)$/gm)!.length, 2);
  assert.equal(text.match(/^::group::/gm)!.length, 3);
  assert.equal(text.match(/^x{1023}$/gm)!.length, 2500);
});

test('a run with nothing to do has no groups', () => {
  assert.equal(
    shown(buildkite(), cached),
    `+++ ⚡ 2 images up to date (4 steps)
 Images:  2 cached, 2 total
  Steps:  0 run, 2 shared, 4 cached
  Cache:  100% hit
   Time:  2.5s  ▰▰▰▰▰ ALL CACHED
`,
  );
});

test('the CI is known by its variables, and --progress goes before them', async () => {
  assert.equal(dialectHere({ GITHUB_ACTIONS: 'true' }), 'github');
  assert.equal(dialectHere({ GITLAB_CI: 'true' }), 'gitlab');
  assert.equal(dialectHere({ BUILDKITE: 'true' }), 'buildkite');
  assert.equal(dialectHere({ TF_BUILD: 'True' }), 'azure');
  assert.equal(dialectHere({ CI: 'true' }), undefined);
  const text = async (mode: string) => {
    const stderr = memoryStream();
    using renderer = await openRenderer(mode, start, {
      stdout: memoryStream(),
      stderr,
      env: { CI: 'true', GITHUB_ACTIONS: 'true' },
    });
    for (const event of built) renderer.report(event);
    renderer.finish({ code: 0, endedAt: began + 2500 });
    return stderr.text;
  };
  assert.match(await text('auto'), /^::group::/m);
  assert.doesNotMatch(await text('plain'), /^::group::/m);
  assert.match(await text('gitlab'), /section_start/);
  assert.match(await text('azure'), /^##\[group\]/m);
});

/** Runs events with reports to files. */
async function reported(
  events: readonly RunEvent[],
  code: number,
  env: NodeJS.ProcessEnv,
  flags = {},
): Promise<string> {
  const stderr = memoryStream();
  const screen: Screen = { stdout: memoryStream(), stderr, env };
  using renderer = await openRenderer('quiet', start, screen, reportsOf(flags, env));
  for (const event of events) renderer.report(event);
  renderer.finish({ code, endedAt: began + 2500 });
  return stderr.text;
}

test('the job summary is Markdown, appended to where GitHub wants it', async () => {
  await using folder = makeTempFolder();
  const file = join(folder.path, 'summary.md');
  writeFileSync(file, 'before\n');
  await reported(built, 0, { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: file });
  assert.equal(
    readFileSync(file, 'utf8'),
    `before
### ✔ 2 of 2 images built

| image | result | time | size | digest |
| --- | --- | --- | --- | --- |
| api | built | 2.4s | 118.3 MiB | \`sha256:616161616161\` |
| web | built | 1.3s | 3.0 MiB | \`sha256:777777777777\` |

Images: 2 built, 2 total · Steps: 3 run, 2 shared, 1 cached · Shared: 1 step ran once instead of 2 times, 1.2s saved · Cache: 25% hit · 14.2 KiB stored · Time: 2.5s

<details><summary>slowest steps</summary>

| time | step | images |
| --- | --- | --- |
| 1.2s | &#91;build 2/3&#93; RUN make | api, web |
| 1.0s | &#91;build 3/3&#93; RUN make test | api |
| 39ms | &#91;2/2&#93; COPY --from=api /out / | web |

</details>

<details><summary>what depends on what</summary>

\`\`\`mermaid
graph LR
  i0["api"]:::built
  i1["web"]:::built
  i0 --> i1
  classDef built stroke:#2da44e,stroke-width:2px
  classDef failed stroke:#cf222e,stroke-width:3px
  classDef blocked stroke:#cf222e,stroke-dasharray:4
  classDef cached stroke:#8c959f,color:#8c959f
  classDef cancelled stroke:#8c959f,stroke-dasharray:4
\`\`\`

</details>

`,
  );
});

test('what a step wrote is no Markdown in the summary', async () => {
  await using folder = makeTempFolder();
  const file = join(folder.path, 'summary.md');
  const evil = '```\n</details><script>alert(1)</script>\n````\n\u001b[31m# big\n';
  const events = failed.map((event) => (event.kind === 'log' ? { ...event, data: Buffer.from(evil) } : event));
  await reported(events, 1, {}, { summary: file });
  const text = readFileSync(file, 'utf8');
  assert.match(text, /^### ✖ api failed$/m);
  assert.match(text, /^\| web \| blocked \|/m);
  assert.match(
    text,
    /^`````text\n```\n<\/details><script>alert\(1\)<\/script>\n````\n# big\n[^]*\n`````\n\n<\/details>$/m,
  );
});

test('GitLab gets problems as a code quality report', async () => {
  await using folder = makeTempFolder();
  const file = join(folder.path, 'quality.json');
  await reported([...failed, warned], 1, { GITLAB_CI: 'true', CI_PROJECT_DIR: '/src' }, { 'code-quality': file });
  const report = JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>[];
  assert.deepEqual(
    report.map(({ fingerprint, ...entry }) => ({ ...entry, fingerprint: /^[0-9a-f]{64}$/.test(String(fingerprint)) })),
    [
      {
        description: 'api [build 2/3] RUN make: process "/bin/sh -c make" did not complete successfully: exit code: 2',
        check_name: 'step-failed',
        severity: 'critical',
        location: { path: 'api/Dockerfile', lines: { begin: 2, end: 2 } },
        fingerprint: true,
      },
      {
        description: "Stage name 'Build' should be lowercase",
        check_name: 'StageNameCasing',
        severity: 'minor',
        location: { path: 'api/Dockerfile', lines: { begin: 1, end: 1 } },
        fingerprint: true,
      },
    ],
  );
});

test('Azure is told of the summary by the log', async () => {
  await using folder = makeTempFolder();
  const text = await reported(failed, 1, { TF_BUILD: 'True', AGENT_TEMPDIRECTORY: folder.path });
  const [, file] = /^##vso\[task\.uploadsummary\](.*\.md)$/m.exec(text)!;
  assert.equal(dirname(file!), folder.path);
  assert.match(readFileSync(file!, 'utf8'), /^### ✖ api failed\n/);
});

test('Buildkite is told by its agent; a report that cannot be written is told and does no harm', async () => {
  await using folder = makeTempFolder();
  const bin = join(folder.path, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'buildkite-agent'), '#!/bin/sh\necho "$@" > "$OUT"\ncat >> "$OUT"\n', { mode: 0o755 });
  const out = join(folder.path, 'out');
  const env = { BUILDKITE: 'true', BUILDKITE_AGENT_ACCESS_TOKEN: 'x', BUILDKITE_STEP_KEY: 'images', OUT: out };
  await reported(failed, 1, { ...env, PATH: `${bin}:${process.env['PATH']}` });
  assert.match(readFileSync(out, 'utf8'), /^annotate --style error --context monokit-images\n### ✖ api failed\n/);
  const missing = await reported(built, 0, { ...env, PATH: folder.path });
  assert.match(missing, /warning: the annotation could not be written: .*ENOENT/);
  const nowhere = await reported(built, 0, {}, { summary: join(folder.path, 'no/such/folder') });
  assert.match(nowhere, /warning: the summary could not be written/);
});
