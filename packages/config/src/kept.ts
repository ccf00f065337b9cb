// Evaluated configurations on disk. A kept one is good for as long as everything that was read for it is as it was.

import { hash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isUnusable, replaceFileIfPossible } from '@monokit/engine/std/replace-file';
import { changedSince, type Reads, type ReadsRecord } from './reads.ts';

export interface Kept<T> {
  readonly value: T;
  readonly reads: ReadsRecord;
}

/** Where the value for a question is kept: the same question, asked by the same versions, has the same place. */
export function keptPath(state: string, kind: string, question: unknown): string {
  const key = hash('sha256', JSON.stringify([version(), process.version, process.execArgv, question]), 'hex');
  return join(state, kind, `${key.slice(0, 32)}.json`);
}

/** What is kept at a path, or undefined if there is nothing or something that it came from has changed. */
export function recall<T>(path: string, env: NodeJS.ProcessEnv): Kept<T> | undefined {
  let kept: Kept<T>;
  try {
    kept = JSON.parse(readFileSync(path, 'utf8')) as Kept<T>;
  } catch (error) {
    // A file torn by a crash is as good as none, and so is one that can't be had.
    if (error instanceof SyntaxError || isUnusable(error)) return undefined;
    throw error;
  }
  return changedSince(kept.reads, env) === undefined ? kept : undefined;
}

/**
 * Keeps a value with what was read for it, unless that can't be known or has changed meanwhile. Readable by its owner
 * alone: configurations hold what their authors put in them.
 */
export function keep(
  path: string,
  value: unknown,
  { reads, env }: { readonly reads: Reads; readonly env: NodeJS.ProcessEnv },
): void {
  if (reads.impure.size > 0) return;
  const record = reads.record();
  if (changedSince(record, env) !== undefined) return;
  if (replaceFileIfPossible(path, JSON.stringify({ value, reads: record } satisfies Kept<unknown>)))
    forget(dirname(path));
}

/** Removes the oldest where many have come together, as they do when every build has a variable of its own. */
function forget(folder: string): void {
  const names = readdirSync(folder);
  if (names.length <= most) return;
  const byAge = names
    .map((name) => join(folder, name))
    .map((path) => ({ path, at: statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0 }))
    .sort((a, b) => a.at - b.at);
  for (const { path } of byAge.slice(0, most / 2)) rmSync(path, { force: true });
}

/** Whether a value survives being written as JSON: no functions, classes, cycles. */
export function isPlain(value: unknown, depth = 0): boolean {
  if (depth > 50) return false;
  if (value === null || value === undefined || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.every((item) => item !== undefined && isPlain(item, depth + 1));
  const prototype: unknown = Object.getPrototypeOf(value);
  return (
    (prototype === Object.prototype || prototype === null) &&
    !('toJSON' in value) &&
    Object.values(value).every((item) => isPlain(item, depth + 1))
  );
}

const most = 256;
let known: string | undefined;

/** This package's version. */
function version(): string {
  known ??= (JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as { version: string })
    .version;
  return known;
}
