// The region at the bottom of a terminal, as text: what has been running longest, and what is still to come.

import { styleText } from 'node:util';
import { clip, fit, widthOf } from './columns.ts';
import { bytes, duration, shortName, shownLine } from './format.ts';
import type { Machine } from './machine.ts';
import type { RunModel, StepModel } from './model.ts';
import { inColourOf } from './symbols.ts';

export interface LiveScreen {
  readonly columns: number;
  readonly rows: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly stream: NodeJS.WriteStream;
  /** Columns of the images' names. */
  readonly names: number;
  /** How long the rest takes, in milliseconds, where that can be told. */
  readonly remaining?: number | undefined;
  readonly machine?: Machine | undefined;
}

export interface LiveRegion {
  readonly steps: readonly string[];
  readonly status: string;
}

/** Steps that end sooner are not worth a line. In milliseconds. */
const worthALine = 1000;

/** Bytes a second that are worth a word. */
const worthAWord = 16 << 10;

/** The terminal keeps its last column, and the status has a spinner in front. */
const [margin, spinner] = [1, 3];

const timeWidth = 6;

/**
 * Lines for steps, and one of numbers, none wider than the screen: with the cursor's row below them at most twelve, and
 * at most a third of the screen.
 */
export function live(model: RunModel, screen: LiveScreen): LiveRegion {
  const { columns, rows, now, stream, remaining, machine } = screen;
  const most = Math.max(0, Math.min(12, Math.floor(rows / 3)) - 2);
  const steps = [...model.steps.values()]
    .filter((step) => ['running', 'waiting'].includes(step.state) && now - begunAt(step) >= worthALine)
    .sort((a, b) => begunAt(a) - begunAt(b));
  const images = [...model.images.values()];
  const done = images.filter(({ state }) => !['waiting', 'running'].includes(state.kind)).length;
  const waiting = images.filter(({ state }) => state.kind === 'waiting').length;
  const facts = [
    `${done} of ${images.length} ${images.length === 1 ? 'image' : 'images'}`,
    ...(steps.length > most ? [`${steps.length - most} more running`] : []),
    ...(waiting > 0 && done + waiting < images.length ? [`${waiting} waiting`] : []),
    `${duration(now - model.startedAt)}${remaining === undefined ? '' : `, ~${duration(remaining)} to go`}`,
    ...(machine ? machineText(machine) : []),
  ];
  return {
    steps: stepLines(steps.slice(0, most), screen),
    status: styleText('dim', clip(facts.join(' · '), columns - margin - spinner), { stream }),
  };
}

/** `▸ web +1     [build 5/8] RUN pnpm build       12s  ▏npm: transforming (412)…`, the times below one another. */
function stepLines(steps: readonly StepModel[], { columns, names, now, stream }: LiveScreen): readonly string[] {
  const name = Math.min(names, Math.floor(columns / 3));
  const room = columns - margin - 2 - name - 2 - 2 - timeWidth;
  const titles = steps.map((step) => shortName(step.name));
  const longest = Math.max(0, ...titles.map(widthOf));
  // What a step does gets what the longest title leaves, and a third at least where there is room for both.
  const title = Math.max(0, Math.min(longest, room < 30 ? room : Math.floor((room * 2) / 3)));
  const said = room - title - 3;
  return steps.map((step, i) => {
    const [first = '', ...others] = step.wantedBy;
    const badge = others.length > 0 ? ` +${others.length}` : '';
    const owner = fit(`${clip(first, name - badge.length)}${badge}`, name);
    const doing = step.state === 'waiting' ? 'another build is at it' : (progressOf(step) ?? lastLine(step));
    const right = doing === undefined || said < 8 ? '' : styleText('dim', `  ▏${clip(doing, said)}`, { stream });
    const time = duration(now - begunAt(step)).padStart(timeWidth);
    return `▸ ${inColourOf(first, owner, stream)}  ${fit(titles[i]!, title)}  ${time}${right}`;
  });
}

/** When it began to run or to wait. */
function begunAt({ state, startedAt, waitingSince }: StepModel): number {
  return (state === 'waiting' ? waitingSince : startedAt)!;
}

function progressOf({ progress }: StepModel): string | undefined {
  let [current, total] = [0, 0];
  for (const each of progress.values()) [current, total] = [current + each.current, total + (each.total ?? 0)];
  if (current === 0) return undefined;
  return total > 0 ? `${bytes(current)} of ${bytes(total)}` : bytes(current);
}

/** What a step wrote last. */
function lastLine({ tail }: StepModel): string | undefined {
  const line = tail.findLast((each) => each.trim() !== '');
  return line === undefined ? undefined : shownLine(line).trim();
}

/** `cpu 96%`, `mem 3.1/8.0 GiB`, `↓ 12.4 MiB/s`. */
function machineText({ cpu, memory: { used, total }, received }: Machine): string[] {
  const gib = (count: number) => (count / 2 ** 30).toFixed(1);
  return [
    `cpu ${Math.round(cpu * 100)}%`,
    ...(total > 0 ? [`mem ${gib(used)}/${gib(total)} GiB`] : []),
    ...(received >= worthAWord ? [`↓ ${bytes(Math.round(received))}/s`] : []),
  ];
}
