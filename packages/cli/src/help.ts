import { styleText } from 'node:util';
import type { Command } from './command.ts';
import { exitCodes } from './exit-codes.ts';
import type { Flag } from './flags/flags.ts';

const bold = (text: string) => styleText('bold', text);

/** The page of all commands. */
export function overview(version: string, commands: readonly (readonly [name: string, summary: string])[]): string {
  const width = Math.max(...commands.map(([name]) => name.length));
  return [
    `${bold('monokit')} ${version}: builds the container images of a workspace in one graph`,
    '',
    `${bold('Usage')}  cli COMMAND [FLAGS]`,
    '',
    bold('Commands'),
    ...commands.map(([name, summary]) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    bold('Start here'),
    '  cli build all        build every image of the workspace',
    '  cli build .          build the Dockerfile in this folder',
    '  cli doctor           see what this machine has and lacks',
    '  cli help COMMAND     flags and examples of a command',
    '',
    bold('Exit codes'),
    ...Object.entries(exitCodes).map(([code, meaning]) => `  ${code.padEnd(3)}  ${meaning}`),
    '',
    bold('Environment'),
    '  MONOKIT_CACHE_DIR, MONOKIT_PROGRESS, MONOKIT_CONCURRENCY, …: the flags that are not about one image',
    '  NO_COLOR, FORCE_COLOR, CI, SOURCE_DATE_EPOCH, DOCKER_CONFIG as everywhere',
    '',
  ].join('\n');
}

/** The page of one command. */
export function commandHelp(name: string, command: Command): string {
  const { usage, description, flags, examples } = command;
  const rows = Object.entries(flags).map(([flag, spec]) => [heading(flag, spec), spec] as const);
  const width = Math.min(34, Math.max(0, ...rows.map(([head]) => head.length)));
  return [
    `${bold('Usage')}  cli ${name} ${usage}`,
    '',
    description.trim(),
    '',
    ...(examples.length > 0
      ? [bold('Examples'), ...examples.flatMap(([line, meaning]) => [`  ${line}`, `      ${meaning}`]), '']
      : []),
    ...(rows.length > 0 ? [bold('Flags'), ...rows.map(([head, spec]) => row(head, spec, width)), ''] : []),
  ].join('\n');
}

function heading(name: string, { short, kind, placeholder, implied }: Flag): string {
  const value =
    kind === 'switch' ? '' : kind === 'choice' ? `[=${placeholder ?? implied}]` : ` ${placeholder ?? 'VALUE'}`;
  return `  ${short ? `-${short}, ` : '    '}--${name}${value}`;
}

function row(head: string, { help, among }: Flag, width: number): string {
  const text = `${help}${among ? ` (${among.join(', ')})` : ''}`;
  return head.length > width ? `${head}\n${' '.repeat(width + 2)}${text}` : `${head.padEnd(width + 2)}${text}`;
}
