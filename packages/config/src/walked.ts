// What a walk over folders saw, so that the next one need only look whether any of them has changed.

import { readFileSync, statSync, type BigIntStats } from 'node:fs';
import { isUnusable, replaceFileIfPossible } from '@monokit/engine/std/replace-file';
import { isSettled } from '@monokit/engine/std/settled';

interface WalkRecord {
  /** Folder or file → inode and times; null where there was nothing. */
  readonly stamps: Readonly<Record<string, string | null>>;
  readonly paths: readonly string[];
}

/** Collects what a walk looks at. */
export class Walked {
  readonly #stamps = new Map<string, string | null>();
  readonly #began: number;
  /** Whether something had changed so shortly before that a change after it could go unseen. */
  #racy = false;

  constructor(now: number) {
    this.#began = now;
  }

  /** A folder or file; to be called before it is read. */
  look(path: string): void {
    const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
    if (stat && !isSettled(Number(stat.ctimeNs) / 1e6, this.#began)) this.#racy = true;
    this.#stamps.set(path, stampOf(stat));
  }

  /** All that was looked at. */
  get known(): readonly string[] {
    return [...this.#stamps.keys()];
  }

  /** Undefined where something had changed too shortly before. */
  record(): Readonly<Record<string, string | null>> | undefined {
    return this.#racy ? undefined : Object.fromEntries(this.#stamps);
  }
}

/** Remembers a walk's findings, unless it was too early to tell whether they will stay true. */
export function keepWalk(file: string, walked: Walked, paths: readonly string[]): void {
  const stamps = walked.record();
  if (!stamps) return;
  replaceFileIfPossible(file, JSON.stringify({ stamps, paths } satisfies WalkRecord));
}

/** What a remembered walk found, if every folder that it saw is as it was. */
export function recallWalk(file: string): Record<'paths' | 'seen' | 'known', readonly string[]> | undefined {
  let record: WalkRecord;
  try {
    record = JSON.parse(readFileSync(file, 'utf8')) as WalkRecord;
  } catch (error) {
    if (error instanceof SyntaxError || isUnusable(error)) return undefined;
    throw error;
  }
  for (const [path, stamp] of Object.entries(record.stamps)) {
    if (stampOf(statSync(path, { throwIfNoEntry: false, bigint: true })) !== stamp) return undefined;
  }
  const known = Object.keys(record.stamps);
  return { paths: record.paths, seen: known, known };
}

/** The change time is in it, which no program can set back. */
function stampOf(stat: BigIntStats | undefined): string | null {
  return stat ? `${stat.ino}-${stat.size}-${stat.mtimeNs}-${stat.ctimeNs}` : null;
}
