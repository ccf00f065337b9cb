// What is wrong is told with file, line, column and the nearest name; what is strange is warned of.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DockerfileFailure } from '../../packages/engine/src/frontend/dockerfile/failure.ts';
import { unmarshalOp } from '../../packages/engine/src/llb/op.ts';
import { Failed, failedOf } from '../../packages/engine/src/std/failed.ts';
import { cases, convertText, fakeBridge, optionsOf } from './fixture.ts';

async function failureOf(text: string | Uint8Array, options: Readonly<Record<string, string>> = {}) {
  const error = await convertText(text, options).then(
    () => undefined,
    (error: unknown) => error,
  );
  assert.ok(error instanceof Failed, `${String(text).slice(0, 60)}: ${String(error)}`);
  return error.failure as DockerfileFailure;
}

const mistakes: readonly [text: string, message: string][] = [
  ['FROM a\nCOPPY x y\n', 'Dockerfile:2:1: unknown instruction: COPPY (did you mean COPY?)'],
  ['FROM a\ncoppy x y\n', 'Dockerfile:2:1: unknown instruction: coppy (did you mean copy?)'],
  ['FROM a\nCOPY --form=b \\\n  x y\n', 'Dockerfile:2:6: unknown flag: --form (did you mean from?)'],
  ['FROM a\nCOPY --link=maybe x y\n', 'Dockerfile:2:6: expecting boolean value for flag --link, not: maybe'],
  ['FROM a\nCOPY --chown x y\n', 'Dockerfile:2:6: missing a value on flag: --chown'],
  ['FROM a\nCOPY --chown=a --chown=b x y\n', 'Dockerfile:2:6: duplicate flag specified: --chown'],
  [
    'FROM a\nCOPY x\n',
    'Dockerfile:2:6: COPY requires at least two arguments, but only one was provided. Destination could not be determined',
  ],
  ['FROM a\nCOPY [1, 2]\n', 'Dockerfile:2:6: when using JSON array syntax, arrays must be comprised of strings only'],
  [
    'FROM a\nCOPY --from=$x a b\n',
    'Dockerfile:2:13: variable expansion is not supported for --from, define a new stage with FROM using ARG from global scope as a workaround',
  ],
  ['FROM a\nCOPY https://x/y /\n', "Dockerfile:2:6: source can't be a URL for COPY"],
  ['FROM a\nADD --checksum=sha256:0 x /\n', 'Dockerfile:2:25: checksum requires HTTP(S) or Git sources'],
  [
    'FROM a\nCOPY --chmod=9 x /\n',
    "Dockerfile:2:14: invalid chmod parameter: '9'. it should be octal string and between 0 and 07777",
  ],
  [
    'FROM a\nRUN --mount=type=cache,target=/x,sharing=sharred true\n',
    'Dockerfile:2:34: unsupported sharing value "sharred" (did you mean shared?)',
  ],
  [
    'FROM a\nRUN --mount=from=$x,target=/y true\n',
    "Dockerfile:2:13: 'from' doesn't support variable expansion, define alias stage instead",
  ],
  ['FROM a\nRUN --network=hosts true\n', 'Dockerfile:2:15: invalid network mode "hosts" (did you mean host?)'],
  ['FROM a\nRUN --mount=target=/ true\n', 'Dockerfile:2:20: invalid mount target "/"'],
  ['FROM a AS b\nCOPY --from=b x y\n', 'Dockerfile:2:1: circular dependency detected on stage: b'],
  ['FROM a AS b extra\n', 'Dockerfile:1:6: FROM requires either one or three arguments'],
  [
    'FROM --platform=linux/amd64/v1/x a\n',
    'Dockerfile:1:17: failed to parse platform linux/amd64/v1/x: "linux/amd64/v1/x" is not a platform: write os/arch or os/arch/variant, as in linux/amd64',
  ],
  ['ARG T=x\nFROM ${T:?}${U:?which}\n', 'Dockerfile:2:6: failed to process "${T:?}${U:?which}": U: which'],
  ['FROM a\nUSER\n', 'Dockerfile:2:1: USER requires exactly one argument'],
  ['FROM a\nVOLUME [""]\n', 'Dockerfile:2:1: VOLUME specified cannot be an empty string'],
  ['FROM a\nSTOPSIGNAL SIGTREM\n', 'Dockerfile:2:12: invalid signal: SIGTREM (did you mean SIGTERM?)'],
  ['FROM a\nLABEL a=b c\n', 'Dockerfile:2:11: Syntax error - can\'t find = in "c". Must be of the form: name=value'],
  ['FROM a\nHEALTHCHECK --retries=x CMD y\n', 'Dockerfile:2:23: --retries is not a whole number: x'],
  [
    'FROM a\nRUN --device=v.com/x,requierd=1 true\n',
    "Dockerfile:2:22: unexpected key 'requierd' in 'requierd=1' (did you mean required?)",
  ],
  ['# syntax=example.com/x:1\nFROM a\n', 'Dockerfile:1:10: there is no other frontend here'],
  ['FROM a\nRUN --mount=type=cache true\n', 'Dockerfile:2:5: invalid mount target "/": target= says where to mount'],
  ['# check=skipp=all\nFROM a\n', 'Dockerfile:1:9: invalid check option "skipp" (did you mean skip?)'],
  [
    'FROM Foo\n',
    'Dockerfile:1:6: failed to parse stage name "Foo": invalid reference format: repository name must be lowercase',
  ],
  ['FROM a\nRUN <<-EOF\nx\n', 'Dockerfile:2:5: unterminated heredoc: no line below is EOF and nothing else'],
  ['FROM a\nENV x\n', 'Dockerfile:2:5: ENV must have two arguments, as in ENV x=value'],
  ['a\0b', 'Dockerfile:1:1: this is not a text file: it has NUL bytes'],
];

test('mistakes are told with their place', async () => {
  for (const [text, message] of mistakes) assert.equal((await failureOf(text)).message, message);
});

test('all instructions that cannot be read are told at once', async () => {
  const failure = await failureOf('FROM a\nCOPPY x y\nRUN true\nENV x\nFROM\nRUN <<EOF\n');
  assert.ok(failure.kind === 'dockerfile-invalid');
  assert.deepEqual(failure.diagnostics.map(({ range }) => range?.start.line).toSorted(), [2, 4, 5, 6]);
});

test('conformance cases that fail in the frontend say what they must', async () => {
  let checked = 0;
  for (const name of readdirSync(cases).filter((each) => each.startsWith('error-'))) {
    const { errorIncludes } = JSON.parse(readFileSync(join(cases, name, 'case.json'), 'utf8')) as {
      errorIncludes: string[];
    };
    const file = join(cases, name, 'Dockerfile');
    if (!existsSync(file)) continue;
    const error = await convertText(readFileSync(file), optionsOf(name)).then(
      () => undefined,
      (error: Error) => error,
    );
    if (!error) continue; // fails when it is built
    for (const text of errorIncludes) assert.ok(error.message.includes(text), `${name}: ${error.message}`);
    checked++;
  }
  assert.ok(checked >= 22, `only ${checked}`);
});

test('the official syntax is built in, whatever its version', async () => {
  for (const syntax of [
    'docker/dockerfile:1',
    'docker.io/docker/dockerfile:1.7-labs',
    'docker/dockerfile-upstream:master',
  ]) {
    await convertText(`# syntax=${syntax}\nFROM scratch\n`);
  }
});

test('options that cannot be are refused', async () => {
  const options: readonly [name: string, value: string, message: RegExp][] = [
    ['platfrom', 'linux/amd64', /unknown option platfrom \(did you mean platform\?\)/],
    ['platform', 'linux/', /failed to parse target platform linux\//],
    ['image-resolve-mode', 'never', /invalid image-resolve-mode: never/],
    ['force-network-mode', 'bridge', /invalid netmode bridge/],
    ['add-hosts', 'a=nowhere', /failed to parse IP nowhere/],
    ['ulimit', 'nofile=2:1', /soft limit must be less than or equal to hard limit/],
    ['memory', '-1', /invalid memory value: -1/],
    ['multi-platform', 'perhaps', /invalid boolean value for multi-platform/],
    ['override-copy-image', 'x', /was removed in BuildKit 0.11/],
    ['build-arg:BUILDKIT_DISABLE_FILEOP', '1', /was removed in BuildKit 0.11/],
  ];
  for (const [name, value, message] of options) {
    const failure = await failureOf('FROM scratch\n', { [name]: value });
    assert.equal(failure.kind, 'dockerfile-option', name);
    assert.match(failure.message, message);
  }
});

test('what a registry says stays inside of what is told, with the place', async () => {
  const bridge = fakeBridge(
    { Dockerfile: 'FROM golng:1\nRUN x\n' },
    {
      resolveImage: async () => {
        throw new Failed({ kind: 'registry-missing', message: 'not found' });
      },
    },
  );
  await assert.rejects(convertText('', {}, bridge), (error: Error) => {
    assert.equal(error.message, 'Dockerfile:1:6: golng:1: not found');
    return failedOf(error, 'registry-missing') !== undefined;
  });
});

test('the rules find what the conformance case has them find', async () => {
  const { warnings } = await convertText(readFileSync(join(cases, 'check-rules/Dockerfile')));
  const found = warnings.map(({ diagnostic }) => diagnostic.code);
  for (const rule of [
    'StageNameCasing',
    'MaintainerDeprecated',
    'FromAsCasing',
    'ConsistentInstructionCasing',
    'DuplicateStageName',
  ]) {
    assert.ok(found.includes(rule), rule);
  }
});

test('devices are what BuildKit makes of them', async () => {
  const text = 'FROM busybox\nRUN --device=v.com/x=y --device=name=a.b/c,required true\n';
  const { images } = await convertText(text);
  const exec = unmarshalOp(images[0]!.definition.ops[1]!);
  assert.deepEqual(exec.kind === 'exec' && exec.cdiDevices, [
    { name: 'v.com/x=y', optional: true },
    { name: 'a.b/c', optional: false },
  ]);
});

test('a target, a Dockerfile and a build argument that are misspelt are told with what is near', async () => {
  const one = await failureOf('FROM scratch AS base\n', { target: 'bsae' });
  assert.equal(one.message, 'Dockerfile: target stage "bsae" could not be found (did you mean base?)');
  const other = await failureOf('FROM scratch AS base\n', { target: 'zzzz' });
  assert.equal(other.kind === 'dockerfile-invalid' && other.diagnostics[0].hint, 'the stages are base');
  const bridge = fakeBridge({}, { readDir: async () => ['Dockerfile', 'Makefile'] });
  await assert.rejects(
    convertText('', { filename: 'Dockerfil' }, bridge),
    /open Dockerfil: .* \(did you mean Dockerfile\?\)/,
  );
  const options = { 'build-arg:VERSON': '1', 'build-arg:OTHER': '1', 'build-arg:HTTP_PROXY': 'x' };
  const { warnings } = await convertText('FROM scratch\nARG VERSION HTTPS_PROXY\n', options);
  assert.deepEqual(
    warnings.map(({ diagnostic }) => diagnostic.message),
    ['No ARG declares the build argument VERSON (did you mean VERSION?)'],
  );
});

test('undefined variables are warned of with what is near', async () => {
  const { warnings } = await convertText('FROM busybox\nENV VERSION=1\nCOPY a$VERSON /\n');
  assert.deepEqual(
    warnings.map(({ diagnostic }) => [diagnostic.code, diagnostic.message, diagnostic.range?.start.line]),
    [['UndefinedVar', "Usage of undefined variable '$VERSON' (did you mean $VERSION?)", 3]],
  );
});

test('rules can be skipped, for a file, a build or an instruction', async () => {
  const text = 'FROM scratch AS Base\n';
  assert.equal((await convertText(text)).warnings.length, 1);
  assert.equal((await convertText(`# check=skip=StageNameCasing\n${text}`)).warnings.length, 0);
  assert.equal((await convertText(text, { 'build-arg:BUILDKIT_DOCKERFILE_CHECK': 'skip=all' })).warnings.length, 0);
  assert.equal((await convertText(`\n# check=skip=StageNameCasing\n${text}`)).warnings.length, 0);
  await assert.rejects(convertText(`# check=error=true\n${text}`), /lint violation found for rules: StageNameCasing/);
  await assert.rejects(convertText(`# check=skipp=all\n${text}`), /invalid check option "skipp"/);
});
