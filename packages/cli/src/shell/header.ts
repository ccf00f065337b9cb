import { join } from 'node:path';
import { styleText } from 'node:util';
import type { Entered, FailedStep } from '@monokit/engine';
import { shortest } from '../ui/diagnostics.ts';
import { duration, shortName } from '../ui/format.ts';
import { wordOf } from './choose.ts';

/** Where one is: the step, its place in the Dockerfile, how it failed and when. */
export function failedHeader(
  step: FailedStep,
  {
    state,
    cwd,
    now,
    stream,
  }: {
    readonly state: 'left' | 'before';
    readonly cwd: string;
    readonly now: number;
    readonly stream: NodeJS.WriteStream;
  },
): string {
  const { source, name, failedAt, message } = step;
  const bold = (text: string) => styleText('bold', text, { stream });
  const file = source && shortest(source.folder === undefined ? source.file : join(source.folder, source.file), cwd);
  const place = file === undefined ? [] : [`  ${file}:${source!.lines[0]}`];
  const ending = /: (exit code: \d+.*|cannot allocate memory.*|the container.*)$/s.exec(message)?.[1] ?? message;
  const tree = state === 'left' ? 'the tree is as the step left it' : 'the tree is as it was before the step';
  return [
    `${bold(wordOf(step))}  ${shortName(name)}`,
    ...place,
    `  failed ${duration(now - failedAt)} ago: ${shortName(ending)}`,
    `  ${tree}`,
  ].join('\n');
}

/** Of a tree without a shell. */
export const lentLine = "  the tree has no shell: this machine's busybox stands in /.monokit/bin";

/** What is kept of what one does there, what is missing, and how to run the command again. */
export function roomLines(entered: Entered, { command }: { readonly command: boolean }): string {
  const { cacheMounts, lentShell, shell } = entered;
  const stays = cacheMounts.length > 0 ? `, but for cache mounts (${cacheMounts.join(', ')}), which builds share` : '';
  return [
    `  what you write is thrown away at the end${stays}`,
    ...(lentShell ? [lentLine] : []),
    // Others don't read a history that they are given.
    ...(command
      ? [`  ${shell.endsWith('/bash') ? '↑, ' : ''}eval "$CMD" or /.monokit/rerun runs its command again`]
      : []),
    ...missingLines(entered),
  ].join('\n');
}

/** What the step asks of its client and nobody lends, each with the flag that would. */
export function missingLines({ missing }: Pick<Entered, 'missing'>): readonly string[] {
  return missing.map((each) => {
    const [kind, id] = each.split(' ');
    const flag = kind === 'ssh' ? `--ssh ${id}` : `--secret id=${id},src=FILE`;
    return `  missing: ${each}, which is never kept; lend it with ${flag}`;
  });
}
