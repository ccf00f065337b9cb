// How near the plan's time comes to what builds then take, over random edits of the examples: `npm run bench -- plan`.
import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: { edits: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' } },
});
const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'monokit-bench-plan-'));
const edited = ['base/lib/log.mjs', 'api/src/server.mjs', 'web/site/page.html', 'worker/src/worker.mjs'];

interface Event {
  readonly type: string;
  readonly ts: string;
  readonly step?: string;
}

interface Plan {
  readonly time: { readonly wallMs: number; readonly stepsWithoutHistory: number };
  readonly steps: readonly { readonly digest: string; readonly outlook: string }[];
}

try {
  cpSync(join(root, 'examples/monorepo'), folder, { recursive: true });
  const images = ['base', 'api', 'web', 'tool', 'release'].map((id) => [id, { context: id }]);
  const worker = { context: 'worker', matrix: { queue: ['mail', 'reports'] }, args: { QUEUE: '${queue}' } };
  const registries = { 'docker.io': { mirrors: [join(root, '.bases')] } };
  const config = { registries, images: { ...Object.fromEntries(images), worker } };
  writeFileSync(join(folder, 'buildkit.config.json'), JSON.stringify(config));
  cli('build', 'all', '-q');
  const errors: number[] = [];
  process.stdout.write('edit                    expected ms   took ms   error\n');
  for (let i = 0; i < Number(values.edits); i++) {
    const file = edited[(i * 7 + Number(values.seed)) % edited.length]!;
    appendFileSync(join(folder, file), `// ${i}\n`);
    const { time, steps } = JSON.parse(cli('plan', 'all', '--json')) as Plan;
    const planned = new Set(
      steps.filter(({ outlook }) => outlook === 'run' || outlook === 'unknown').map(({ digest }) => digest),
    );
    const events = cli('build', 'all', '--json')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Event);
    const at = (type: string) =>
      events.filter((event) => event.type === type && planned.has(event.step!)).map(({ ts }) => Date.parse(ts));
    const took = Math.max(...at('step.end')) - Math.min(...at('step.start'));
    const error = Math.abs(time.wallMs - took) / took;
    errors.push(error);
    const columns = [time.wallMs, took, `${Math.round(error * 100)}%`].map((each) => String(each).padStart(10));
    process.stdout.write(`${file.padEnd(24)}${columns.join('')}\n`);
  }
  const sorted = errors.toSorted((a, b) => a - b);
  process.stdout.write(`median error ${Math.round(sorted[sorted.length >> 1]! * 100)}% (goal: 25%)\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function cli(...args: readonly string[]): string {
  return execFileSync(join(root, 'node_modules/.bin/cli'), args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, MONOKIT_CACHE_DIR: join(folder, '.cache') },
    maxBuffer: 2 ** 26,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
