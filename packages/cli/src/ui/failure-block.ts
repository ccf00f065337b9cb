import { isAbsolute, join } from 'node:path';
import { styleText } from 'node:util';
import { failedOf } from '@monokit/engine/std/failed';
import { excerpt } from './excerpt.ts';
import { bugLines, chain, diagnosticsOf, messageOf } from './failure.ts';
import { failuresOf, neededImage, type RunFailure } from './failures.ts';
import { duration, shortName, shownLine } from './format.ts';
import type { RunModel, StepModel } from './model.ts';
import type { RunStart } from './renderer.ts';

/** Lines of a step that are shown. */
const tailLines = 40;

/** What failed: what, where, the last lines it wrote, who it stops, and how to go on. A text for each failure. */
export function failureBlocks(model: RunModel, start: RunStart, stream: NodeJS.WriteStream): string[] {
  return failuresOf(model, start.folders).map((failure) => block(failure, start, stream));
}

function block(failure: RunFailure, { folders, retry }: RunStart, stream: NodeJS.WriteStream): string {
  const { error, step, source, images, blocked } = failure;
  const dim = (text: string) => styleText('dim', text, { stream });
  const names = images.map((id) => styleText('bold', id, { stream })).join(', ');
  const head = `${styleText('red', '✖', { stream })} ${names}`;
  const lines = [step ? `${head}  ${titleOf(step, error, stream)}` : head, ''];

  const told = new Set<string>();
  if (source) place(source.file, source.lines, exitNote(error), source.folder);
  for (const { file, range, message, hint, severity } of diagnosticsOf(error)) {
    if (severity !== 'error' || !range) continue;
    const folder = folders.get(neededImage(error) ?? images[0]!);
    place(file, [range.start.line, range.end.line], hint ? `${message}: ${hint}` : message, folder);
  }
  if (step) lines.push(...output(step, dim));
  const [cause, ...more] = chain(error);
  lines.push(`  error: ${messageOf(cause)}`, ...more.map((each) => `    because ${messageOf(each)}`));
  lines.push(...bugLines([cause, ...more]));
  if (blocked.length > 0) lines.push(dim(`  blocked: ${blocked.join(', ')}`));
  const again = retry(images);
  if (again !== undefined) lines.push(dim(`  retry:   ${again}`));
  lines.push('');
  return lines.join('\n');

  function place(file: string, range: readonly [number, number], note: string, folder: string | undefined): void {
    const path = isAbsolute(file) || folder === undefined ? file : join(folder, file);
    const at = `${path}:${range[0]}`;
    if (told.has(at)) return;
    told.add(at);
    const columns = stream.isTTY ? { width: Math.max(60, stream.columns ?? 80) } : {};
    const text = excerpt(path, range, { note, ...columns });
    lines.push(`  ${at}`, ...(text === undefined ? [] : [text]), '');
  }
}

/** `[build 5/8] RUN pnpm build   exit 1 after 9.8s`, on one line of a terminal. */
function titleOf({ name, startedAt, endedAt }: StepModel, error: unknown, stream: NodeJS.WriteStream): string {
  const exit = exitCode(error);
  const took = startedAt === undefined || endedAt === undefined ? '' : `after ${duration(endedAt - startedAt)}`;
  const end = [exit === undefined ? '' : `exit ${exit}`, took].filter(Boolean).join(' ');
  const room = stream.isTTY ? Math.max(60, stream.columns ?? 80) - end.length - 20 : Number.POSITIVE_INFINITY;
  const short = shortName(name);
  return `${short.length > room ? `${short.slice(0, Math.max(20, room - 1))}…` : short}   ${end}`.trimEnd();
}

function output({ tail, lines }: StepModel, dim: (text: string) => string): readonly string[] {
  const whole = tail.at(-1) === '' ? tail.slice(0, -1) : tail;
  const written = tail.at(-1) === '' ? lines - 1 : lines;
  if (whole.length === 0) return [];
  const shown = whole.slice(-tailLines);
  const cut = written > shown.length ? [dim(`  … last ${shown.length} of ${written} lines`)] : [];
  return [...cut, ...shown.map((line) => `   ${shownLine(line)}`.trimEnd()), ''];
}

function exitCode(error: unknown): number | undefined {
  return (failedOf(error, 'process-exit')?.failure as { readonly code?: number } | undefined)?.code;
}

function exitNote(error: unknown): string {
  const code = exitCode(error);
  return code === undefined ? 'failed' : `exited ${code}`;
}
