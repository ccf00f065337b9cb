// The runs that were begun in this folder or in one above, and the words by which people mean one.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Invocation } from '../command.ts';
import type { cacheDirFlag } from '../flags/workspace.ts';
import { Mistake } from '../mistake.ts';
import { settingsHere } from '../tasks/settings-here.ts';
import { count } from '../ui/format.ts';
import { systemText } from '../ui/system-text.ts';
import { harmless } from '../ui/tame.ts';
import { isRecord } from './is-record.ts';
import type { RunRecord } from './record.ts';
import { isRunning } from './run-log.ts';
import { besideRecord, RunsFolder, runsPath } from './runs-folder.ts';

/** A run that is kept. */
export interface KeptRun {
  readonly record: RunRecord;
  /** Its log; undefined for a record that somebody brought here without one. */
  readonly logPath: string | undefined;
  readonly path: string;
  /** Of one that has not ended: whether it still runs. */
  readonly isRunning: boolean;
}

export class RunsHere {
  readonly #folders: readonly RunsFolder[];
  readonly #cwd: string;

  private constructor(folders: readonly RunsFolder[], cwd: string) {
    this.#folders = folders;
    this.#cwd = cwd;
  }

  static async open(invocation: Pick<Invocation<typeof cacheDirFlag>, 'flags' | 'cwd' | 'env'>): Promise<RunsHere> {
    const { flags, cwd, env } = invocation;
    const asked = flags['cache-dir'] ?? (await settingsHere(invocation)).cacheDir;
    // A folder that is built by itself asks no config where its state is.
    const states = flags['cache-dir'] === undefined && asked !== undefined ? [asked, undefined] : [asked];
    const paths = [...foldersAbove(cwd)].flatMap((root) => states.map((asked) => runsPath({ root, env, asked })));
    return new RunsHere(
      [...new Set(paths)].map((path) => new RunsFolder(path)),
      cwd,
    );
  }

  /** Ids, the youngest first. */
  ids(): readonly string[] {
    return this.#folders.flatMap((folder) => folder.ids()).sort((a, b) => (a < b ? 1 : -1));
  }

  /** The youngest runs first, each read when it is come to. */
  *runs(): Generator<KeptRun> {
    for (const id of this.ids()) {
      const run = this.#read(id);
      if (run) yield run;
    }
  }

  /**
   * The run that a word means: `@last`, `@failed`, `-1` for the last and `-2` for the one before it, the beginning or the
   * end of an id, or the file of a record. Throws a `Mistake` where that is none, or several.
   */
  find(word = '@last'): KeptRun {
    if (isFile(word)) return this.#file(resolve(this.#cwd, word));
    const id = this.idOf(word);
    const run = this.#read(id);
    if (run) return run;
    throw new Mistake(
      `the run ${id} was written by another version of monokit, or is damaged`,
      `cli runs rm ${id} lets go of it`,
    );
  }

  /** The id of the run that a word means, as `find` has it. */
  idOf(word: string): string {
    const ids = this.ids();
    if (ids.length === 0)
      throw new Mistake(
        `no run is kept for ${this.#cwd} or a folder above it`,
        'cli build, watch and release keep theirs; --cache-dir names another place',
      );
    if (word === '@last') return ids[0]!;
    if (word === '@failed') {
      const failed = this.runs().find(({ record }) => record.code === 1);
      if (failed) return failed.record.id;
      throw new Mistake('no run that is kept has failed', 'cli runs ls lists them');
    }
    if (/^-\d+$/.test(word)) {
      const id = ids[-Number(word) - 1];
      if (id !== undefined) return id;
      throw new Mistake(`there is no run ${word}: ${count(ids.length, 'run')} kept`, '-1 is the last one');
    }
    const found = meantBy(word, ids);
    if (found.length === 1) return found[0]!;
    if (found.length > 1)
      throw new Mistake(`${found.length} runs begin or end with ${word}`, `such as ${found.slice(0, 3).join(', ')}`);
    throw new Mistake(`there is no run ${JSON.stringify(word)}`, 'cli runs ls lists those that are kept');
  }

  /** Whether a word means a run, or can mean nothing else. */
  knows(word: string): boolean {
    return /^@|^-\d+$/.test(word) || isFile(word) || meantBy(word, this.ids()).length > 0;
  }

  isRunning(id: string): boolean {
    return this.#folders.some((folder) => folder.read(id)?.endedAt === undefined && isRunning(folder, id));
  }

  remove(id: string): void {
    for (const folder of this.#folders) folder.remove(id);
  }

  #read(id: string): KeptRun | undefined {
    for (const folder of this.#folders) {
      const record = folder.read(id);
      if (!record) continue;
      const running = record.endedAt === undefined && isRunning(folder, id);
      return { record, logPath: folder.logPath(id), path: folder.recordPath(id), isRunning: running };
    }
    return undefined;
  }

  #file(path: string): KeptRun {
    let text: string;
    try {
      text = readFileSync(path, 'utf8');
    } catch (error) {
      throw new Mistake(`${path} can't be read as the record of a run: ${systemText(error, path)}`, bringsRecords);
    }
    const record = parsed(path, text);
    if (!isRecord(record))
      throw new Mistake(`${path} is not the record of a run that this version of monokit can read`, bringsRecords);
    const log = besideRecord(path, 'log');
    return { record, path, logPath: existsSync(log) ? log : undefined, isRunning: false };
  }
}

const bringsRecords = '--summarize=FILE of cli build writes one';

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text, (_, value: unknown) => (typeof value === 'string' ? harmless(value) : value));
  } catch (error) {
    const message = harmless((error as Error).message);
    throw new Mistake(`${path} is not the record of a run, nor JSON: ${message}`, bringsRecords);
  }
}

/** Shorter ends of ids are words that mean something else. */
const shortestEnd = 4;

function meantBy(word: string, ids: readonly string[]): readonly string[] {
  if (word === '') return [];
  return ids.filter((id) => id.startsWith(word) || (word.length >= shortestEnd && id.endsWith(word)));
}

function isFile(word: string): boolean {
  return /\.json$|^\.{0,2}\//.test(word);
}

function* foldersAbove(folder: string): Generator<string> {
  yield folder;
  if (dirname(folder) !== folder) yield* foldersAbove(dirname(folder));
}
