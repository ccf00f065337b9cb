// A build whose every input is untouched since the last one needs no engine: one look at each file tells, and the last
// answer is told again. Loaded before anything else of a build, so it imports next to nothing.

import type { Stats } from 'node:fs';
import { join } from 'node:path';
import { cachePath } from '@monokit/engine/cache-path';

// Where these are imported, Node fills in all that they export, which loads streams and the whole of web crypto.
const { hash } = process.getBuiltinModule('node:crypto');
const { lstatSync, readFileSync, statSync } = process.getBuiltinModule('node:fs');

/** What a build told when it was last run. */
export interface Answer {
  readonly images: readonly {
    readonly id: string;
    readonly name?: string;
    readonly digest?: string;
    readonly size?: number;
  }[];
  /** Steps, and those that several images or platforms share. */
  readonly steps: number;
  readonly shared: number;
  /** How long its steps take where they run, in ms, as far as that is known. */
  readonly worth?: number;
  /** Ids and digests are all that was asked for, on standard output. */
  readonly quiet?: true;
}

/** Entries of a folder that were looked at; names have one character a byte, `numbers` is what `looks` says of each. */
export interface SeenFolder {
  readonly path: string;
  readonly names: readonly string[];
  readonly numbers: Float64Array;
}

/** An answer with all that it came from. */
export interface Kept<T = Answer> {
  readonly answer: T;
  /** Variables that are no part of the question and were read, null where they were not set. */
  readonly variables: Readonly<Record<string, string | null>>;
  /** Path → what it was, null where nothing was. */
  readonly paths: Readonly<Record<string, string | null>>;
  readonly folders: readonly { readonly path: string; readonly names: readonly string[]; readonly numbers: string }[];
}

/** Numbers kept of each entry: how many, and what. The engine's rows have the same in the same order. */
export const width = 8;
export const ctimeColumn = 4;

/** Raised whenever what is kept of an answer has another form. */
const form = 3;

/** Where the answer to a command line is kept: the same words in the same folder and environment have the same place. */
export function freshPath(
  argv: readonly string[],
  { cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): string {
  const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
    version: string;
  };
  const variables = Object.entries(env)
    .filter(([name]) => !passing.has(name))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const question = [form, version, process.version, process.getuid?.(), cwd, argv, variables];
  const flag = argv.findLastIndex((arg) => arg === '--cache-dir' || arg.startsWith('--cache-dir='));
  const asked = flag < 0 ? undefined : (argv[flag]!.split('=')[1] ?? argv[flag + 1]);
  const folder = join(cachePath({ env, ...(asked !== undefined && { asked }) }), 'fresh');
  return join(folder, `${hash('sha256', JSON.stringify(question), 'hex').slice(0, 32)}.json`);
}

/**
 * Variables that change from terminal to terminal and that hardly any build reads: they are no part of the question, and
 * of one that was read all the same, the answer holds what it was. Those of npm are read: it tells of a version.
 */
export const passing: ReadonlySet<string> = new Set(
  (
    '_ SHLVL OLDPWD PWD COLUMNS LINES TERM TERM_PROGRAM TERM_PROGRAM_VERSION TERM_SESSION_ID NODE_COMPILE_CACHE ' +
    'NO_COLOR FORCE_COLOR'
  ).split(' '),
);

/** The last answer, if nothing that it came from was touched since. */
export function recallAnswer<T = Answer>(path: string, env: NodeJS.ProcessEnv): T | undefined {
  let kept: Kept<T>;
  try {
    kept = JSON.parse(readFileSync(path, 'utf8')) as Kept<T>;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (error instanceof SyntaxError || ['ENOENT', 'ENOTDIR', 'EACCES'].includes(code)) return undefined;
    throw error;
  }
  for (const [name, value] of Object.entries(kept.variables)) if ((env[name] ?? null) !== value) return undefined;
  for (const [each, look] of Object.entries(kept.paths)) if (lookAt(each) !== look) return undefined;
  return kept.folders.every(isUntouched) ? kept.answer : undefined;
}

function isUntouched({ path, names, numbers: encoded }: Kept['folders'][number]): boolean {
  const bytes = Buffer.from(encoded, 'base64');
  const numbers = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  return names.every((name, i) => {
    const stats = lstatSync(nameOf(`${path}/${name}`), { throwIfNoEntry: false });
    return stats !== undefined && isAsSeen(stats, numbers.subarray(i * width, (i + 1) * width));
  });
}

const now = new Float64Array(width);

/** Whether a file is what the numbers of its row say. */
export function isAsSeen(stats: Stats, row: Float64Array): boolean {
  looks(stats, now);
  return now.every((value, column) => value === row[column]);
}

/** What a path leads to; null where that is nothing. */
export function lookAt(path: string): string | null {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return null;
  const numbers = new Float64Array(width);
  looks(stats, numbers);
  return numbers.join();
}

/** In the order of the engine's rows: mode, inode, size, mtime, ctime, links, device, device number. */
function looks({ mode, ino, size, mtimeMs, ctimeMs, nlink, dev, rdev }: Stats, into: Float64Array): void {
  into[0] = mode;
  into[1] = ino;
  into[2] = size;
  into[3] = mtimeMs;
  into[ctimeColumn] = ctimeMs;
  into[5] = nlink;
  into[6] = dev;
  into[7] = rdev;
}

function nameOf(path: string): string | Buffer {
  // oxlint-disable-next-line no-control-regex
  return /[^\0-\x7f]/.test(path) ? Buffer.from(path, 'latin1') : path;
}
