import { randomUUID } from 'node:crypto';
import type { Problem } from './problems.ts';
import { tame } from './tame.ts';

/** How a CI's log is written. What comes in is anybody's text; what goes out is read as it was meant. */
export interface Dialect {
  /** Lines that are folded away behind a title. `at` is milliseconds since the epoch. */
  group(title: string, lines: readonly string[], at: number): readonly string[];
  /** Lines that everybody is to see. */
  open(title: string, lines: readonly string[]): readonly string[];
  /** A line by itself, outside of every group. */
  note(line: string): readonly string[];
  /** A problem shown beside the file it is in, where the log is the way to tell of it. */
  annotation?(problem: Problem): readonly string[];
}

export type DialectName = 'github' | 'gitlab' | 'buildkite' | 'azure';

/** The CI that this runs in, if it is one of these. */
export function dialectHere(env: NodeJS.ProcessEnv): DialectName | undefined {
  if (env['GITHUB_ACTIONS'] === 'true') return 'github';
  if (env['GITLAB_CI'] === 'true') return 'gitlab';
  if (env['BUILDKITE'] === 'true') return 'buildkite';
  if (env['TF_BUILD'] === 'True') return 'azure';
  return undefined;
}

export const dialects: { readonly [N in DialectName]: () => Dialect } = {
  github: () => github(randomUUID()),
  gitlab: () => gitlab(),
  buildkite: () => buildkite(),
  azure: () => azure(),
};

/**
 * Workflow commands. `token` is a word that no step can know: between it and its end the runner takes nothing for a
 * command, neither `::set-output` nor `##[…]`. What a tool in a step says of files (`::error file=…::`) is let through:
 * it is shown beside them and does nothing else.
 */
export function github(token: string): Dialect {
  const [stop, go] = [`::stop-commands::${token}`, `::${token}::`];
  const quoted = (lines: readonly string[]) => {
    const told = lines.map(tame).flatMap((line) => (remark.test(line) ? [go, line, stop] : [line]));
    return told.length > 0 ? [stop, ...told, go] : [];
  };
  return {
    group: (title, lines) => [`::group::${data(tame(title))}`, ...quoted(lines), '::endgroup::'],
    open: (title, lines) => quoted([title, ...lines]),
    // A line that begins with one of our signs is no command, unless it has the old form in its midst.
    note: (line) => (line.includes('##[') || line.trimStart().startsWith('::') ? quoted([line]) : [tame(line)]),
    annotation: ({ severity, file, line, endLine, column, title, message }) => {
      const properties = Object.entries({ file, line, endLine, col: column, title }).flatMap(([name, value]) =>
        value === undefined ? [] : [`${name}=${property(String(value))}`],
      );
      return [`::${severity} ${properties.join(',')}::${data(message)}`];
    },
  };
}

/** A remark of a tool on a file. */
const remark = /^::(?:error|warning|notice)(?: [^:]*)?::/;

/** Sections, folded by themselves. */
export function gitlab(): Dialect {
  let count = 0;
  return {
    group(title, lines, at) {
      const [time, name] = [Math.floor(at / 1000), `monokit_${++count}`];
      return [
        `\u001b[0Ksection_start:${time}:${name}[collapsed=true]\r\u001b[0K${tame(title)}`,
        ...lines.map(tame),
        `\u001b[0Ksection_end:${time}:${name}\r\u001b[0K`,
      ];
    },
    open: (title, lines) => ['', tame(title), ...lines.map(tame)],
    note: (line) => [tame(line)],
  };
}

/** Groups last until the next one begins. */
export function buildkite(): Dialect {
  // A step's own `--- a/file` is no group of ours.
  const plain = (line: string) => tame(line).replace(/^(?=\s*(?:---|\+\+\+|~~~|\^\^\^)(?:\s|$))/, '\u200b');
  return {
    group: (title, lines) => [`--- ${tame(title)}`, ...lines.map(plain)],
    open: (title, lines) => [`+++ ${tame(title)}`, ...lines.map(plain)],
    note: (line) => [`--- ${tame(line)}`],
  };
}

/**
 * Logging commands: `##[group]` at the beginning of a line, `##vso[…]` anywhere in one. There is no word that stops them, so
 * what a step writes is parted where it would be one. What a tool says of files (`##vso[task.logissue …]`) is let through.
 */
export function azure(): Dialect {
  const plain = (line: string) => {
    const text = tame(line);
    return issue.test(text) ? text : text.replaceAll(/##(?=\s*(?:vso)?\[)/gi, '##\u200b');
  };
  return {
    group: (title, lines) => [`##[group]${plain(title)}`, ...lines.map(plain), '##[endgroup]'],
    open: (title, lines) => [plain(title), ...lines.map(plain)],
    note: (line) => [plain(line)],
    annotation: ({ severity, file, line, column, code, title, message }) => {
      const properties = Object.entries({
        type: severity,
        sourcepath: file,
        linenumber: line,
        columnnumber: column,
        code,
      });
      const written = properties.flatMap(([name, value]) =>
        value === undefined
          ? []
          : [`${name}=${azureText(String(value)).replaceAll(']', '%5D').replaceAll(';', '%3B')}`],
      );
      return [`##vso[task.logissue ${written.join(';')}]${azureText(`${title}: ${message}`)}`];
    },
  };
}

/** One command and no more. */
const issue = /^##vso\[task\.logissue(?: [^\]]*)?\](?!.*##\s*(?:vso)?\[)/i;

function azureText(text: string): string {
  return text.replaceAll('%', '%AZP25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
