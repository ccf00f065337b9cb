import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRecord } from './is-record.ts';
import type { RunRecord } from './record.ts';
import { newRunId } from './run-id.ts';

const record: RunRecord = {
  version: 1,
  id: newRunId(1_767_323_045_000),
  command: ['build', 'all'],
  root: '/work',
  selection: ['api'],
  startedAt: 1_767_323_045_000,
  monokit: '0.1.0',
  machine: { cpus: 2, memory: 8e9, platform: 'linux/x64' },
  images: [{ id: 'api', status: 'built' }],
  steps: [
    {
      vertex: 'sha256:1',
      name: '[1/1] RUN make',
      image: 'api',
      wantedBy: ['api'],
      uses: 1,
      inputs: [],
      status: 'run',
      log: { pieces: [[0, 3]], length: 3, lines: 1 },
    },
  ],
  failures: [{ images: ['api'], blocked: [], message: 'exit code: 1', because: [], exitCode: 1 }],
  warnings: [{ code: 'JSONArgsRecommended', message: 'use []', file: 'Dockerfile', line: 3 }],
};

test('a record is one, with all that may be absent left out', () => {
  assert.ok(isRecord(record));
  assert.ok(isRecord(JSON.parse(JSON.stringify(record))));
});

test('what a command would stumble over is no record', () => {
  const [step] = record.steps;
  const others: unknown[] = [
    null,
    [],
    { ...record, version: 2 },
    { ...record, images: undefined },
    { ...record, images: [{ id: 'api', status: 'lost' }] },
    { ...record, machine: null },
    { ...record, command: [1] },
    { ...record, steps: [{ ...step, wantedBy: 'api' }] },
    { ...record, steps: [{ ...step, log: { pieces: [[-1, 3]], length: 3, lines: 1 } }] },
    { ...record, failures: [{ images: ['api'] }] },
  ];
  for (const [i, other] of others.entries()) assert.equal(isRecord(other), false, String(i));
});

test('an id that leads to another file is no run’s', () => {
  for (const id of ['../../etc/passwd', '', '01m8368g5fse57z/']) assert.equal(isRecord({ ...record, id }), false, id);
});
