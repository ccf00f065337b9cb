// A Dockerfile as text → what a conversion starts from.

import { sourceMap } from '../../llb/source-map.ts';
import { Checks, readCheckOptions, type CheckOptions } from './checks.ts';
import { MainContext, type DockerfileText, type Surroundings } from './context.ts';
import type { Source } from './convert.ts';
import { detectCheck } from './directives.ts';
import { invalid, isMistake, mistake, placed, type SourceText } from './failure.ts';
import { refused, type Options } from './options.ts';
import { lineRange, parse } from './parse.ts';
import { checkText, readProgram } from './read.ts';

/** A Dockerfile's bytes, with the context that it is for. */
export interface Opened {
  readonly context: MainContext;
  readonly text: DockerfileText;
}

/** Fetches the Dockerfile. */
export async function openDockerfile(surroundings: Surroundings): Promise<Opened> {
  try {
    const context = await MainContext.open(surroundings);
    return { context, text: await context.readDockerfile() };
  } catch (error) {
    throw isMistake(error) ? invalid([error], { file: surroundings.options.filename, lines: [] }) : error;
  }
}

/** Reads a Dockerfile and does something with it; mistakes in it then get file, line and column. */
export async function withSource<T>(
  { context, text }: Opened,
  { options, warn }: Surroundings,
  work: (source: Source) => Promise<T>,
): Promise<T> {
  let told: SourceText = { file: text.name, lines: [] };
  try {
    const body = Buffer.from(text.bytes).toString();
    const parsed = parse(body);
    told = { file: text.name, lines: parsed.lines };
    refuseBinary(text.bytes, parsed.lines);
    if (text.bytes.length === 0) throw mistake('the Dockerfile cannot be empty');
    const program = readProgram(parsed);
    const checks = new Checks(checkOptions(body, options, parsed.lines), text.name, warn);
    checkText(parsed, program, checks);
    if (program.mistakes.length > 0) throw invalid(program.mistakes, told);
    const map = sourceMap({ filename: text.name, data: text.bytes, language: 'Dockerfile', state: text.source });
    const { escape } = parsed;
    return await work({ program, dockerfile: text, sourceMap: map, context, escape, checks });
  } catch (error) {
    throw isMistake(error) ? invalid([error], told) : error;
  }
}

/** The build argument has the last word. */
function checkOptions(text: string, { check }: Options, lines: readonly string[]): CheckOptions {
  if (check !== undefined) {
    try {
      return readCheckOptions(check);
    } catch (error) {
      if (!isMistake(error)) throw error;
      throw refused('build-arg:BUILDKIT_DOCKERFILE_CHECK', `BUILDKIT_DOCKERFILE_CHECK: ${error.failure.message}`);
    }
  }
  const directive = detectCheck(text);
  if (!directive) return readCheckOptions('');
  return placed(lineRange(directive.line, directive.line, lines), () => readCheckOptions(directive.value));
}

/** A Dockerfile with NULs in it is some other file. */
function refuseBinary(bytes: Uint8Array, lines: readonly string[]): void {
  if (!bytes.includes(0)) return;
  const line =
    Math.max(
      0,
      lines.findIndex((each) => each.includes('\0')),
    ) + 1;
  const range = { start: { line, column: 1 }, end: { line, column: 1 } };
  throw mistake('this is not a text file: it has NUL bytes', { range });
}
