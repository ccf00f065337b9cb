// The examples as the README has people build them, and what the programs in their images say.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { makeExampleBases } from './rig/bases.ts';
import { projectRoot } from './rig/rig.ts';

/** A line of `--json`. */
interface Line {
  readonly ts: string;
  readonly type: string;
  readonly image?: string;
  readonly status?: string;
  readonly step?: string;
}

interface Plan extends Line {
  readonly type: 'plan';
  readonly steps: readonly { readonly step: string; readonly name: string }[];
}

interface RunEnd extends Line {
  readonly type: 'run.end';
  readonly steps: { readonly run: number };
}

const images = ['api', 'base', 'hello', 'parallel', 'release', 'tool', 'web'];
const workers = ['worker-mail', 'worker-reports', 'worker-thumbnails'];
const scratch = mkdtempSync(join(tmpdir(), 'monokit-examples-'));
const root = (image: string) => join(scratch, 'roots', image);

before(makeExampleBases);
after(() => rmSync(scratch, { recursive: true, force: true }));

function build(...args: string[]): readonly Line[] {
  const cli = join(projectRoot, 'node_modules/.bin/cli');
  const all = ['build', ...args, '--json', '--cache-dir', join(scratch, 'cache')];
  const { status, stdout, stderr } = spawnSync(cli, all, {
    cwd: projectRoot,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  assert.equal(status, 0, `${stderr}${stdout.slice(-4000)}`);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

/** What became of each image, in the order of their names. */
function outcomes(lines: readonly Line[]): readonly string[] {
  const ends = lines.filter(({ type }) => type === 'image.end');
  return ends.map(({ image, status }) => `${image} ${status}`).toSorted();
}

/** Runs a program inside an image's files. */
function inside(image: string, ...command: string[]): string {
  const { status, stdout, stderr } = spawnSync('chroot', [root(image), ...command], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout;
}

test('all examples are built; the stages that sleep do so at the same time', () => {
  const lines = build('all');
  assert.deepEqual(
    outcomes(lines),
    [...images, ...workers].map((image) => `${image} built`),
  );
  const sleeps = lines
    .filter((line): line is Plan => line.type === 'plan')
    .flatMap(({ steps }) => steps.filter(({ name }) => name.includes('sleep 2')).map(({ step }) => step));
  assert.equal(sleeps.length, 4);
  const times = (type: string) =>
    lines.filter((line) => line.type === type && sleeps.includes(line.step!)).map(({ ts }) => Date.parse(ts));
  assert.ok(Math.max(...times('step.start')) < Math.min(...times('step.end')));
});

test('the second time nothing runs, neither for the images nor for folders with their files', () => {
  const outputs = [...images, ...workers].flatMap((image) => [
    '--set',
    `${image}.output=type=local,dest=${root(image)}`,
  ]);
  for (const flags of [[], outputs]) {
    const lines = build('all', ...flags);
    assert.deepEqual(
      outcomes(lines),
      [...images, ...workers].map((image) => `${image} cached`),
    );
    assert.equal((lines.at(-1) as RunEnd).steps.run, 0);
  }
});

test('the programs in the images say what they should', () => {
  assert.equal(inside('parallel', 'cat', '/a', '/b', '/c', '/d'), 'a\nb\nc\nd\n');
  assert.equal(inside('hello', 'sh', '-c', 'cat /greetings/*'), 'hello\nsaluton\nbonjour\n');
  assert.equal(inside('tool', '/tool', 'you'), 'hello from a program with nothing else in its image, you\n');
  assert.deepEqual(readdirSync(root('tool')), ['tool']);
  assert.match(readFileSync(join(root('web'), 'www/index.html'), 'utf8'), /<li>one graph<\/li>/);
  for (const worker of workers) {
    const queue = worker.slice('worker-'.length);
    assert.match(inside(worker, 'node', '/app/src/worker.mjs'), new RegExp(`worker: waits for ${queue}\n$`));
  }
  const sums = spawnSync('sha256sum', ['--check', 'release.sha256'], { cwd: root('release') });
  assert.equal(sums.status, 0);
});

test('the service answers', async () => {
  const server = spawn('chroot', [root('api'), 'node', '/app/src/server.mjs'], { env: { ...process.env, PORT: '0' } });
  try {
    for await (const line of createInterface(server.stdout)) {
      const port = /listens on port (\d+)/.exec(line)?.[1];
      if (port === undefined) continue;
      const response = await fetch(`http://127.0.0.1:${port}/you`);
      assert.equal(await response.text(), 'Hello, you!\n');
      return;
    }
    assert.fail('the service ended');
  } finally {
    server.kill();
  }
});
