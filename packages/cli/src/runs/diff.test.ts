import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { diffRuns, diffText } from './diff.ts';
import type { RecordedStep, RunRecord } from './record.ts';
import type { KeptRun } from './runs-here.ts';

const stream = new PassThrough() as unknown as NodeJS.WriteStream;

function run(
  id: string,
  { status, ...more }: Pick<RecordedStep, 'status'> & Pick<Partial<RunRecord>, 'code' | 'timedOut'>,
): KeptRun {
  const digest = status === 'run' ? { digest: `sha256:${'a'.repeat(64)}`, size: 1 } : {};
  const step: RecordedStep = {
    vertex: `sha256:${'1'.repeat(64)}`,
    name: '[1/1] RUN make',
    image: 'api',
    wantedBy: ['api'],
    uses: 1,
    inputs: [],
    status,
    startedAt: 1000,
    endedAt: 3000,
  };
  const record: RunRecord = {
    version: 1,
    id,
    command: ['build'],
    root: '/w',
    selection: ['api'],
    startedAt: 0,
    endedAt: 4000,
    monokit: '1',
    machine: { cpus: 1, memory: 1, platform: 'linux/x64' },
    images: [{ id: 'api', status: status === 'run' ? 'built' : 'cancelled', ...digest }],
    steps: [step],
    failures: [],
    warnings: [],
    ...more,
  };
  return { record, path: '/state/run.json', isRunning: false } as KeptRun;
}

const shown = (a: KeptRun, b: KeptRun) => diffText(diffRuns(a, b), stream).split('\n').slice(1).join('\n');

test('a run whose time was up is no failure of a step: what it was at is told', () => {
  const ok = run('a', { status: 'run', code: 0 });
  const late = run('b', { status: 'cancelled', code: 1, timedOut: 'timed out after 3s' });
  assert.equal(
    shown(ok, late),
    `a    ok                  4.0s          cli build
b    timed out after 3s  4.0s          cli build

Images that differ
  ~ api  sha256:aaaaaaaaaaaa → cancelled

Ran in the first only
  api:1  [1/1] RUN make  2.0s, cancelled in the other run

Stopped in the second
  api:1  [1/1] RUN make  after 2.0s
`,
  );
});

test('runs that were stopped built nothing that could be the same', () => {
  const stopped = (id: string) => run(id, { status: 'cancelled', code: 130 });
  assert.match(shown(stopped('a'), stopped('b')), /Stopped in the first\n {2}api:1 .*\n\nStopped in the second\n/);
  const ok = (id: string) => run(id, { status: 'run', code: 0 });
  assert.match(shown(ok('a'), ok('b')), /They built the same images, and ran the same steps in the same time\.\n$/);
  const failed = (id: string) => run(id, { status: 'run', code: 1 });
  assert.match(shown(failed('a'), failed('b')), /They came to the same end with each image, and ran the same steps/);
});
