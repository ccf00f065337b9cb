// What can be asked of a Dockerfile without building it, with the answers that BuildKit gives.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LintResults } from '../../packages/engine/src/frontend/subrequests/lint.ts';
import { lintErrorText } from '../../packages/engine/src/frontend/subrequests/lint.ts';
import type { Outline } from '../../packages/engine/src/frontend/subrequests/outline.ts';
import { readAnswer } from '../../packages/engine/src/frontend/subrequests/subrequest.ts';
import type { TargetList } from '../../packages/engine/src/frontend/subrequests/targets.ts';
import { Failed } from '../../packages/engine/src/std/failed.ts';
import { convertText, fakeBridge } from './fixture.ts';

async function ask(text: string, request: string, options: Readonly<Record<string, string>> = {}, bridge = {}) {
  const given = fakeBridge({ Dockerfile: text }, bridge);
  const result = await convertText(text, { ...options, requestid: `frontend.${request}` }, given);
  assert.deepEqual(result.images, []);
  const answer = readAnswer(result.metadata);
  assert.ok(answer);
  return { ...answer, warned: result.warnings.length };
}

const outlineOf = async (text: string, options: Readonly<Record<string, string>> = {}) =>
  JSON.parse((await ask(text, 'outline', options)).json) as Outline;
const lintOf = async (text: string, options: Readonly<Record<string, string>> = {}, bridge = {}) =>
  JSON.parse((await ask(text, 'lint', options, bridge)).json) as LintResults;
const linesOf = ({ warnings }: LintResults) =>
  warnings?.map(({ ruleName, location }) => `${location?.ranges?.[0]?.start?.line} ${ruleName}`);

test('an outline has the arguments that a target uses, however far down, and no others', async () => {
  const { args, name, description, sources } = await outlineOf(
    [
      '',
      'ARG inherited=box',
      'ARG inherited2=box2',
      'ARG unused=abc${inherited2}',
      '# sfx is a suffix',
      'ARG sfx="usy${inherited}"',
      '',
      'FROM b${sfx} AS first',
      '# this is not assigned to anything',
      'ARG FOO=123',
      '# BAR is a number',
      'ARG BAR=456',
      'RUN true',
      '',
      'FROM alpine${unused} AS second',
      'ARG BAZ',
      '',
      'FROM scratch AS third',
      'ARG ABC=a',
      '# check=skip=all',
      'ARG password',
      '',
      '# target defines build target',
      'FROM third AS target',
      'COPY --from=first /etc/passwd /',
      '',
      'FROM second',
      '',
    ].join('\n'),
    { target: 'target', 'build-arg:BAR': '678' },
  );
  assert.deepEqual([name, description], ['target', 'defines build target']);
  assert.deepEqual(
    args?.map((arg) => [arg.name, arg.value, arg.description, arg.location?.ranges?.[0]?.start?.line]),
    [
      ['inherited', 'box', undefined, 2],
      ['sfx', 'usybox', 'is a suffix', 6],
      ['FOO', '123', undefined, 10],
      ['BAR', '678', 'is a number', 12],
      ['ABC', 'a', undefined, 19],
      ['password', undefined, undefined, 21],
    ],
  );
  assert.match(Buffer.from(sources![0]!, 'base64').toString(), /^\nARG inherited=box\n/);
});

test('arguments that add to themselves bring what all their values use', async () => {
  const { args } = await outlineOf(
    [
      'ARG FOO=123',
      'ARG ABC=abc',
      'ARG DEF=def',
      'ARG FOO=${FOO}${ABC}',
      'ARG BAR=${FOO}456',
      'ARG FOO=${FOO}456${BAR}',
      'FROM scratch',
      'ARG FOO',
      'ARG INFOO=123',
      'ARG INBAR=${INFOO}456',
      'ARG INFOO=${INFOO}456${INBAR}',
      '',
    ].join('\n'),
  );
  assert.deepEqual(
    args?.map((arg) => [arg.name, arg.value]),
    [
      ['ABC', 'abc'],
      ['BAR', '123abc456'],
      ['FOO', '123abc456123abc456'],
      ['INBAR', '123456'],
      ['INFOO', '123456123456'],
    ],
  );
});

test('an outline has secrets, ssh and caches with their places, those of stages that are copied from too', async () => {
  const text = [
    'FROM busybox AS first',
    'RUN --mount=type=secret,target=/etc/passwd,required=true --mount=type=ssh true',
    'FROM alpine AS second',
    'RUN --mount=type=secret,id=unused --mount=type=ssh,id=ssh2 true',
    'FROM busybox AS third',
    'ARG BAR',
    'RUN --mount=type=secret,id=second${BAR} --mount=type=cache,target=/root/.cache/ true',
    'FROM third AS target',
    'COPY --from=first /foo /',
    'RUN --mount=type=ssh,id=ssh3,required true',
    'FROM second',
    '',
  ].join('\n');
  const outline = await outlineOf(text, { target: 'target', 'build-arg:BAR': '678' });
  const at = (line: number) => ({ ranges: [{ start: { line }, end: { line } }] });
  assert.deepEqual(outline.secrets, [
    { name: 'passwd', required: true, location: at(2) },
    { name: 'second678', location: at(7) },
  ]);
  assert.deepEqual(outline.ssh, [
    { name: 'default', location: at(2) },
    { name: 'ssh3', required: true, location: at(10) },
  ]);
  assert.deepEqual(outline.cache, [{ ID: '/root/.cache', location: at(7) }]);
});

test('an outline for people is a table of each kind', async () => {
  const text = [
    '# it is the one',
    'FROM busybox AS it',
    '# VERSION of the thing',
    'ARG VERSION=1',
    'ARG OTHER',
    'RUN --mount=type=secret,id=key,required --mount=type=ssh true',
    '',
  ].join('\n');
  assert.equal(
    (await ask(text, 'outline')).text,
    [
      'TARGET:      it',
      'DESCRIPTION: is the one',
      '',
      'BUILD ARG   VALUE   DESCRIPTION',
      'VERSION     1       of the thing',
      'OTHER               ',
      '',
      'SECRET   REQUIRED',
      'key      true',
      '',
      'SSH       REQUIRED',
      'default   ',
      '',
      '',
    ].join('\n'),
  );
});

test('targets are the stages as written; nothing is looked up for them', async () => {
  const text = [
    '# build defines stage for compiling the binary',
    'FROM --platform=$BUILDPLATFORM ${WHATEVER}alpine AS Build',
    'FROM busybox as second',
    'FROM alpine',
    '# binary returns the compiled binary',
    'FROM second \\',
    '  AS binary',
    '',
  ].join('\n');
  const bridge = {
    resolveImage: () => {
      throw new Error('asked a registry');
    },
  };
  const answer = await ask(text, 'targets', {}, bridge);
  const { targets } = JSON.parse(answer.json) as TargetList;
  assert.deepEqual(
    targets?.map(({ name, description, base, platform, default: last }) => ({
      ...(name && { name }),
      ...(last && { default: last }),
      ...(description && { description }),
      base,
      ...(platform && { platform }),
    })),
    [
      {
        name: 'build',
        description: 'defines stage for compiling the binary',
        base: '${WHATEVER}alpine',
        platform: '$BUILDPLATFORM',
      },
      { name: 'second', base: 'busybox' },
      { base: 'alpine' },
      { name: 'binary', default: true, description: 'returns the compiled binary', base: 'second' },
    ],
  );
  assert.equal(targets?.at(-1)?.location?.ranges?.length, 2, 'a range for each line');
  assert.equal(answer.warned, 0);
  assert.equal(
    answer.text,
    [
      'TARGET           DESCRIPTION',
      'build            defines stage for compiling the binary',
      'second           ',
      '                 ',
      'binary (default) returns the compiled binary',
      '',
    ].join('\n'),
  );
});

test('lint looks at all stages, or at those that a named target needs', async () => {
  const text = 'FROM scratch AS One\nMAINTAINER me\nFROM scratch\nMAINTAINER you\nCOPY $gone /\n';
  assert.deepEqual(linesOf(await lintOf(text)), [
    '1 StageNameCasing',
    '2 MaintainerDeprecated',
    '4 MaintainerDeprecated',
    '5 UndefinedVar',
  ]);
  const chosen = linesOf(await lintOf(text, { target: 'one' }));
  assert.ok(!chosen?.includes('5 UndefinedVar'), String(chosen));
});

test('lint goes by the directive, the build argument and the comments above', async () => {
  const text = 'FROM scratch AS One\nMAINTAINER me\n';
  assert.deepEqual(linesOf(await lintOf(`# check=skip=StageNameCasing\n${text}`)), ['3 MaintainerDeprecated']);
  const argument = { 'build-arg:BUILDKIT_DOCKERFILE_CHECK': 'skip=all' };
  const { status, json } = await ask(text, 'lint', argument);
  assert.equal(status, 0);
  assert.deepEqual((JSON.parse(json) as LintResults).warnings, []);
  const above = 'FROM scratch AS One\n# check=skip=MaintainerDeprecated\nMAINTAINER me\n';
  assert.deepEqual(linesOf(await lintOf(above)), ['1 StageNameCasing']);
});

test('a warning has its rule, what that is about, its page, what was found and where, and the text to show', async () => {
  const text = 'FROM scratch AS One\nCOPY \\\n  a /\n';
  const { warnings, sources } = await lintOf(text);
  assert.deepEqual(warnings, [
    {
      ruleName: 'StageNameCasing',
      description: 'Stage names should be lowercase',
      url: 'https://docs.docker.com/go/dockerfile/rule/stage-name-casing/',
      detail: "Stage name 'One' should be lowercase",
      location: { ranges: [{ start: { line: 1 }, end: { line: 1 } }] },
    },
  ]);
  const [source] = sources!;
  assert.deepEqual([source?.filename, source?.language], ['Dockerfile', 'Dockerfile']);
  assert.equal(Buffer.from(source!.data!, 'base64').toString(), text);
  assert.ok((source!.definition as { def: string[] }).def.length > 0);
});

test('lint for people shows the lines around with a mark, and nothing that a terminal would obey', async () => {
  const text = 'FROM scratch AS One\r\nENV a \u001B[31mb\r\nCOPY a \\\r\n  /\r\nCOPY \\\r\n  $gone /\r\n';
  const { text: told, status } = await ask(text, 'lint');
  assert.equal(status, 1);
  assert.equal(
    told,
    [
      '',
      'WARNING: StageNameCasing - https://docs.docker.com/go/dockerfile/rule/stage-name-casing/',
      "Stage name 'One' should be lowercase",
      'Dockerfile:1',
      '--------------------',
      '   1 | >>> FROM scratch AS One',
      '   2 |     ENV a ·[31mb',
      '   3 |     COPY a \\',
      '--------------------',
      '',
      'WARNING: LegacyKeyValueFormat - https://docs.docker.com/go/dockerfile/rule/legacy-key-value-format/',
      '"ENV key=value" should be used instead of legacy "ENV key value" format',
      'Dockerfile:2',
      '--------------------',
      '   1 |     FROM scratch AS One',
      '   2 | >>> ENV a ·[31mb',
      '   3 |     COPY a \\',
      '   4 |       /',
      '--------------------',
      '',
      'WARNING: UndefinedVar - https://docs.docker.com/go/dockerfile/rule/undefined-var/',
      "Usage of undefined variable '$gone'",
      'Dockerfile:5',
      '--------------------',
      '   4 |       /',
      '   5 | >>> COPY \\',
      '   6 | >>>   $gone /',
      '   7 |     ',
      '--------------------',
      '',
    ].join('\n'),
  );
});

test('what cannot be built is an answer too: all that is wrong, after what the rules found', async () => {
  const results = await lintOf('FROM scratch AS One\nCOPPY a b\nENV x\n');
  assert.deepEqual(linesOf(results), ['1 StageNameCasing']);
  assert.match(results.buildError!.message, /^unknown instruction: COPPY \(did you mean COPY\?\)\nENV must have two/);
  assert.deepEqual(
    results.buildError!.location.ranges?.map(({ start }) => start?.line),
    [2, 3],
  );
  assert.match(lintErrorText(results), /\nDockerfile:2\n-+\n {3}1 \| {5}FROM scratch AS One\n {3}2 \| >>> COPPY a b\n/);
  assert.deepEqual(linesOf(await lintOf('FROM a\nCOPPY a b\nFROM a AS One\nmaintainer x\n')), []);
  const fatal = await lintOf('# check=error=true\nFROM scratch AS One\n');
  assert.equal(fatal.buildError?.message, 'lint violation found for rules: StageNameCasing');
});

test('a base image that is not there is a build error with its place; another image has none', async () => {
  const registry = {
    resolveImage: async () => {
      throw new Failed({ kind: 'http', message: 'not found' });
    },
  };
  const { buildError } = await lintOf('FROM gone\n', {}, registry);
  assert.match(buildError!.message, /^gone: not found/);
  assert.deepEqual(buildError!.location, {
    ranges: [{ start: { line: 1, character: 5 }, end: { line: 1, character: 9 } }],
  });
  const workspace = {
    input: async () => {
      throw new Failed({ kind: 'image-needed', message: 'gone cannot be built' });
    },
  };
  assert.deepEqual((await lintOf('FROM gone\n', {}, workspace)).buildError, {
    message: 'gone cannot be built',
    location: {},
  });
});

test('a missing Dockerfile is no answer, and neither is a bug', async () => {
  const options = { requestid: 'frontend.lint' };
  await assert.rejects(convertText('', options, fakeBridge({})), {
    failure: {
      kind: 'dockerfile-missing',
      path: 'Dockerfile',
      message: 'failed to read dockerfile: open Dockerfile: no such file or directory',
    },
  });
  const bridge = fakeBridge({ Dockerfile: 'FROM a\n' }, { input: () => Promise.reject(new TypeError('a bug')) });
  await assert.rejects(convertText('', options, bridge), TypeError);
});

test('the frontend tells what it answers, and refuses what it does not know', async () => {
  const answer = await ask('FROM scratch\n', 'subrequests.describe');
  const all = JSON.parse(answer.json) as { name: string; type: string; version: string }[];
  assert.deepEqual(
    all.map(({ name, type, version }) => [name, type, version]),
    [
      ['frontend.outline', 'rpc', '1.0.0'],
      ['frontend.targets', 'rpc', '1.0.0'],
      ['frontend.subrequests.describe', 'rpc', '1.0.0'],
    ],
  );
  assert.match(answer.text, /^NAME {17}VERSION DESCRIPTION\noutline {14}1\.0\.0 {3}List all/);
  for (const request of ['frontend.outlines', 'toString']) {
    await assert.rejects(convertText('FROM scratch\n', { requestid: request }), (error: Failed) => {
      assert.equal(error.failure.kind, 'subrequest-unsupported');
      assert.match(error.message, /^unsupported request .*: this frontend answers frontend\.subrequests\.describe, /);
      return true;
    });
  }
});
