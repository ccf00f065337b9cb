import { styleText } from 'node:util';
import { shortest } from '../ui/diagnostics.ts';
import { bytes, count, duration, shortDigest, shortName, shownLine } from '../ui/format.ts';
import { stepWord } from '../ui/step-word.ts';
import { summary } from '../ui/summary.ts';
import { symbolsFor } from '../ui/symbols.ts';
import { table } from '../ui/table.ts';
import { oneLine } from '../ui/tame.ts';
import { roomOf } from '../ui/terminal.ts';
import { lastLines } from './logs.ts';
import { foldersOf, modelOf } from './model-of.ts';
import type { RecordedFailure, RecordedStep, RunRecord } from './record.ts';
import { commandText, resultText, whenText } from './result.ts';
import type { KeptRun } from './runs-here.ts';
import { criticalSteps, slowest, stoppedAfter, timesOf, tookOf } from './times.ts';

/** Steps, images and log lines that are shown. */
const most = { slowest: 8, critical: 12, images: 40, cached: 10, lines: 20 } as const;

export interface ShowScreen {
  readonly stdout: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
  readonly now: number;
}

/** A run for people: what its summary said, its images, where its time went, and what failed. */
export function showRun(run: KeptRun, screen: ShowScreen): string {
  const { record } = run;
  const { stdout, env } = screen;
  const ended = record.endedAt !== undefined;
  const sections = [
    heading(run, screen),
    ended
      ? summary(
          modelOf(record),
          startOf(record),
          {
            code: record.code!,
            endedAt: record.endedAt,
            ...(record.timedOut !== undefined && { timedOut: record.timedOut }),
          },
          { stream: stdout, env },
        )
      : '',
    ended ? '' : unended(run),
    ...record.failures.map((failure) => failureText(failure, run, stdout)),
    images(record, stdout),
    steps(
      'Stopped steps',
      record.steps.filter((step) => stoppedAfter(step) !== undefined).slice(0, most.slowest),
      stdout,
    ),
    steps('Slowest steps', slowest(record, most.slowest), stdout),
    critical(record, stdout),
    warnings(record, stdout),
    record.logError === undefined ? '' : `The log ends early: ${record.logError}\n`,
    ended ? hints(run, env) : '',
  ];
  return sections.filter((section) => section !== '').join('\n');
}

function heading(run: KeptRun, { stdout, env, now }: ShowScreen): string {
  const { id, startedAt, root, git, machine, monokit } = run.record;
  const bold = styleText('bold', `${commandText(run.record)}`, { stream: stdout });
  const where = git && `${git.branch ?? 'detached'} ${git.commit.slice(0, 7)}${git.dirty ? ' with changes' : ''}`;
  const facts = [
    whenText(startedAt, now),
    root,
    ...(where === undefined ? [] : [where]),
    `${count(machine.cpus, 'processor')}, ${bytes(machine.memory)}`,
    `monokit ${monokit}`,
  ];
  return `${bold}  ${resultText(run, symbolsFor(env))}\n${styleText('dim', `${id} · ${facts.join(' · ')}`, { stream: stdout })}\n`;
}

function unended({ isRunning, record: { id } }: KeptRun): string {
  return isRunning
    ? `It still runs. What it wrote so far: cli runs logs ${id}\n`
    : `It never ended: it was killed, or the machine stopped. What it wrote until then: cli runs logs ${id}\n`;
}

function startOf(record: RunRecord) {
  const folders = foldersOf(record);
  const ids = record.images.map(({ id }) => id);
  const facts = { times: () => timesOf(record.steps, 0) };
  return { ids, startedAt: record.startedAt, verbose: false, folders, facts, retry: () => undefined };
}

function failureText(failure: RecordedFailure, { record, logPath }: KeptRun, stream: NodeJS.WriteStream): string {
  const { images, blocked, message, because, place, excerpt } = failure;
  const step = record.steps.find(({ vertex }) => vertex === failure.step);
  const cross = styleText('red', '✖', { stream });
  const title = step ? `  ${shortName(step.name)}  after ${duration(tookOf(step))}` : '';
  const lines = [`${cross} ${styleText('bold', images.join(', '), { stream })}${title}`, ''];
  if (place) lines.push(`  ${oneLine(shortest(place.path, record.root))}:${place.lines[0]}`);
  if (excerpt !== undefined) lines.push(excerpt);
  if (place || excerpt !== undefined) lines.push('');
  if (step?.log && logPath !== undefined) {
    const last = lastLines(step.log, logPath, most.lines);
    const cut = step.log.lines > last.length;
    if (cut)
      lines.push(`  … last ${last.length} of ${step.log.lines} lines (cli runs logs ${record.id} ${stepWord(step)})`);
    lines.push(...last.map((line) => `   ${shownLine(line)}`.trimEnd()), '');
  }
  lines.push(`  error: ${message}`, ...because.map((each) => `    because ${each}`));
  if (blocked.length > 0) lines.push(`  blocked: ${blocked.join(', ')}`);
  return `${lines.join('\n')}\n`;
}

function images({ images }: RunRecord, stream: NodeJS.WriteStream): string {
  if (images.length === 0) return '';
  // What was built or failed is what people look for; of much that was cached a number says enough.
  const order = { failed: 0, blocked: 1, built: 2, cancelled: 3, cached: 4 } as const;
  const cached = images.filter(({ status }) => status === 'cached').length;
  const told = images.filter(({ status }) => status !== 'cached' || cached <= most.cached);
  const rows = told
    .sort((a, b) => order[a.status] - order[b.status])
    .slice(0, most.images)
    .map(({ id, status, startedAt, endedAt, size, digest }) => [
      id,
      status,
      status === 'cached' || startedAt === undefined || endedAt === undefined ? '' : duration(endedAt - startedAt),
      size === undefined ? '' : bytes(size),
      digest === undefined ? '' : shortDigest(digest),
    ]);
  const left = images.length - rows.length;
  const more = left > 0 ? `… ${left}${left === cached ? ' cached' : ' more'}: cli runs show --json\n` : '';
  return (rows.length > 0 ? table(['IMAGE', 'STATUS', 'TIME', 'SIZE', 'DIGEST'], rows, stream) : '') + more;
}

function steps(title: string, steps: readonly RecordedStep[], stream: NodeJS.WriteStream): string {
  if (steps.length === 0) return '';
  const rows = steps.map((step) => [
    duration(stoppedAfter(step) ?? tookOf(step)),
    stepWord(step),
    shortName(step.name),
    ...madeText(step),
  ]);
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  const room = roomOf(stream);
  const lines = rows.map(([took, word, ...rest]) => {
    const line = `  ${took!.padStart(widths[0]!)}  ${word!.padEnd(widths[1]!)}  ${rest.join('  ')}`;
    return line.length > room ? `${line.slice(0, room - 1)}…` : line;
  });
  return `${styleText('bold', title, { stream })}\n${lines.join('\n')}\n`;
}

function madeText({ made, peakMemory, retries, waited }: RecordedStep): readonly string[] {
  const facts = [
    ...(made === undefined ? [] : [`+${bytes(made)}`]),
    ...(peakMemory === undefined ? [] : [`${bytes(peakMemory)} of memory`]),
    ...(retries === undefined ? [] : [`tried ${retries + 1} times`]),
    ...(waited === undefined ? [] : [`waited ${duration(waited)}`]),
  ];
  return facts.length === 0 ? [] : [`(${facts.join(', ')})`];
}

function critical(record: RunRecord, stream: NodeJS.WriteStream): string {
  const path = criticalSteps(record);
  if (path.length < 2) return '';
  const total = path.reduce((sum, step) => sum + tookOf(step), 0);
  const title = `Critical path, ${duration(total)}${path.length > most.critical ? `, ${path.length} steps` : ''}`;
  return steps(title, path.slice(-most.critical), stream);
}

function warnings({ warnings }: RunRecord, stream: NodeJS.WriteStream): string {
  if (warnings.length === 0) return '';
  const lines = warnings.map(
    ({ code, file, line, message }) =>
      `  ${oneLine(`${file}${line === undefined ? '' : `:${line}`}  ${message} (${code})`)}`,
  );
  return `${styleText('bold', 'Warnings', { stream })}\n${lines.join('\n')}\n`;
}

function hints({ record: { id, steps }, logPath }: KeptRun, env: NodeJS.ProcessEnv): string {
  if (env['CI'] !== undefined || !steps.some((step) => tookOf(step) > 0)) return '';
  const wrote = logPath !== undefined && steps.some(({ log }) => log !== undefined);
  return `${[...(wrote ? [`cli runs logs ${id}`] : []), `cli runs open ${id}`].join(' · ')}\n`;
}
