import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findCgroups } from './cgroup.ts';

test('a machine has cgroups of version 2, of version 1, of both, or none', () => {
  const v2 = 'cgroup2 /sys/fs/cgroup cgroup2 rw 0 0';
  const v1 = 'cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\ncgroup /sys/fs/cgroup/pids cgroup rw,pids 0 0';
  const unified = 'cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0';
  assert.deepEqual(findCgroups(`proc /proc proc rw 0 0\n${v2}\n`), { kind: 'v2', hierarchies: ['/sys/fs/cgroup'] });
  assert.deepEqual(findCgroups(v1), { kind: 'v1', hierarchies: ['/sys/fs/cgroup/memory', '/sys/fs/cgroup/pids'] });
  assert.deepEqual(findCgroups(`${v1}\n${unified}`), {
    kind: 'hybrid',
    hierarchies: ['/sys/fs/cgroup/unified', '/sys/fs/cgroup/memory', '/sys/fs/cgroup/pids'],
  });
  assert.equal(findCgroups(`${v1}\n${unified}\n${v2}`).kind, 'v2');
  assert.equal(findCgroups('proc /proc proc rw 0 0').kind, 'none');
});
