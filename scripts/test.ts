// Everything, with what the machine lacks installed first: unit tests, tests over several rooms with real runc,
// overlayfs, registries and sockets, and the conformance cases. `npm test -- PATTERN` runs the test files that match.
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
process.chdir(root);
const [pattern = ''] = process.argv.slice(2);
// Packages bring programs into sbin, which is not on everybody's path.
process.env['PATH'] = `${process.env['PATH']}:/usr/local/sbin:/usr/sbin:/sbin`;

must('sh', ['scripts/setup.sh', 'test']);
const files = [...globSync('packages/*/src/**/*.test.ts'), ...globSync('test/**/*.test.ts')].filter((file) =>
  file.includes(pattern),
);
if (files.length === 0) {
  console.error(`no test file matches ${JSON.stringify(pattern)}`);
  process.exit(2);
}
// Engine tests share two processors and one kernel: a file at a time for each processor. Mounts they make stay theirs.
must('unshare', [
  ...['--mount', '--propagation', 'slave', '--'],
  ...['node', '--conditions=source', '--test', '--test-concurrency=2', '--test-timeout=600000', ...files],
]);

function must(command: string, args: readonly string[]): void {
  const { status, error } = spawnSync(command, args, { stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
