import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MachineWatch } from './machine.ts';

test('processors, memory and network are told of the last second, and looked at once a second', () => {
  let looks = 0;
  let [idle, busy, received] = [1000, 500, 10_000];
  const files: Record<string, () => string> = {
    '/proc/stat': () => (looks++, `cpu  ${busy} 0 0 ${idle} 0 0 0 0 7 0\ncpu0 1 2 3 4\n`),
    '/proc/meminfo': () => 'MemTotal:  8000 kB\nMemFree: 1 kB\nMemAvailable:  6000 kB\n',
    '/proc/net/dev': () => `Inter-| Receive\n face |bytes\n    lo: 999999 1 0\n  eth0: ${received} 3 0\n`,
  };
  const watch = new MachineWatch((path) => files[path]!());
  assert.equal(watch.look(0), undefined);
  [idle, busy, received] = [1100, 800, 30_000];
  assert.equal(watch.look(999), undefined);
  assert.deepEqual(watch.look(2000), {
    cpu: 0.75,
    memory: { used: 2000 * 1024, total: 8000 * 1024 },
    received: 10_000,
  });
  watch.look(2500);
  assert.equal(looks, 2);
});

test('where the kernel does not tell, nothing is told', () => {
  const watch = new MachineWatch(() => {
    throw new Error('no such file');
  });
  assert.equal(watch.look(0), undefined);
  assert.equal(watch.look(2000), undefined);
});
