import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import type { Cgroups } from './cgroup.ts';
import { usageOf } from './usage.ts';

/** Hierarchies in files. */
function groups(kind: 'v1' | 'v2' | 'hybrid', files: Readonly<Record<string, string>>, hierarchies: readonly string[]) {
  const root = mkdtempSync(join(tmpdir(), 'monokit-usage-'));
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  const cgroups: Cgroups = { kind, hierarchies: hierarchies.map((each) => join(root, each)) };
  return { cgroups, [Symbol.dispose]: () => rmSync(root, { recursive: true }) };
}

test('on v2 the peak is without what files left in the page cache', () => {
  using made = groups(
    'v2',
    {
      'a/memory.peak': '1000\n',
      'a/memory.stat': 'anon 100\nfile 600\ninactive_file 250\nactive_file 350\n',
      'a/cpu.stat': 'usage_usec 123456\nuser_usec 1\n',
    },
    ['.'],
  );
  assert.deepEqual(usageOf(made.cgroups, 'a'), { peakMemory: 400, cpuTime: 123 });
});

test('on v1 the hierarchies tell it together, with what is below the group', () => {
  using made = groups(
    'v1',
    {
      'memory/a/memory.max_usage_in_bytes': '1000\n',
      'memory/a/memory.stat': 'inactive_file 1\nactive_file 2\ntotal_inactive_file 300\ntotal_active_file 100\n',
      'cpuacct/a/cpuacct.usage': '5000000\n',
      'pids/a/pids.current': '0\n',
    },
    ['pids', 'memory', 'cpuacct'],
  );
  assert.deepEqual(usageOf(made.cgroups, 'a'), { peakMemory: 600, cpuTime: 5 });
});

test('what nobody counts is left out', () => {
  using made = groups('v2', { 'a/cpu.stat': 'usage_usec 7000\n' }, ['.']);
  assert.deepEqual(usageOf(made.cgroups, 'a'), { cpuTime: 7 });
  assert.deepEqual(usageOf({ kind: 'none', hierarchies: [], reason: '' }, 'a'), {});
});
