import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { digest } from '../ui/recorded.fixture.ts';
import { History } from './history.ts';
import type { RecordedStep } from './record.ts';

const scratch = mkdtempSync(join(tmpdir(), 'monokit-history-'));
after(() => rmSync(scratch, { recursive: true }));
const machine = { cpus: 4 };
let folders = 0;
const folder = () => join(scratch, String(folders++));

const step = (vertex: string, name: string, took: number, more: Partial<RecordedStep> = {}): RecordedStep => ({
  vertex: digest(vertex),
  name,
  image: 'api',
  wantedBy: ['api'],
  uses: 1,
  inputs: [],
  status: 'run',
  startedAt: 100,
  endedAt: 100 + took,
  ...more,
});

test('a step is known by its digest, then by its text in the image, then by its text', async () => {
  const path = folder();
  await History.update(path, {
    startedAt: 1,
    machine,
    steps: [
      step('a', '[build 2/3] RUN make', 3000, { made: 7, peakMemory: 9 }),
      step('b', '[build 2/3] RUN make', 500, { image: 'web' }),
      step('c', '[build 3/3] RUN never', 0, { status: 'cached' }),
    ],
  });
  const history = History.open(path);
  const of = (vertex: string, name: string, image?: string) =>
    history.estimate({ vertex: digest(vertex), name, image });
  assert.deepEqual(of('a', 'anything', 'web'), { duration: 3000, busy: 1, memory: 9, made: 7 });
  // Other content, another number, the same text.
  assert.equal(of('x', '[build 4/5] RUN make', 'web')?.duration, 500);
  assert.equal(of('x', '[build 4/5] RUN make', 'api')?.duration, 3000);
  assert.ok(of('x', '[build 4/5] RUN make', 'new'));
  assert.equal(of('x', '[test 4/5] RUN make', 'api'), undefined, 'another stage');
  assert.equal(of('c', '[build 3/3] RUN never', 'api'), undefined, 'it was not run');
});

test('a step that failed tells how much memory it needs, and nothing of its time', async () => {
  const path = folder();
  const failed = (peakMemory?: number) =>
    step('a', '[1/1] RUN x', 5, { status: 'failed', ...(peakMemory !== undefined && { peakMemory }) });
  const estimate = () => History.open(path).estimate({ vertex: digest('a'), name: '' });
  await History.update(path, { startedAt: 1, machine, steps: [failed()] });
  assert.equal(estimate(), undefined);
  await History.update(path, { startedAt: 2, machine, steps: [step('a', '[1/1] RUN x', 700, { peakMemory: 10 })] });
  await History.update(path, { startedAt: 3, machine, steps: [failed(50)] });
  await History.update(path, { startedAt: 4, machine, steps: [failed(20)] });
  assert.deepEqual(estimate(), { duration: 700, busy: 1, memory: 50 });
  await History.update(path, { startedAt: 5, machine, steps: [step('a', '[1/1] RUN x', 700, { peakMemory: 30 })] });
  assert.deepEqual(estimate(), { duration: 700, busy: 1, memory: 30 });
});

test('the last time counts, within what is usual for the last five: one slow day does not', async () => {
  const path = folder();
  const after = async (...all: readonly number[]) => {
    for (const took of all) {
      await History.update(path, { startedAt: took, machine, steps: [step('a', '[1/1] RUN x', took)] });
    }
    return History.open(path).estimate({ vertex: digest('a'), name: '' })?.duration;
  };
  assert.equal(await after(1, 1, 1, 1, 100, 110, 9000, 90, 95), 95);
  assert.equal(await after(9000), 2 * 110);
  assert.equal(await after(100, 10), 95 / 2);
});

test('a step is remembered as it is by itself, and how much of that it wants a processor', async () => {
  const path = folder();
  const steps = [step('a', 'RUN a', 4000, { cpuTime: 2000 }), step('b', 'RUN b', 4000, { cpuTime: 2000 })];
  await History.update(path, { startedAt: 1, machine: { cpus: 1 }, steps });
  const { duration, busy } = History.open(path).estimate({ vertex: digest('a'), name: '' })!;
  assert.ok(duration >= 2000 && duration < 2500 && busy > 0.9, `${duration} ${busy}`);
});

test('a step that was found though one before it ran is expected to be so after that one, until it runs', async () => {
  const path = folder();
  const first = (name: string, more: Partial<RecordedStep> = {}) => step(name, `COPY ${name}`, 10, more);
  const make = (more: Partial<RecordedStep> = {}) =>
    step('b', 'RUN b', 20, { inputs: [digest('a'), digest('o')], ...more });
  const last = (more: Partial<RecordedStep> = {}) => step('c', 'RUN c', 30, { inputs: [digest('b')], ...more });
  const update = (...steps: RecordedStep[]) => History.update(path, { startedAt: 1, machine, steps });
  const unmoved = (...after: string[]) =>
    ['b', 'c'].map(
      (name) => History.open(path).estimate({ vertex: digest(name), name: '', after: after.map(digest) })?.unmoved,
    );
  const cached = { status: 'cached' } as const;
  const needless = { status: 'needless' } as const;
  await update(first('a'), first('o'), make(), last());
  assert.deepEqual(unmoved('a'), [undefined, undefined]);
  await update(first('a'), first('o', cached), make(cached), last(needless));
  assert.deepEqual(unmoved('a'), [true, true]);
  assert.deepEqual(unmoved('o'), [undefined, undefined], 'another change may well move it');
  assert.deepEqual(unmoved('a', 'o'), [undefined, undefined]);
  await update(first('a', cached), first('o'), make(), last(cached));
  assert.deepEqual(unmoved('a'), [true, true]);
  assert.deepEqual(unmoved('o'), [undefined, true]);
  await update(first('a'), first('o', cached), make(), last());
  assert.deepEqual(unmoved('a'), [undefined, undefined]);
  await update(
    { ...first('a'), name: '[internal] load build context' },
    first('o', cached),
    make(cached),
    last(cached),
  );
  assert.deepEqual(unmoved('a'), [undefined, undefined], 'a look at a folder is no cause');
});

test('updates at the same time are all kept, and a broken file is as good as none', async () => {
  const path = folder();
  mkdirSync(path);
  writeFileSync(join(path, 'history.json'), '{"version":1,"vert');
  const letters = [...'abcdefghijklmnop'];
  await Promise.all(
    letters.map((letter, i) =>
      History.update(path, { startedAt: i, machine, steps: [step(letter, `[1/1] RUN ${letter}`, i + 1)] }),
    ),
  );
  const history = History.open(path);
  assert.deepEqual(
    letters.map((letter) => history.estimate({ vertex: digest(letter), name: '' })?.duration),
    letters.map((_, i) => i + 1),
  );
});

test('it stays small: the oldest go first', async () => {
  const path = folder();
  const many = (from: number) =>
    Array.from({ length: 6000 }, (_, i) => ({
      ...step('a', `[1/1] RUN ${from + i}`, 5),
      vertex: `sha256:${String(from + i)
        .padStart(20, '0')
        .padEnd(64, '0')}` as const,
    }));
  await History.update(path, { startedAt: 1, machine, steps: many(0) });
  await History.update(path, { startedAt: 2, machine, steps: many(6000) });
  const history = History.open(path);
  const known = (i: number) => history.estimate({ vertex: 'sha256:none', name: `[1/1] RUN ${i}`, image: 'api' });
  assert.ok(known(11_999));
  assert.ok(known(6000));
  assert.equal(known(4500), undefined);
  assert.ok(statSync(join(path, 'history.json')).size < 2 << 20);
});
