// Everything: unit tests, and tests over several rooms with real runc, overlayfs, registries and sockets. `npm test`
// installs what the machine lacks first (setup.sh); `npm test -- PATTERN…` runs the test files whose paths have one.

import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';

process.chdir(join(import.meta.dirname, '..'));
// Packages bring programs into sbin, which is not on everybody's path.
process.env['PATH'] = `${process.env['PATH']}:/usr/local/sbin:/usr/sbin:/sbin`;
process.env['NODE_COMPILE_CACHE'] = join(process.cwd(), 'node_modules/.cache/compile');

const patterns = process.argv.slice(2);
const files = globSync(['packages/*/src/**/*.test.ts', 'test/**/*.test.ts']).filter(
  (file) => patterns.length === 0 || patterns.some((pattern) => file.includes(pattern)),
);
if (files.length === 0) {
  console.error(`no test file matches ${patterns.join(' or ')}`);
  process.exit(2);
}
// What measures time runs by itself.
const timed = new Set(['test/cli/parallel.test.ts']);
run([...timed.intersection(new Set(files))], 1);
run([...new Set(files).difference(timed)], 2);

function run(these: readonly string[], concurrency: number): void {
  if (these.length === 0) return;
  // What tests mount stays theirs, and goes when they end.
  const command = ['--mount', '--propagation', 'slave', '--', process.execPath, '--conditions=source', '--test'];
  const flags = [`--test-concurrency=${concurrency}`, '--test-timeout=600000'];
  const { status, error } = spawnSync('unshare', [...command, ...flags, ...these.toSorted()], { stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exitCode = status ?? 1;
}
