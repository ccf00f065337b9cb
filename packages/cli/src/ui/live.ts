// The region at the bottom of a terminal, as text: what has been running longest, and what is still to come.
import { styleText } from 'node:util';
import { bytes, duration, shortName, shownLine } from './format.ts';
import type { RunModel, StepModel } from './model.ts';

export interface LiveScreen {
  readonly columns: number;
  readonly rows: number;
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly stream: NodeJS.WriteStream;
  /** How long the rest takes, in milliseconds, where that can be told. */
  readonly remaining?: number | undefined;
}

/** Steps that end sooner are not worth a line. In milliseconds. */
const worthALine = 300;

/** At most a third of the screen and twelve lines. Lines are as wide as the screen, whose first two columns are ora's. */
export function live(model: RunModel, { columns, rows, now, stream, remaining }: LiveScreen): string {
  const dim = (text: string) => styleText('dim', text, { stream });
  const width = Math.max(60, columns) - 3;
  const most = Math.max(1, Math.min(12, Math.floor(rows / 3)) - 1);
  const steps = [...model.steps.values()]
    .filter((step) => ['running', 'waiting'].includes(step.state) && now - begunAt(step) >= worthALine)
    .sort((a, b) => begunAt(a) - begunAt(b));
  const lines = steps.slice(0, most).map((step) => stepLine(step, { width, now, dim }));
  const images = [...model.images.values()];
  const done = images.filter(({ state }) => !['waiting', 'running'].includes(state.kind)).length;
  const waiting = images.filter(({ state }) => state.kind === 'waiting').length;
  const facts = [
    ...(steps.length > most ? [`${steps.length - most} more steps running`] : []),
    ...(waiting > 0 && steps.length > 0 ? [`${waiting} waiting`] : []),
    `${done} of ${images.length} ${images.length === 1 ? 'image' : 'images'}`,
    duration(now - model.startedAt),
    ...(remaining === undefined ? [] : [`~${duration(remaining)} to go`]),
  ];
  return [...lines, dim(facts.join(' · '))].join('\n  ');
}

function stepLine(
  step: StepModel,
  { width, now, dim }: { readonly width: number; readonly now: number; readonly dim: (text: string) => string },
): string {
  const ran = now - begunAt(step);
  const time = duration(ran).padStart(7);
  const others = step.wantedBy.length > 1 ? ` +${step.wantedBy.length - 1}` : '';
  const [first] = step.wantedBy;
  const head = [...(first === undefined ? [] : [`${first}${others}`]), shortName(step.name)].join('  ');
  const waits = step.state === 'waiting' ? 'another build is at it' : undefined;
  const doing = waits ?? progressOf(step) ?? (ran >= 1000 ? lastLine(step) : undefined);
  const room = width - time.length - 2;
  if (doing === undefined) return `${clip(head, room).padEnd(room)}  ${time}`;
  const left = clip(head, Math.max(Math.floor(room * 0.6), room - doing.length - 4));
  const right = clip(doing, room - left.length - 3);
  return `${left}  ${dim(`▏${right}`)}${' '.repeat(Math.max(0, room - left.length - right.length - 3))}  ${time}`;
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

function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
