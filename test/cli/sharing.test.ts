// Fifty images share a base of six steps: it runs once, and the context is read once, whoever asks.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busyboxLayout } from '../rig/bases.ts';
import { Rig, type Outcome } from '../rig/rig.ts';
import type { Tree } from '../rig/tree.ts';

const count = 50;
const base = [
  'FROM busybox',
  ...[1, 2, 3].map((i) => `RUN echo ${i} >> /steps`),
  'COPY shared /shared',
  ...[4, 5].map((i) => `RUN echo ${i} >> /steps`),
];

function workspace(): Tree {
  const files: Record<string, Tree[string]> = { shared: { 'common.txt': 'common' } };
  for (let i = 0; i < count; i++) {
    files[`app${i}`] = { 'main.txt': `main ${i}` };
    files[`app${i}.Dockerfile`] = [...base, `COPY app${i} /app`, ''].join('\n');
    if (i < 10) files[`app${i}.Dockerfile.dockerignore`] = `app${(i + 1) % 10}\n`;
  }
  const images = Array.from(
    { length: count },
    (_, i) => `app${i}: { dockerfile: 'app${i}.Dockerfile', contexts: { busybox: 'oci-layout://${busyboxLayout()}' } }`,
  );
  files['buildkit.config.mjs'] = `export default { images: {\n${images.join(',\n')}\n} };\n`;
  return files;
}

/** Steps that began, by name, out of the events. */
function started({ stdout }: Outcome): string[] {
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string; step?: string; steps?: { step: string; name: string }[] });
  const names = new Map(
    events.flatMap(({ type, steps = [] }) =>
      (type === 'plan' ? steps : []).map(({ step, name }) => [step, name] as const),
    ),
  );
  return events.filter(({ type }) => type === 'step.start').map(({ step }) => names.get(step!) ?? step!);
}

const isBase = (name: string) => /RUN echo|COPY shared/.test(name);

test('fifty images run exactly the six steps of their base, cold, and read each folder once', async () => {
  await using rig = await Rig.open(workspace());
  const steps = started(await rig.ok(['build', 'all', '--json']));
  assert.equal(steps.filter(isBase).length, 6, steps.filter(isBase).join('\n'));
  assert.equal(steps.filter((name) => /COPY app/.test(name)).length, count);
});

test('two processes at once run the base once between them', async () => {
  await using rig = await Rig.open(workspace());
  const outcomes = await Promise.all([rig.ok(['build', 'all', '--json']), rig.ok(['build', 'all', '--json'])]);
  const steps = outcomes.flatMap(started);
  assert.equal(steps.filter(isBase).length, 6, steps.filter(isBase).join('\n'));
  assert.equal(steps.filter((name) => /COPY app/.test(name)).length, count);
});

test('who waits for another process’s step says so, and runs it if that process is gone', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM busybox\nRUN echo up && sleep 1000\n' });
  const args = ['build', ...rig.busybox, '.'];
  const first = rig.start([...args, '--progress', 'plain']);
  await first.told('up\n');
  const second = rig.start([...args, '--json']);
  await second.told('"type":"step.wait"');
  const third = rig.start([...args, '--progress', 'plain']);
  await third.told('waiting for another build that is at project [');
  for (const each of [third, first]) each.child.kill('SIGKILL');
  await second.told('"text":"up');
  second.child.kill('SIGTERM');
  await Promise.all([first.done, second.done, third.done]);
});
