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
    steps: [
      step('a', '[build 2/3] RUN make', 3000, { made: 7, peakMemory: 9 }),
      step('b', '[build 2/3] RUN make', 500, { image: 'web' }),
      step('c', '[build 3/3] RUN never', 0, { status: 'cached' }),
    ],
  });
  const history = History.open(path);
  const of = (vertex: string, name: string, image?: string) =>
    history.estimate({ vertex: digest(vertex), name, image });
  assert.deepEqual(of('a', 'anything', 'web'), { duration: 3000, memory: 9, made: 7 });
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
  await History.update(path, { startedAt: 1, steps: [failed()] });
  assert.equal(estimate(), undefined);
  await History.update(path, { startedAt: 2, steps: [step('a', '[1/1] RUN x', 700, { peakMemory: 10 })] });
  await History.update(path, { startedAt: 3, steps: [failed(50)] });
  await History.update(path, { startedAt: 4, steps: [failed(20)] });
  assert.deepEqual(estimate(), { duration: 700, memory: 50 });
  await History.update(path, { startedAt: 5, steps: [step('a', '[1/1] RUN x', 700, { peakMemory: 30 })] });
  assert.deepEqual(estimate(), { duration: 700, memory: 30 });
});

test('the middle of the last five counts, so one slow day does not', async () => {
  const path = folder();
  for (const took of [1, 1, 1, 1, 100, 110, 9000, 90, 95]) {
    await History.update(path, { startedAt: took, steps: [step('a', '[1/1] RUN x', took)] });
  }
  assert.equal(History.open(path).estimate({ vertex: digest('a'), name: '' })?.duration, 100);
});

test('updates at the same time are all kept, and a broken file is as good as none', async () => {
  const path = folder();
  mkdirSync(path);
  writeFileSync(join(path, 'history.json'), '{"version":1,"vert');
  const letters = [...'abcdefghijklmnop'];
  await Promise.all(
    letters.map((letter, i) =>
      History.update(path, { startedAt: i, steps: [step(letter, `[1/1] RUN ${letter}`, i + 1)] }),
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
  await History.update(path, { startedAt: 1, steps: many(0) });
  await History.update(path, { startedAt: 2, steps: many(6000) });
  const history = History.open(path);
  const known = (i: number) => history.estimate({ vertex: 'sha256:none', name: `[1/1] RUN ${i}`, image: 'api' });
  assert.ok(known(11_999));
  assert.ok(known(6000));
  assert.equal(known(4500), undefined);
  assert.ok(statSync(join(path, 'history.json')).size < 2 << 20);
});
