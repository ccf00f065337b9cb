import { styleText } from 'node:util';
import type { Command } from './command.ts';
import type { ListedCommand } from './commands.ts';
import { exitCodes } from './exit-codes.ts';
import type { Flag } from './flags/flags.ts';
import { flagGroups } from './flags/groups.ts';

const bold = (text: string) => styleText('bold', text);

/** How wide a page may be, in columns: a terminal's width, as far as lines of text stay easy to read. */
export function columnsOf({ isTTY, columns }: Pick<NodeJS.WriteStream, 'isTTY' | 'columns'>): number {
  return isTTY ? Math.min(100, Math.max(60, columns || standard)) : standard;
}

const standard = 80;

/** The page of all commands. */
export function overview(
  version: string,
  commands: Readonly<Record<string, Pick<ListedCommand, 'group' | 'summary'>>>,
  columns: number = standard,
): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const groups = Map.groupBy(Object.entries(commands), ([, { group }]) => group);
  return [
    `${bold('monokit')} ${version}: builds the container images of a workspace in one graph`,
    '',
    `${bold('Usage')}  cli COMMAND [FLAGS]`,
    '',
    bold('Start here'),
    '  cli build all        build every image of the workspace',
    '  cli build .          build the Dockerfile in this folder',
    '  cli doctor           see what this machine has and lacks',
    '  cli help COMMAND     flags and examples of a command',
    '',
    ...[...groups].flatMap(([group, members]) => [
      bold(group),
      ...members.map(([name, { summary }]) => row(`  ${name}`, summary, { width: width + 2, columns })),
      '',
    ]),
    bold('Exit codes'),
    ...Object.entries(exitCodes).map(([code, meaning]) => row(`  ${code}`, meaning, { width: 5, columns })),
    '',
    bold('Environment'),
    ...wrapped(
      '  MONOKIT_CACHE_DIR, MONOKIT_PROGRESS, MONOKIT_CONCURRENCY, …: the flags that are not about one image',
      columns,
    ),
    '  NO_COLOR, FORCE_COLOR, CI, SOURCE_DATE_EPOCH, DOCKER_CONFIG: as other tools read them',
    '',
  ].join('\n');
}

/** The page of one command. */
export function commandHelp(name: string, command: Command, columns: number = standard): string {
  const { usage, description, flags, examples } = command;
  const heads = Object.entries(flags).map(([flag, spec]) => heading(flag, spec));
  const width = Math.min(34, Math.max(0, ...heads.map((head) => head.length)));
  const [first = '', ...more] = wrapped(`Usage  cli ${name} ${usage}`.trimEnd(), columns, 9);
  return [
    [first.replace('Usage', bold('Usage')), ...more].join('\n'),
    '',
    ...paragraphs(description).flatMap((line) => wrapped(line, columns)),
    '',
    ...(examples.length > 0
      ? [
          bold('Examples'),
          ...examples.flatMap(([line, meaning]) => [`  ${line}`, ...wrapped(`      ${meaning}`, columns)]),
          '',
        ]
      : []),
    ...flagGroups(name, flags).flatMap((group) => [
      bold(group.title),
      ...group.flags.map(([flag, spec]) => row(heading(flag, spec), textOf(spec), { width, columns })),
      '',
    ]),
  ].join('\n');
}

function heading(name: string, { short, kind, placeholder, implied }: Flag): string {
  const value =
    kind === 'switch' ? '' : kind === 'choice' ? `[=${placeholder ?? implied}]` : ` ${placeholder ?? 'VALUE'}`;
  return `  ${short ? `-${short}, ` : '    '}--${name}${value}`;
}

function textOf({ help, among }: Flag): string {
  return `${help}${among ? ` (${among.join(', ')})` : ''}`;
}

/** A word with its text beside it, or below where the word is wider than its column. */
function row(
  head: string,
  text: string,
  { width, columns }: { readonly width: number; readonly columns: number },
): string {
  const [first, ...rest] = wrapped(' '.repeat(width + 2) + text, columns);
  const lines = head.length > width ? [head, first!] : [head.padEnd(width) + first!.slice(width)];
  return [...lines, ...rest].join('\n');
}

/** A description's lines as they may be wrapped anew: those of a paragraph as one, and each indented one for itself. */
function paragraphs(description: string): readonly string[] {
  const lines: string[] = [];
  let open = false;
  for (const line of description.trim().split('\n')) {
    const isText = line !== '' && !line.startsWith(' ');
    if (isText && open) lines.push(`${lines.pop()} ${line}`);
    else lines.push(line);
    open = isText;
  }
  return lines;
}

/** Lines of at most so many columns, all of them indented as the first is, or the later ones by `hanging`. */
function wrapped(text: string, columns: number, hanging?: number): readonly string[] {
  const start = /^ */.exec(text)![0];
  const indent = hanging === undefined ? start : ' '.repeat(hanging);
  const lines: string[] = [];
  let line: string | undefined;
  for (const word of text.slice(start.length).split(' ')) {
    if (line === undefined) line = start + word;
    else if (line.length + 1 + word.length <= columns) line += ` ${word}`;
    else {
      lines.push(line);
      line = indent + word;
    }
  }
  return [...lines, line!];
}
