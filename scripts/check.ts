// The fast loop: format, lint, types, arrows and unit tests, under half a minute. Stops at the first that fails.

import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

process.chdir(join(import.meta.dirname, '..'));
// Half of a small test file's time is compiling what it imports.
process.env['NODE_COMPILE_CACHE'] = join(process.cwd(), 'node_modules/.cache/compile');
const tests = ['--conditions=source', '--test', `--test-concurrency=${availableParallelism()}`];
const steps: [string, string[]][] = [
  ['oxfmt', ['--check']],
  ['oxlint', ['--deny-warnings']],
  ['tsc', ['-p', '.']],
  ['tsc', ['-p', 'packages/cli/page']],
  ['node', ['scripts/rooms.ts', '--check']],
  ['node', [...tests, '--test-reporter=dot', ...globSync('packages/*/src/**/*.test.ts')]],
];
for (const [command, args] of steps) {
  const started = performance.now();
  const { status } = spawnSync(command, args, { stdio: 'inherit' });
  const line = `${command} ${args.slice(0, 2).join(' ')}`;
  console.error(`${status === 0 ? '✔' : '✖'} ${line} ${((performance.now() - started) / 1000).toFixed(1)}s`);
  if (status !== 0) process.exit(status ?? 1);
}
