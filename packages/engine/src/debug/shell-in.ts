import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import type { ExecMeta } from '../llb/exec.ts';
import { O_PATH, openInRoot } from '../sys/openat2.ts';

/** Shells that trees have, the most comfortable first; the step's own stands before the plain ones. */
const comfortable = ['/bin/bash', '/usr/bin/bash'];
const plain = ['/bin/sh', '/usr/bin/sh', '/bin/ash', '/busybox/sh'];

/** A shell that the tree at `root` has, where processes may be at work; undefined where it has none. */
export function shellIn(root: string, { args }: Pick<ExecMeta, 'args'>): string | undefined {
  return [...comfortable, ...ownShell(args), ...plain].find((path) => isProgram(root, path));
}

/** What a command in shell form is run by. */
function ownShell(args: readonly string[]): readonly string[] {
  const [program = ''] = args;
  return program.startsWith('/') && shellForm(args) !== undefined ? [program] : [];
}

/** The command as people wrote it, where a shell runs it: `RUN make` is `/bin/sh -c make`. */
export function shellForm(args: readonly string[]): string | undefined {
  const command = args.at(-1);
  return args.length >= 3 && /^-\w*c$/.test(args.at(-2)!) ? command : undefined;
}

function isProgram(root: string, path: string): boolean {
  const folder = openSync(root, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    const program = openInRoot(folder, path, { flags: O_PATH });
    try {
      const stats = fstatSync(program);
      return stats.isFile() && (stats.mode & 0o111) !== 0;
    } finally {
      closeSync(program);
    }
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  } finally {
    closeSync(folder);
  }
}

/** A command line that a POSIX shell reads as these arguments. */
export function shellLine(args: readonly string[]): string {
  return args.map((arg) => (/^[\w@%+=:,./-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", "'\\''")}'`)).join(' ');
}
