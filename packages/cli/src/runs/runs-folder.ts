// Where runs are kept: `<state>/runs/<hash of the root>/`, with `<id>.json` and `<id>.log` of each, and what the last
// ones took (history.ts).

import { hash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { statePath } from '@monokit/engine/state-path';
import { replaceFile } from '@monokit/engine/std/replace-file';
import { recordVersion, type RunRecord } from './record.ts';
import { timeOfRun } from './run-id.ts';

/** Runs that are kept, for how long, and how many bytes of them: logs may be long. */
const most = 100;
const longest = 30 * 24 * 60 * 60 * 1000;
const largest = 1 << 30;

/** Where a workspace's runs are kept. Nothing needs to be there. */
export function runsPath({
  root,
  env,
  asked,
}: {
  /** See `RunRecord.root`. */
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  /** The cache folder that a flag or the config names. */
  readonly asked?: string | undefined;
}): string {
  const state = statePath({ env, ...(asked !== undefined && { asked }) });
  return join(state, 'runs', hash('sha256', root, 'hex').slice(0, 16));
}

/** The runs of one workspace. */
export class RunsFolder {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Ids of the runs that are kept, oldest first. */
  ids(): readonly string[] {
    const names = namesIn(this.path).filter((name) => name.endsWith('.json'));
    return names.flatMap((name) => (timeOfRun(name.slice(0, -5)) === undefined ? [] : name.slice(0, -5))).sort();
  }

  recordPath(id: string): string {
    return join(this.path, `${id}.json`);
  }

  logPath(id: string): string {
    return join(this.path, `${id}.log`);
  }

  /** What the run's images were made of (why/book.ts). */
  madePath(id: string): string {
    return join(this.path, `${id}.made.json`);
  }

  /** A run's record; undefined where it is gone, damaged, or of another version than this program's. */
  read(id: string): RunRecord | undefined {
    let text: string;
    try {
      text = readFileSync(this.recordPath(id), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
    try {
      const record = JSON.parse(text) as RunRecord;
      return record.version === recordVersion ? record : undefined;
    } catch (error) {
      if (error instanceof SyntaxError) return undefined; // a machine lost power
      throw error;
    }
  }

  /** Whole or not at all, whatever happens meanwhile. */
  write(record: RunRecord): void {
    this.make();
    replaceFile(this.recordPath(record.id), JSON.stringify(record));
  }

  make(): void {
    mkdirSync(this.path, { recursive: true, mode: 0o700 });
  }

  /** With all that lies beside its record. */
  remove(id: string): void {
    for (const name of namesIn(this.path))
      if (name.startsWith(`${id}.`)) rmSync(join(this.path, name), { force: true });
  }

  /** Lets go of the oldest runs; `stays` says of one that it must not go. `size` bounds the bytes of all. */
  prune(now: number, stays: (id: string) => boolean, size: number = largest): void {
    const sizes = this.#sizes();
    let [kept, bytes] = [0, 0];
    for (const id of this.ids().toReversed()) {
      kept++;
      bytes += sizes.get(id) ?? 0;
      const goes = kept > most || bytes > size || timeOfRun(id)! < now - longest;
      if (goes && !stays(id)) this.remove(id);
    }
  }

  /** Bytes of all that lies beside each record. */
  #sizes(): ReadonlyMap<string, number> {
    const sizes = new Map<string, number>();
    for (const name of namesIn(this.path)) {
      const id = name.split('.', 1)[0]!;
      const size = statSync(join(this.path, name), { throwIfNoEntry: false })?.size ?? 0;
      sizes.set(id, (sizes.get(id) ?? 0) + size);
    }
    return sizes;
  }
}

/** The file beside a record that has its name and another ending; a record that was brought here may have none. */
export function besideRecord(path: string, ending: string): string {
  return `${path.replace(/\.json$/, '')}.${ending}`;
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
