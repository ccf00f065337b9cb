// How near the plan's time comes to what builds then take, over random edits of the examples: `npm run bench -- plan`.

import { execFileSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { usualNeeds } from '../packages/engine/src/scheduler/machine.ts';
import { Scheduler } from '../packages/engine/src/scheduler/scheduler.ts';
import { tryOut } from '../packages/engine/src/scheduler/trial.ts';

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
  readonly steps?: readonly { readonly step: string; readonly inputs: readonly string[] }[];
}

interface PlannedStep {
  readonly digest: string;
  readonly outlook: string;
  readonly kind: string;
  readonly durationMs?: number;
}

interface Plan {
  readonly time: { readonly wallMs: number };
  readonly steps: readonly PlannedStep[];
}

/** One edit. Times in ms. */
interface Case {
  readonly expected: number;
  /** From the start of the first planned step to the end of the last. */
  readonly took: number;
  /** What the plan would have said, had it known what each step takes: the part of the error that is the schedule's. */
  readonly schedule: number;
  /** Sums over the steps that ran, and were known before. */
  readonly steps: { readonly expected: number; readonly took: number };
  /** Until the last image was exported. */
  readonly exported: number;
}

try {
  cpSync(join(root, 'examples/monorepo'), folder, { recursive: true });
  const images = ['base', 'api', 'web', 'tool', 'release'].map((id) => [id, { context: id }]);
  const worker = { context: 'worker', matrix: { queue: ['mail', 'reports'] }, args: { QUEUE: '${queue}' } };
  const registries = { 'docker.io': { mirrors: [join(root, '.bases')] } };
  const config = { registries, images: { ...Object.fromEntries(images), worker } };
  writeFileSync(join(folder, 'buildkit.config.json'), JSON.stringify(config));
  cli('build', 'all', '-q');
  const cases: Case[] = [];
  row('edit', 'expected', 'took', 'error', 'schedule', 'steps', 'exported');
  for (let i = 0; i < Number(values.edits); i++) {
    const file = edited[(i * 7 + Number(values.seed)) % edited.length]!;
    appendFileSync(join(folder, file), `// ${i}\n`);
    const each = await measured(JSON.parse(cli('plan', 'all', '--json')) as Plan);
    cases.push(each);
    const { expected, took, schedule, steps, exported } = each;
    const errors = [percent(expected, took), percent(schedule, took), percent(steps.expected, steps.took)];
    row(file, expected, took, errors[0]!, errors[1]!, errors[2]!, exported - took);
  }
  const [all, schedule, steps] = [
    cases.map(({ expected, took }) => errorOf(expected, took)),
    cases.map((each) => errorOf(each.schedule, each.took)),
    cases.map((each) => errorOf(each.steps.expected, each.steps.took)),
  ].map((errors) => Math.abs(errors.map(Math.abs).toSorted((a, b) => a - b)[errors.length >> 1]!));
  const text = (error: number) => `${Math.round(error * 100)}%`;
  process.stdout.write(
    `median error ${text(all!)} (goal: 25%); of the schedule alone ${text(schedule!)}, of the steps' sum ${text(steps!)}\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Builds what was planned. */
async function measured({ time, steps }: Plan): Promise<Case> {
  const planned = new Map(
    steps.filter(({ outlook }) => outlook === 'run' || outlook === 'unknown').map((step) => [step.digest, step]),
  );
  const events = cli('build', 'all', '--json')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Event);
  const at = (type: string, step?: string) =>
    events
      .filter((event) => event.type === type && (step === undefined || event.step === step))
      .map(({ ts }) => Date.parse(ts));
  const ran = new Map(
    [...planned].flatMap(([digest, step]) => {
      const [[start], [end]] = [at('step.start', digest), at('step.end', digest)];
      return start === undefined || end === undefined ? [] : [[digest, { ...step, start, end }] as const];
    }),
  );
  const began = Math.min(...[...ran.values()].map(({ start }) => start));
  const known = [...ran.values()].filter(({ durationMs }) => durationMs !== undefined);
  return {
    expected: time.wallMs,
    took: Math.max(...[...ran.values()].map(({ end }) => end)) - began,
    schedule: await scheduled(ran, events.find(({ type }) => type === 'plan')!.steps!),
    steps: {
      expected: known.reduce((sum, { durationMs }) => sum + durationMs!, 0),
      took: known.reduce((sum, { start, end }) => sum + end - start, 0),
    },
    exported: Math.max(...at('image.end')) - began,
  };
}

/** How long the scheduler would take for steps that take what they took. */
async function scheduled(
  ran: ReadonlyMap<string, { readonly kind: string; readonly start: number; readonly end: number }>,
  graph: NonNullable<Event['steps']>,
): Promise<number> {
  const order = graph.filter(({ step }) => ran.has(step));
  const places = new Map(order.map(({ step }, i) => [step, i]));
  const durations = order.map(({ step }) => ran.get(step)!.end - ran.get(step)!.start);
  const inputs = order.map((each) => each.inputs.flatMap((input) => places.get(input) ?? []));
  const paths = [...durations];
  for (let i = order.length - 1; i >= 0; i--) {
    for (const input of inputs[i]!) paths[input] = Math.max(paths[input]!, durations[input]! + paths[i]!);
  }
  const budget = { cpu: availableParallelism() * 1000, memory: totalmem() };
  const times = await tryOut(
    order.map(({ step }, i) => ({
      inputs: inputs[i]!,
      duration: durations[i]!,
      admit: (scheduler) =>
        scheduler.admit({ path: paths[i]!, ...(ran.get(step)!.kind === 'exec' && { needs: usualNeeds(budget) }) }),
    })),
    new Scheduler({ budget: () => budget }),
    { cpus: availableParallelism() },
  );
  return Math.max(...times.map(({ endsAt }) => endsAt));
}

function errorOf(expected: number, took: number): number {
  return (expected - took) / took;
}

/** `+12%` where too much was expected. */
function percent(expected: number, took: number): string {
  const error = Math.round(errorOf(expected, took) * 100);
  return `${error > 0 ? '+' : ''}${error}%`;
}

function row(name: string, ...columns: readonly (string | number)[]): void {
  process.stdout.write(`${name.padEnd(24)}${columns.map((each) => String(each).padStart(10)).join('')}\n`);
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
