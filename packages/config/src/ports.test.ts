import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WatchPort } from './config.ts';
import { readPorts } from './ports.ts';

test('ports are read as compose reads them', () => {
  const read = (...ports: readonly (string | number | WatchPort)[]) =>
    readPorts({ ports }).map(
      ({ address, published, target, protocol }) => `${address ?? '*'} ${published ?? '-'} ${target} ${protocol}`,
    );
  assert.deepEqual(
    read(
      8080,
      '3000',
      '8080:80',
      '127.0.0.1:8080:80',
      '127.0.0.1::80',
      '[::1]:8080:80',
      '::1:8080:80',
      '0.0.0.0:81:80',
      '53:5353/udp',
      { target: 80, published: '8080', host_ip: '127.0.0.1' },
      { target: '80' },
    ),
    [
      '* - 8080 tcp',
      '* - 3000 tcp',
      '* 8080 80 tcp',
      '127.0.0.1 8080 80 tcp',
      '127.0.0.1 - 80 tcp',
      '::1 8080 80 tcp',
      '::1 8080 80 tcp',
      '* 81 80 tcp',
      '* 53 5353 udp',
      '127.0.0.1 8080 80 tcp',
      '* - 80 tcp',
    ],
  );
  assert.deepEqual(read('8000-8001:80-81'), ['* 8000 80 tcp', '* 8001 81 tcp']);
});

test('what is no port is refused', () => {
  for (const [port, why] of [
    ['http', /"http" is not a port: write 8080:80/],
    ['0:80', /"0" is neither a port nor a range of ports/],
    ['80:70000', /"70000" is neither a port nor a range of ports/],
    ['8000-8002:80', /both sides need as many ports/],
    ['80:80/sctp', /sctp is neither tcp nor udp/],
    ['300.1.1.1:80:80', /"300\.1\.1\.1" is not an address/],
  ] as const) {
    assert.throws(() => readPorts({ ports: port }), why);
  }
});
