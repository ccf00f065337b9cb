import { cpus, loadavg } from 'node:os';
import type { Scenario, Step } from './scenario.ts';
import type { Sample } from './subject.ts';

/** What was measured of one step. */
export interface Row {
  readonly scenario: Scenario;
  readonly step: Step;
  readonly ours: Figures;
  readonly docker: Figures | undefined;
}

/** Seconds, of one where the step says `per`; bytes. */
export interface Figures {
  readonly min: number;
  readonly median: number;
  readonly max: number;
  /** Median. */
  readonly cpu: number;
  readonly memory: number;
  readonly runs: number;
}

export function figuresOf(samples: readonly Sample[], { per = 1 }: Pick<Step, 'per'>): Figures | undefined {
  const timed = samples.filter(({ memory }) => memory === 0);
  if (timed.length === 0) return undefined;
  const walls = timed.map(({ wall }) => wall / per).sort((a, b) => a - b);
  const cpu = timed.map((sample) => sample.cpu / per).sort((a, b) => a - b);
  return {
    min: walls[0]!,
    median: middle(walls),
    max: walls.at(-1)!,
    cpu: middle(cpu),
    memory: Math.max(...samples.map(({ memory }) => memory)),
    runs: timed.length,
  };
}

function middle(sorted: readonly number[]): number {
  const half = (sorted.length - 1) / 2;
  return (sorted[Math.floor(half)]! + sorted[Math.ceil(half)]!) / 2;
}

const head = ['', 'min', 'median', 'max', 'goal', '', 'cpu', 'MB', 'docker', 'cpu', 'ratio'];

/** Goal for the memory of all our processes, in bytes. */
const memoryGoal = 200e6;

/** Seconds and MB; `ratio` is docker's median to ours: above 1 we are faster. */
export function tableOf(rows: readonly Row[]): string {
  const lines: string[][] = [];
  let last: Scenario | undefined;
  for (const { scenario, step, ours, docker } of rows) {
    if (scenario !== last) lines.push([`${scenario.id} ${scenario.title}`]);
    last = scenario;
    const digits = ours.median < 0.2 ? 3 : 2;
    const met = step.goal === undefined ? '' : ours.median <= step.goal ? 'met' : 'missed';
    lines.push([
      `   ${step.name}`,
      ...[ours.min, ours.median, ours.max].map((seconds) => seconds.toFixed(digits)),
      step.goal === undefined ? '' : `≤ ${step.goal}`,
      met,
      ours.cpu.toFixed(digits),
      `${mega(ours.memory)}${ours.memory > memoryGoal ? '!' : ' '}`,
      ...(docker ? [docker.median.toFixed(digits), docker.cpu.toFixed(digits), ratio(ours, docker)] : []),
    ]);
  }
  const cells = [head, ...lines.filter(({ length }) => length > 1)];
  const widths = head.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const show = (line: readonly string[]) =>
    line.length === 1
      ? line[0]!
      : line
          .map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!)))
          .join('  ')
          .trimEnd();
  return [show(head), ...lines.map(show)].join('\n');
}

function ratio(ours: Figures, docker: Figures): string {
  return `${(docker.median / ours.median).toFixed(1)}×`;
}

function mega(bytes: number): string {
  return bytes === 0 ? '–' : (bytes / 1e6).toFixed(0);
}

/** The same for programs. */
export function jsonOf(rows: readonly Row[]): string {
  const plain = rows.map(({ scenario, step, ours, docker }) => ({
    scenario: scenario.id,
    title: scenario.title,
    step: step.name,
    ...(step.per && { per: step.per }),
    ...(step.goal !== undefined && { goal: step.goal }),
    ours,
    ...(docker && { docker }),
  }));
  return JSON.stringify({ machine: machine(), rows: plain }, null, 2);
}

export function machine() {
  return { cpu: cpus()[0]?.model, cores: cpus().length, load: loadavg(), node: process.version };
}
