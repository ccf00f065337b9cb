import { isAbsolute, join } from 'node:path';
import { styleText } from 'node:util';
import type { Diagnostic } from '@monokit/engine/std/diagnostic';
import { shortest } from './diagnostics.ts';
import { excerpt } from './excerpt.ts';
import { bugLines, chain, diagnosticsOf, messageOf, noteOf } from './failure.ts';
import { exitCode, failuresOf, type RunFailure } from './failures.ts';
import { duration, shortName, shownLine } from './format.ts';
import { fileLink } from './links.ts';
import type { RunModel, StepModel } from './model.ts';
import { neededImage } from './outcome.ts';
import type { RunStart, Screen } from './renderer.ts';
import { roomOf } from './terminal.ts';

/** Lines of a step that are shown. */
const tailLines = 40;

/** What failed: what, where, the last lines it wrote (unless they were told in full before), who it stops, and how to go on. A text for each failure. */
export function failureBlocks(
  model: RunModel,
  start: RunStart,
  { stderr, env }: Pick<Screen, 'stderr' | 'env'>,
  { output = true }: { readonly output?: boolean } = {},
): string[] {
  return failuresOf(model).map((failure) => block(failure, start, { stream: stderr, env, output }));
}

function block(
  failure: RunFailure,
  { folders, retry, root, facts = {} }: RunStart,
  screen: { readonly stream: NodeJS.WriteStream; readonly env: NodeJS.ProcessEnv; readonly output: boolean },
): string {
  const { stream } = screen;
  const { error, step, source, images, blocked } = failure;
  const dim = (text: string) => styleText('dim', text, { stream });
  const names = images.map((id) => styleText('bold', id, { stream })).join(', ');
  const head = `${styleText('red', '✖', { stream })} ${names}`;
  const lines = [step ? `${head}  ${titleOf(step, error, stream)}` : head, ''];

  const told = new Set<string>();
  if (source) {
    const [first, last] = source.lines;
    const range = { start: { line: first, column: 1 }, end: { line: last, column: 1 } };
    place({ file: source.file, range, message: exitNote(error) }, source.folder);
  }
  const diagnostics = diagnosticsOf(error).filter(({ severity }) => severity === 'error');
  const folder = folders.get(neededImage(error) ?? images[0]!);
  const read = diagnostics.map((diagnostic) => place(diagnostic, folder));
  if (step && screen.output) lines.push(...output(step, facts.logs?.(step.vertex), dim));
  const [cause, ...more] = chain(error);
  // Mistakes that were shown where they are need no further word.
  if (read.length === 0 || !read.every(Boolean)) {
    lines.push(`  error: ${messageOf(cause)}`);
    for (const { range, hint, message } of diagnostics)
      if (!range && hint && !message.includes(hint)) lines.push(`    ${hint}`);
  }
  lines.push(...more.map((each) => `    because ${messageOf(each)}`));
  lines.push(...bugLines([cause, ...more]));
  const suspects = facts.suspects?.(images, step?.vertex) ?? [];
  if (suspects.length > 0) lines.push(`  changed since last good build: ${listed(suspects)}`);
  if (blocked.length > 0) lines.push(dim(`  blocked: ${listed(blocked)}`));
  const ways = [
    ['debug', step && facts.shell?.(step.vertex)],
    ['explain', facts.explain?.(images[0]!)],
    ['retry', retry(images)],
  ].flatMap(([way, line]) => (line === undefined ? [] : [dim(`  ${`${way}:`.padEnd(9)}${line}`)]));
  lines.push(...ways);
  if (lines.at(-1) !== '') lines.push('');
  return lines.join('\n');

  /** Shows the lines that are meant, once; says whether they could be read. */
  function place(
    problem: Pick<Diagnostic, 'file' | 'range' | 'message' | 'hint'>,
    within: string | undefined,
  ): boolean {
    const { file, range } = problem;
    if (!range) return false;
    const path = isAbsolute(file) || within === undefined ? file : join(within, file);
    const { start, end } = range;
    const at = `${path}:${start.line}${start.column > 1 ? `:${start.column}` : ''}`;
    if (told.has(at)) return true;
    told.add(at);
    const text = excerpt(path, [start.line, end.line], {
      note: noteOf(problem),
      ...(start.line === end.line && end.column > start.column && { columns: [start.column, end.column] }),
      ...(stream.isTTY && { width: roomOf(stream) }),
    });
    const shown = root === undefined ? at : shortest(path, root) + at.slice(path.length);
    lines.push(`  ${fileLink(shown, { path, line: start.line }, screen)}`, ...(text === undefined ? [] : [text]), '');
    return text !== undefined;
  }
}

/** `[build 5/8] RUN pnpm build   exit 1 after 9.8s`, on one line of a terminal. */
function titleOf({ name, startedAt, endedAt }: StepModel, error: unknown, stream: NodeJS.WriteStream): string {
  const exit = exitCode(error);
  const took = startedAt === undefined || endedAt === undefined ? '' : `after ${duration(endedAt - startedAt)}`;
  const end = [exit === undefined ? '' : `exit ${exit}`, took].filter(Boolean).join(' ');
  const room = roomOf(stream) - end.length - 20;
  const short = shortName(name);
  return `${short.length > room ? `${short.slice(0, Math.max(20, room - 1))}…` : short}   ${end}`.trimEnd();
}

function output({ tail, lines }: StepModel, all: string | undefined, dim: (text: string) => string): readonly string[] {
  const whole = tail.at(-1) === '' ? tail.slice(0, -1) : tail;
  const written = tail.at(-1) === '' ? lines - 1 : lines;
  if (whole.length === 0) return [];
  const shown = whole.slice(-tailLines);
  const cut =
    written > shown.length
      ? [dim(`  … last ${shown.length} of ${written} lines${all === undefined ? '' : ` (${all})`}`)]
      : [];
  return [...cut, ...shown.map((line) => `   ${shownLine(line)}`.trimEnd()), ''];
}

/** Suspects that are named. */
const mostNamed = 5;

function listed(names: readonly string[]): string {
  const more = names.length - mostNamed;
  return [...names.slice(0, mostNamed), ...(more > 0 ? [`${more} more`] : [])].join(', ');
}

function exitNote(error: unknown): string {
  const code = exitCode(error);
  return code === undefined ? 'failed' : `exited ${code}`;
}
