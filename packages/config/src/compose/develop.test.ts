import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serviceWatch } from './develop.ts';

const world = {
  folder: '/project',
  fromFiles: new Map<string, string>(),
  lookUp: () => undefined,
  placeOf: () => ({ file: 'compose.yaml', range: { start: { line: 1, column: 1 }, end: { line: 1, column: 1 } } }),
};

test('a port is there as it is where it has the same number outside, at any address', () => {
  const same: unknown[] = [
    8080,
    '8080',
    '8080:8080',
    '8080:8080/udp',
    '8080-8090:8080-8090',
    '0.0.0.0:80:80',
    '[::]:80:80',
    { target: 80 },
    { target: 80, published: '80', protocol: 'tcp' },
  ];
  const other: unknown[] = [
    '8080:80',
    '127.0.0.1:80:80',
    '[::1]:80:80',
    '127.0.0.1::80',
    { target: 80, published: 8080 },
    { target: 80, published: 80, host_ip: '127.0.0.1' },
  ];
  for (const port of [...same, ...other]) {
    const { ports, notObeyed } = serviceWatch({ ports: [port] }, world);
    assert.deepEqual([ports!.map((each) => each.same), notObeyed], [[same.includes(port)], []], JSON.stringify(port));
  }
  const texts = serviceWatch({ ports: other }, world).ports!.map(({ text }) => text);
  assert.deepEqual(texts.slice(3), ['127.0.0.1::80', '8080:80', '127.0.0.1:80:80']);
});

test('what a container here does without is named', () => {
  const { notObeyed, watch } = serviceWatch(
    { command: 'serve', volumes: ['./a:/a'], restart: 'always', labels: {}, 'x-own': 1 },
    world,
  );
  assert.deepEqual([notObeyed, watch], [['volumes', 'restart'], { command: 'serve' }]);
});
