// What a command line ends with, and that the last line says what it means.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { commands } from '../../packages/cli/src/commands.ts';
import { exitCodes } from '../../packages/cli/src/exit-codes.ts';
import { projectRoot, Rig } from '../rig/rig.ts';

const lastLine = (text: string) => text.trimEnd().split('\n').at(-1);

test('0 says nothing, 1 and 2 say what they mean on the last line', async () => {
  await using rig = await Rig.open({
    Dockerfile: 'FROM busybox\nRUN exit 3\n',
    'good/Dockerfile': 'FROM scratch\nCOPY Dockerfile /\n',
    'none/file': '',
    'odd/Dockerfile': 'from scratch as A\nCOPY Dockerfile /\n',
  });
  const good = await rig.cli(['build', 'good']);
  assert.equal(good.code, 0);
  assert.doesNotMatch(good.stderr, /^exit/m);

  const failed = await rig.cli(['build', ...rig.busybox, '.']);
  assert.equal(failed.code, 1);
  assert.equal(lastLine(failed.stderr), 'exit 1: an image could not be built');
  assert.match((await rig.cli(['build', './none'])).stderr, / Cache: {2}-\n/, 'nothing was looked up');

  for (const args of [['build', '--no-such-flag'], ['bild'], ['build', 'nowhere']]) {
    const mistyped = await rig.cli(args);
    assert.equal(mistyped.code, 2, mistyped.stderr);
    assert.equal(lastLine(mistyped.stderr), 'exit 2: a mistake in what was typed or in the config');
  }

  for (const args of [
    ['lint', 'odd'],
    ['build', '--check', 'odd'],
  ]) {
    const linted = await rig.cli(args);
    assert.equal(linted.code, 1);
    assert.equal(lastLine(linted.stderr), 'exit 1: something was found');
  }
});

test('words that a command does not take are refused, and flags that it has not are told with its name', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' });
  await rig.ok(['build', '.']);
  const { stdout: before } = await rig.ok(['du', '--json']);
  for (const name of ['du', 'prune', 'doctor', 'init', 'schema']) {
    const { code, stdout, stderr } = await rig.cli([name, 'everything']);
    assert.deepEqual([code, stdout], [2, ''], name);
    assert.match(stderr, new RegExp(`^error: ${name} takes no words, got everything\n  \\w`));
  }
  assert.equal((await rig.ok(['du', '--json'])).stdout, before, 'nothing was removed');
  for (const name of Object.keys(commands)) {
    const { code, stderr } = await rig.cli([name, '--xyzzy']);
    assert.equal(code, 2, name);
    assert.match(stderr, new RegExp(`^error: unknown flag --xyzzy\n  cli ${name} --help lists the flags\n`));
  }
});

test('129, 130 and 143 say who stopped it', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nRUN echo here && sleep 600\n' });
  for (const [signal, code, meaning] of [
    ['SIGINT', 130, 'stopped by Ctrl-C; a second one stops at once'],
    ['SIGHUP', 129, 'stopped because the terminal was closed'],
    ['SIGTERM', 143, 'stopped by SIGTERM'],
  ] as const) {
    const { child, done, told } = rig.start(['build', ...rig.busybox, '.']);
    await told(' here\n');
    child.kill(signal);
    const outcome = await done;
    assert.equal(outcome.code, code, outcome.stderr);
    assert.equal(lastLine(outcome.stderr), `exit ${code}: ${meaning}`);
  }
});

test('quiet prints ids and digests, and nothing else on either stream', async () => {
  await using rig = await Rig.open({
    'buildkit.config.json': JSON.stringify({
      images: { one: { context: 'a', tags: ['acme/one:1'] }, two: { context: 'b' } },
    }),
    'a/Dockerfile': 'FROM scratch\nCOPY Dockerfile /\n',
    'b/Dockerfile': 'FROM scratch AS Odd\nCOPY Dockerfile /\n',
  });
  for (const time of ['first', 'second']) {
    const { stdout, stderr } = await rig.ok(['build', 'all', '-q']);
    const digest = /sha256:[0-9a-f]{64}/g;
    const lines = stdout.trimEnd().split('\n').sort();
    assert.deepEqual(
      lines.map((line) => line.replace(digest, 'D')),
      ['one\tacme/one:1@D', 'two\tD'],
      time,
    );
    assert.equal(stderr, '', time);
  }
});

test('docs and help list every code', () => {
  const page = readFileSync(join(projectRoot, 'docs/cli.md'), 'utf8');
  for (const code of Object.keys(exitCodes)) assert.match(page, new RegExp(`^\\| .*\\b${code}\\b.* \\|`, 'm'));
});
