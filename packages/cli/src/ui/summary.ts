import { styleText } from 'node:util';
import { widthOf } from './columns.ts';
import type { Recorded, Times } from './facts.ts';
import { exitCode, failuresOf, type RunFailure } from './failures.ts';
import { duration } from './format.ts';
import { fileLink } from './links.ts';
import { stoppedSteps, type RunModel, type StepModel } from './model.ts';
import type { RunEnd, RunStart } from './renderer.ts';
import { stepWord } from './step-word.ts';
import { isUpToDate, keyWidth, rowsText, tallyRows, type SummaryRow } from './tally-rows.ts';
import { roomOf } from './terminal.ts';

interface Terminal {
  readonly stream: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
}

/** The last lines of every run: what became of it, what made it long, and who failed. */
export function summary(model: RunModel, start: RunStart, { endedAt, timedOut }: RunEnd, terminal: Terminal): string {
  const { stream, env } = terminal;
  const rows = tallyRows(model, start, { endedAt, stream });
  const failures = failuresOf(model).map(failureText);
  const stopped = timedOut === undefined ? [] : stoppedSteps(model);
  const broken = [...failures, ...(timedOut === undefined ? [] : [timedOut + stoppedText(stopped)])];
  const [entered] = stopped.flatMap(({ vertex }) => start.facts?.shell?.(vertex) ?? []);
  const room = roomOf(stream, env) - keyWidth - 1;
  const [times, record] = [start.facts?.times?.(), start.facts?.record?.()];
  const upToDate = isUpToDate(model);
  const timed = rows.map(([key, value]): SummaryRow =>
    key === 'Time' && !upToDate ? [key, value + timesText(times, room - value.length - 3)] : [key, value],
  );
  return rowsText(
    [
      ...timed,
      ...(broken.length > 0 ? [['Failed', styleText('red', broken.join(', '), { stream })] as const] : []),
      ...(entered === undefined ? [] : [['Debug', entered] as const]),
      ...(record && !upToDate ? [['Run', recordText(record, room, terminal)] as const] : []),
    ],
    stream,
  );
}

/** `   critical path 1m31s: base → web#build → web · recoverable 22s`, as much of it as there is room for. */
function timesText(times: Times | undefined, columns: number): string {
  const { critical: { duration: longest = 0, path = [] } = {}, recoverable } = times ?? {};
  const more = recoverable ? [`recoverable ${duration(recoverable)}`] : [];
  if (path.length === 0) return more.map((text) => `   ${text}`).join('');
  const head = `critical path ${duration(longest)}`;
  const whole = `${head}: ${path.join(' → ')}`;
  const ends = path.length > 2 ? [`${head}: ${path[0]} → … → ${path.at(-1)}`] : [];
  const ways = [[whole, ...more], [whole], ...ends.map((text) => [text]), [head]].map((parts) => parts.join(' · '));
  return `   ${ways.find((text) => widthOf(text) <= columns) ?? head}`;
}

/** `01JD…  ·  next: \`cli watch\`, \`cli graph --open\``, as many of the commands as there is room for. */
function recordText({ id, file, next = [] }: Recorded, columns: number, terminal: Terminal): string {
  const shown = file === undefined ? id : fileLink(id, { path: file }, terminal);
  const commands = next.map((line) => `\`${line}\``);
  const fits = (count: number) => `${id}  ·  next: ${commands.slice(0, count).join(', ')}`.length <= columns;
  const count = commands.findLastIndex((_, i) => fits(i + 1)) + 1;
  return count === 0 ? shown : `${shown}  ·  next: ${commands.slice(0, count).join(', ')}`;
}

/** `, at web#build:5`. */
function stoppedText(stopped: readonly StepModel[]): string {
  const words = stopped.map((step) => stepWord({ ...step, image: step.wantedBy[0] }));
  const [one, two, ...more] = words;
  if (one === undefined) return '';
  return `, at ${[one, ...(two === undefined ? [] : [two]), ...(more.length > 0 ? [`${more.length} more`] : [])].join(', ')}`;
}

/** `web#build:5 (exit 1)`, or whose it is where no step failed. */
function failureText({ step, images, error }: RunFailure): string {
  const code = exitCode(error);
  const end = code === undefined ? '' : ` (exit ${code})`;
  return images.map((image) => `${step ? stepWord({ ...step, image }) : image}${end}`).join(', ');
}
