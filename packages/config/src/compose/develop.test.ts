import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serviceWatch } from './develop.ts';

const world = {
  folder: '/project',
  fromFiles: new Map<string, string>(),
  volumes: { data: null, theirs: { external: true }, own: { name: 'other' } },
  lookUp: (name: string) => (name === 'HOME' ? '/home/me' : undefined),
  placeOf: () => ({ file: 'compose.yaml', range: { start: { line: 1, column: 1 }, end: { line: 1, column: 1 } } }),
};

test('what a container here does without is named', () => {
  const { notObeyed, watch } = serviceWatch(
    { command: 'serve', volumes: ['theirs:/a'], devices: [], labels: {}, 'x-own': 1 },
    world,
  );
  assert.deepEqual([notObeyed, watch], [['devices', 'volume theirs (external)'], { command: 'serve' }]);
});

test('volumes are those that are declared, and paths those of the folder of the project', () => {
  const { watch } = serviceWatch(
    {
      volumes: [
        './a:/a:ro',
        '~/b:/b',
        'own:/c',
        '/d',
        { type: 'bind', source: '../e', target: '/e', consistency: 'cached', bind: { selinux: 'z' } },
        { type: 'volume', source: 'data', target: '/f', 'x-own': 1 },
      ],
    },
    world,
  );
  assert.deepEqual(watch?.volumes, [
    '/project/a:/a:ro',
    '~/b:/b',
    'other:/c',
    '/d',
    { type: 'bind', source: '/e', target: '/e', bind: {} },
    { type: 'volume', source: 'data', target: '/f' },
  ]);
  const wrong = (volume: unknown) => serviceWatch({ volumes: [volume] }, world).wrong?.message;
  assert.equal(wrong('dara:/d'), 'volumes: there is no volume dara; did you mean data?');
  assert.equal(wrong('a/b:/d'), 'volumes: there is no volume a/b; declare it in volumes, at the top of the file');
  assert.match(wrong('data:d')!, /"d" is not an absolute path of the container/);
});

test('services that a container waits for, and what of that it does without', () => {
  const depends_on = {
    'my.db': { condition: 'service_healthy', required: true },
    job: { condition: 'service_completed_successfully', restart: true },
  };
  const { notObeyed, watch } = serviceWatch({ depends_on }, world);
  assert.deepEqual(watch?.dependsOn, { my_db: {}, job: { condition: 'service_completed_successfully' } });
  assert.deepEqual(notObeyed, [
    'depends_on my.db (service_healthy: it waits until that has started)',
    'depends_on job (restart)',
  ]);
  assert.deepEqual(serviceWatch({ depends_on: ['db'] }, world).watch?.dependsOn, ['db']);
  assert.match(serviceWatch({ depends_on: { db: { condition: 'later' } } }, world).wrong!.message, /service_started/);
});
