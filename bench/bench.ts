// How long builds take, and what they take: `npm run bench` says what there is, README.md tells of all of it.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startDebianRegistry } from '../test/rig/debian-registry.ts';
import { Docker } from './docker.ts';
import { Monokit } from './monokit.ts';
import { figuresOf, jsonOf, machine, tableOf, type Row } from './report.ts';
import type { Scenario } from './scenario.ts';
import { makeScenarios, scenarioIds } from './scenarios.ts';
import { full, quick } from './sizes.ts';
import type { Sample, Subject } from './subject.ts';

/** Benchmarks in files of their own, with flags of their own. */
const parts = {
  noop: 'builds for which nothing has changed, of 10, 100 and 1,000 images, beside turbo: 1 min',
  'first-byte': 'how long a terminal stays empty: 1 min',
  watch: 'how long a change takes in a watch (--images N --edits N): 1 min',
  executor: 'one container, and our own part of it: 10 s',
  plan: 'how near the time of a plan comes to what builds take (--edits N): 1 min',
  schedule: 'deciding who runs next, and what that saves (--steps N): 30 s',
  layers: 'layers packed and unpacked (--size MB): 20 s',
};

const [first] = process.argv.slice(2);
if (first === undefined) process.stdout.write(contents());
else if (Object.hasOwn(parts, first)) {
  process.argv.splice(2, 1);
  await import(`./${first}.ts`);
} else {
  const asked = readArguments();
  if (typeof asked === 'string') {
    process.stderr.write(`error: ${asked}\n`);
    process.exitCode = 2;
  } else await bench(asked);
}

/** What there is to be measured. */
function contents(): string {
  const scenarios = makeScenarios(scenarioIds, full).map(({ id, title }) => [id, title] as const);
  const rows = [
    ...scenarios,
    ['all', 'all of these: 15 min with docker, of which S5 takes most'],
    ...Object.entries(parts),
  ];
  const list = rows.map(([name, what]) => `  ${name!.padEnd(10)}  ${what}\n`).join('');
  return `npm run bench -- NAME… [flags]\n\n${list}\nFlags of S1 to S6: --runs N (5), --quick, --json, --no-docker, --no-memory\n`;
}

/** What was asked for, or what is wrong with it. */
function readArguments() {
  let parsed;
  try {
    parsed = parseArgs({
      allowPositionals: true,
      options: {
        runs: { type: 'string', default: '5' },
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        'no-docker': { type: 'boolean', default: false },
        'no-memory': { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return (error as Error).message;
  }
  const { values, positionals } = parsed;
  const known: readonly string[] = [...scenarioIds, 'all'];
  const unknown = positionals.find((name) => !known.includes(name));
  if (unknown !== undefined && Object.hasOwn(parts, unknown)) return `${unknown} goes first, with flags of its own`;
  if (unknown !== undefined) return `there is no ${unknown}, only ${[...known, ...Object.keys(parts)].join(', ')}`;
  if (positionals.length === 0) return `which of ${known.join(', ')}?`;
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) return `--runs needs a number, got ${values.runs}`;
  return { values, positionals, runs };
}

async function bench({ values, positionals, runs }: Exclude<ReturnType<typeof readArguments>, string>): Promise<void> {
  const chosen = scenarioIds.filter((id) => positionals.includes('all') || positionals.includes(id));

  const scratch = mkdtempSync(join(tmpdir(), 'monokit-bench-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(scratch, { recursive: true, force: true }));
  const monokit = new Monokit(scratch);
  await monokit.warm();
  const docker = values['no-docker'] || !Docker.installed ? undefined : stack.use(await Docker.open(scratch, monokit));
  if (!docker && !values['no-docker']) process.stderr.write('no ratio to BuildKit: docker.io is not installed\n');

  const rows: Row[] = [];
  for (const scenario of makeScenarios(chosen, values.quick ? quick : full)) {
    const measured = await measure(scenario, { scratch, monokit, docker, runs, memory: !values['no-memory'] });
    rows.push(...measured);
    if (!values.json) process.stdout.write(`${tableOf(measured)}\n\n`);
  }
  if (values.json) process.stdout.write(`${jsonOf(rows)}\n`);
  else {
    const { cores, load, node } = machine();
    const legend = 'Seconds and MB; the ratio is docker’s median to ours.';
    process.stdout.write(`${legend} ${cores} cores, load ${load[0]!.toFixed(1)}, ${node}\n`);
  }
}

interface Measuring {
  readonly scratch: string;
  readonly monokit: Subject;
  readonly docker: Subject | undefined;
  readonly runs: number;
  readonly memory: boolean;
}

/** Rounds of both in turn, so that what else the machine does troubles both alike; the last one looks at memory. */
async function measure(scenario: Scenario, { scratch, monokit, docker, runs, memory }: Measuring): Promise<Row[]> {
  const folder = mkdtempSync(join(scratch, 'scenario-'));
  const dir = join(folder, 'project');
  mkdirSync(dir);
  scenario.write(dir);
  const ours = scenario.steps.map((): Sample[] => []);
  const theirs = scenario.steps.map((): Sample[] => []);
  await using registry = scenario.registry ? await startDebianRegistry() : undefined;
  for (let round = 0; round < runs + Number(memory); round++) {
    process.stderr.write(`${scenario.id} ${scenario.title}: ${round < runs ? `round ${round + 1}` : 'memory'}\n`);
    const looking = round >= runs;
    for (const [subject, samples] of [
      [monokit, ours] as const,
      ...(docker && !looking ? [[docker, theirs] as const] : []),
    ]) {
      const name = `${subject === docker ? 'docker' : 'monokit'}-${round}`;
      await subject.reset(join(folder, name));
      const options = { dir, memory: looking, registry: registry && `${registry.host}/${name}` };
      for (const [i, step] of scenario.steps.entries()) {
        step.before?.(dir);
        for (let time = 0; time < (step.times ?? 1); time++) {
          const sample = await attempt(subject, () => subject.run(step, options));
          if (sample) samples[i]!.push(sample);
        }
      }
    }
  }
  for (const subject of [monokit, docker]) await subject?.stop();

  /** A step that docker cannot do takes nothing from our own figures; one of ours ends the benchmark. */
  async function attempt(subject: Subject, run: () => Promise<Sample | undefined>): Promise<Sample | undefined> {
    try {
      return await run();
    } catch (error) {
      if (subject !== docker) throw error;
      process.stderr.write(`docker failed: ${(error as Error).message.split('\n').at(-1)}\n`);
      return undefined;
    }
  }
  if (!scenario.manyFiles) rmSync(folder, { recursive: true, force: true });
  return scenario.steps.map((step, i) => ({
    scenario,
    step,
    ours: figuresOf(ours[i]!, step)!,
    docker: figuresOf(theirs[i]!, step),
  }));
}
