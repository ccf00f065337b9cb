import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { availableMemory, machineBudget, usualNeeds } from './machine.ts';

/** A machine in files. */
function machine(files: Readonly<Record<string, string>>) {
  const root = mkdtempSync(join(tmpdir(), 'monokit-machine-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

const meminfo = 'MemTotal:       16000000 kB\nMemAvailable:    8000000 kB\n';

test('memory is what is available, or what the groups of this process may have', () => {
  {
    using plain = machine({ 'proc/meminfo': meminfo });
    assert.equal(availableMemory(plain.root), 8_000_000 * 1024);
  }
  {
    // v2: a group's own limit and those above it.
    using v2 = machine({
      'proc/meminfo': meminfo,
      'proc/self/cgroup': '0::/ci/job\n',
      'sys/fs/cgroup/ci/job/memory.max': 'max\n',
      'sys/fs/cgroup/ci/memory.max': '1000000\n',
    });
    assert.equal(availableMemory(v2.root), 1_000_000);
  }
  {
    // v1, in a container that knows its path on the host only.
    using v1 = machine({
      'proc/meminfo': meminfo,
      'proc/self/cgroup': '5:cpu:/\n4:memory:/docker/abc\n0::/\n',
      'sys/fs/cgroup/memory/memory.limit_in_bytes': '2000000\n',
    });
    assert.equal(availableMemory(v1.root), 2_000_000);
  }
});

test('a process of which nothing is known takes a part that leaves room for eight, or one for each processor', () => {
  assert.deepEqual(usualNeeds({ cpu: 2000, memory: 2 ** 33 }), { cpu: 250, memory: 2 ** 28 });
  assert.deepEqual(usualNeeds({ cpu: 16_000, memory: 2 ** 31 }), { cpu: 1000, memory: 2 ** 27 });
  assert.equal(machineBudget({ bytes: 5 }).memory, 5);
});
