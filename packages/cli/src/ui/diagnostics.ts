import { relative } from 'node:path';
import { styleText } from 'node:util';
import type { Diagnostic } from '@monokit/engine/std/diagnostic';
import { excerpt } from './excerpt.ts';
import { harmless } from './tame.ts';

/** Problems in what people wrote: what, where, the text with a marker, and what to do. Ends in a line break. */
export function diagnosticsText(
  diagnostics: readonly Diagnostic[],
  { cwd, stream }: { readonly cwd: string; readonly stream: NodeJS.WriteStream },
): string {
  return diagnostics.map((diagnostic) => `${one(diagnostic, cwd, stream)}\n`).join('');
}

function one(diagnostic: Diagnostic, cwd: string, stream: NodeJS.WriteStream): string {
  const { severity, message, file, range } = diagnostic;
  const told = diagnostic.hint !== undefined && message.includes(diagnostic.hint);
  const hint = told || diagnostic.hint === undefined ? undefined : harmless(diagnostic.hint);
  const word = styleText(severity === 'error' ? 'red' : 'yellow', severity, { stream });
  const lines = [`${word}: ${harmless(message)}`];
  if (range) {
    const { start, end } = range;
    lines.push(`  ${shortest(file, cwd)}:${start.line}:${start.column}`);
    const columns = start.line === end.line ? ([start.column, end.column] as const) : undefined;
    const text = excerpt(file, [start.line, end.line], { note: hint ?? '', ...(columns && { columns }) });
    lines.push(...(text === undefined ? (hint ? [`  ${hint}`] : []) : [text]));
  } else if (hint) lines.push(`  ${hint}`);
  return `${lines.join('\n')}\n`;
}

/** A path as people would type it here. */
export function shortest(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short === '' || short.startsWith('../..') || short.length > path.length ? path : short;
}
