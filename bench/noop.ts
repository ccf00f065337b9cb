// How long a build takes for which nothing has changed: `npm run bench -- noop [--images 10,100,1000] [--runs 9] [--json]`.
// `cli build all` over workspaces of images, and in turn with it `turbo run build` over packages of the same number, with
// the same files and dependencies; README.md tells of the figures.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { projectRoot } from '../test/rig/rig.ts';
import { findTurbo } from './noop/turbo.ts';
import { writeImages, writeNpm, writePackages } from './noop/workspaces.ts';
import { figuresOf, machine, type Figures } from './report.ts';
import type { Sample } from './subject.ts';
import { timed } from './timed.ts';

const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '10,100,1000' },
    runs: { type: 'string', default: '9' },
    json: { type: 'boolean', default: false },
  },
});
const sizes = values.images.split(',').map(Number);
const runs = Number(values.runs);
if (![...sizes, runs].every((each) => Number.isInteger(each) && each > 0)) {
  throw new RangeError(`--images takes numbers with commas between them, --runs one: ${values.images}, ${values.runs}`);
}

/** Milliseconds by number of images; the most memory, in bytes; how much longer ten times as many may take. */
const goals: { readonly [images: number]: number } = { 10: 80, 100: 150, 1000: 400 };
const memoryGoal = 180e6;
const growthGoal = 6;

/** What is measured: a command in its workspace. */
interface Subject {
  readonly name: string;
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** A size's figures; `ratio` is the median of the pairs' own: how many times ours it takes. */
interface Row {
  readonly images: number;
  readonly name: string;
  readonly figures: Figures;
  readonly ratio: number | undefined;
}

const scratch = mkdtempSync(join(tmpdir(), 'bench-noop-'));
try {
  const turbo = findTurbo();
  const rows: Row[] = [];
  for (const images of sizes) rows.push(...(await measure(await prepare(images, turbo), images)));
  const growth = growthOf(rows);
  if (values.json) process.stdout.write(`${JSON.stringify({ machine: machine(), rows, growth }, null, 2)}\n`);
  else tell(rows, growth);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** Workspaces that have been built, and so often that their answers were kept. */
async function prepare(images: number, turbo: ReturnType<typeof findTurbo>): Promise<readonly Subject[]> {
  const folder = (name: string) => {
    const made = join(scratch, `${name}-${images}`);
    mkdirSync(made);
    return made;
  };
  process.stderr.write(`${images} images: first builds\n`);
  const ours: Subject = {
    name: 'cli build all',
    command: [join(projectRoot, 'node_modules/.bin/cli'), 'build', 'all'],
    cwd: folder('images'),
    env: { MONOKIT_CACHE_DIR: folder('cache') },
  };
  writeImages(ours.cwd, images);
  await timed(ours.command, ours);
  await timed(ours.command, ours);
  if (!turbo) return [ours];

  const cwd = folder('packages');
  writePackages(cwd, images);
  const env = { TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1' };
  const npm = writeNpm(join(folder('npm'), 'bin'));
  const command = [turbo.bin, 'run', 'build'];
  await timed(command, { cwd, env: { ...env, PATH: `${npm}${delimiter}${process.env['PATH']}` } });
  const theirs = { cwd, env };
  return [
    ours,
    { name: "turbo run build, npm's bin", command, ...theirs },
    { name: 'turbo run build, native', command: [turbo.native, 'run', 'build'], ...theirs },
  ];
}

/** All in turn, so that what else the machine does troubles all alike; then once more each for their memory. */
async function measure(subjects: readonly Subject[], images: number): Promise<readonly Row[]> {
  process.stderr.write(`${images} images: ${runs} rounds\n`);
  const samples = subjects.map((): Sample[] => []);
  for (let round = 0; round < runs; round++) {
    for (const [i, subject] of subjects.entries()) samples[i]!.push(await timed(subject.command, subject));
  }
  const ours = samples[0]!.map(({ wall }) => wall);
  const rows: Row[] = [];
  for (const [i, subject] of subjects.entries()) {
    const ratios = samples[i]!.map(({ wall }, round) => wall / ours[round]!).sort((a, b) => a - b);
    for (let look = 0; look < 3; look++) {
      samples[i]!.push(await timed(subject.command, { ...subject, memory: { interval: 2 } }));
    }
    const figures = figuresOf(samples[i]!, {})!;
    rows.push({ images, name: subject.name, figures, ratio: i === 0 ? undefined : ratios[Math.floor(runs / 2)]! });
  }
  return rows;
}

/** How much longer our median is for ten times as many images, where two such sizes were measured. */
function growthOf(
  rows: readonly Row[],
): readonly { readonly from: number; readonly to: number; readonly times: number }[] {
  const ours = rows.filter(({ ratio }) => ratio === undefined);
  return ours.flatMap(({ images: from, figures }) => {
    const larger = ours.find(({ images }) => images === from * 10);
    return larger ? [{ from, to: larger.images, times: larger.figures.median / figures.median }] : [];
  });
}

function tell(rows: readonly Row[], growth: ReturnType<typeof growthOf>): void {
  const ms = (seconds: number) => Math.round(seconds * 1000);
  const judged = (met: boolean) => (met ? 'met' : 'MISSED');
  console.table(
    rows.map(({ images, name, figures: { min, median, max, cpu, memory }, ratio }) => {
      const goal = ratio === undefined ? goals[images] : undefined;
      return {
        images,
        command: name,
        min: ms(min),
        median: ms(median),
        max: ms(max),
        cpu: ms(cpu),
        MB: Math.round(memory / 1e6),
        'goal ms': goal === undefined ? '' : `≤ ${goal} ${judged(ms(median) <= goal)}`,
        'goal MB': ratio === undefined ? `≤ ${memoryGoal / 1e6} ${judged(memory <= memoryGoal)}` : '',
        'times ours': ratio?.toFixed(2) ?? '',
      };
    }),
  );
  for (const { from, to, times } of growth) {
    const goal = from >= 100 ? ` (≤ ${growthGoal} ${judged(times <= growthGoal)})` : '';
    console.log(`t(${to}) / t(${from}) = ${times.toFixed(2)}${goal}`);
  }
  const { cores, load, node } = machine();
  console.log(
    `Milliseconds, medians of ${runs}; “times ours” is the median of the pairs. ${cores} cores, load ${load[0]!.toFixed(1)}, ${node}`,
  );
}
