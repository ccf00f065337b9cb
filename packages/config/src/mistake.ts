// A configuration that could not be read or evaluated, as a diagnostic with the place that the error names.

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Diagnostic, Position } from '@monokit/engine/std/diagnostic';

/** Thrown by a loader. Has no `code`, as cosmiconfig passes over files whose loader throws an ENOENT. */
export class ConfigMistake extends Error {
  override readonly name = 'ConfigMistake';
  readonly file: string;

  /** A text is all that there is to say; what was thrown has a place in its stack. */
  constructor(file: string, cause: unknown) {
    super(`cannot load ${file}`, { cause });
    this.file = file;
  }
}

export function diagnosticOf({ file, cause }: ConfigMistake): Diagnostic {
  if (typeof cause === 'string') return { severity: 'error', code: 'config/evaluation', message: cause, file };
  const error = cause instanceof Error ? cause : new Error(String(cause));
  const found = placeIn(error, file);
  const message = messageOf(error);
  return {
    severity: 'error',
    code: error instanceof SyntaxError || error.name === 'YAMLException' ? 'config/syntax' : 'config/evaluation',
    message,
    ...hintOf(error),
    file: found?.file ?? file,
    ...(found && { range: { start: found.at, end: { line: found.at.line, column: found.at.column + 1 } } }),
  };
}

function messageOf(error: Error): string {
  const plain = error.message.replace(/^(?:JSON|YAML) Error in .*:\n/, '').split('\n')[0]!;
  const reason = 'reason' in error && typeof error.reason === 'string' ? error.reason : plain;
  return error instanceof SyntaxError || error.name === 'YAMLException' ? reason : `${error.name}: ${reason}`;
}

function hintOf(error: Error): { readonly hint?: string } {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    return { hint: 'Node takes the types away and runs the rest: write what TypeScript calls erasable syntax' };
  }
  if (code === 'ERR_MODULE_NOT_FOUND') return { hint: 'is it installed, and written with its file extension?' };
  return {};
}

function placeIn(error: Error, file: string): { readonly file: string; readonly at: Position } | undefined {
  const mark = 'mark' in error ? (error.mark as { readonly line?: number; readonly column?: number }) : undefined;
  if (mark?.line !== undefined) return { file, at: { line: mark.line + 1, column: (mark.column ?? 0) + 1 } };
  const json = /\(line (\d+) column (\d+)\)/.exec(error.message);
  if (json) return { file, at: { line: Number(json[1]), column: Number(json[2]) } };
  if (/Unexpected end of JSON input/.test(error.message)) return { file, at: endOf(file) };
  return inStack(error) ?? (error instanceof SyntaxError ? reparsed(file) : undefined);
}

/** Behind the last thing in a text: what should follow is missing there. */
function endOf(file: string): Position {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return { line: lines.length, column: lines.at(-1)!.length + 1 };
}

/** The place in the excerpt above a syntax error's stack, or in the first frame outside of Node and packages. */
function inStack(error: Error): { readonly file: string; readonly at: Position } | undefined {
  const stack = error.stack ?? '';
  const excerpt = /^(\/|file:\/\/)(.*?)(?:\?[^:\n]*)?:(\d+)\n[^]*?\n( *)\^/.exec(stack);
  if (excerpt) {
    return {
      file: pathOf(excerpt[1]! + excerpt[2]!),
      at: { line: Number(excerpt[3]), column: excerpt[4]!.length + 1 },
    };
  }
  for (const frame of stack.matchAll(
    /^ {4}at (?:.* \(|async )?((?:file:\/\/)?\/[^?\n]*?)(?:\?[^:\n]*)?:(\d+):(\d+)\)?$/gm,
  )) {
    const path = pathOf(frame[1]!);
    if (!path.includes('/node_modules/') && !path.startsWith(import.meta.dirname)) {
      return { file: path, at: { line: Number(frame[2]), column: Number(frame[3]) } };
    }
  }
  return undefined;
}

/** An import doesn't say where a JavaScript module is wrong; Node's own check does. */
function reparsed(file: string): { readonly file: string; readonly at: Position } | undefined {
  if (!/\.[cm]?js$/.test(file)) return undefined;
  const { stderr } = spawnSync(process.execPath, ['--check', file], { encoding: 'utf8' });
  return inStack(Object.assign(new SyntaxError(), { stack: stderr }));
}

function pathOf(written: string): string {
  return written.startsWith('file:') ? fileURLToPath(written) : written;
}
