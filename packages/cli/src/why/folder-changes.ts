// What differs between two versions of what a step reads of a folder.

import { posix } from 'node:path';
import type { ManifestEntry } from '@monokit/engine';

export interface FolderChange {
  readonly path: string;
  readonly how: 'added' | 'removed' | 'changed';
  /** `content 3f2a→9c01`, `mode 644→755`, `link a→b`, `file→symlink`. */
  readonly what: string;
}

/** Changes by path. Folders that came or went with what is in them are not told. */
export function folderChanges(
  before: readonly ManifestEntry[],
  after: readonly ManifestEntry[],
): readonly FolderChange[] {
  const old = new Map(before.map((entry) => [entry.path, entry]));
  const now = new Map(after.map((entry) => [entry.path, entry]));
  const changes: FolderChange[] = [];
  for (const [path, entry] of now) {
    const was = old.get(path);
    if (!was) changes.push({ path, how: 'added', what: added(entry) });
    else if (!isSame(was, entry)) changes.push({ path, how: 'changed', what: changed(was, entry) });
  }
  for (const [path, { kind }] of old) {
    if (!now.has(path)) changes.push({ path, how: 'removed', what: kind === 'file' ? 'removed' : `${kind} removed` });
  }
  const holding = new Set(changes.map(({ path }) => posix.dirname(path)));
  const told = changes.filter(({ path, how }) => {
    const { kind } = (how === 'removed' ? old : now).get(path)!;
    return kind !== 'directory' || how === 'changed' || !holding.has(path);
  });
  return told.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function isSame(a: ManifestEntry, b: ManifestEntry): boolean {
  return a.kind === b.kind && a.mode === b.mode && a.digest === b.digest && a.target === b.target;
}

function added({ kind, target }: ManifestEntry): string {
  return kind === 'symlink' ? `link to ${target} added` : kind === 'file' ? 'added' : `${kind} added`;
}

function changed(a: ManifestEntry, b: ManifestEntry): string {
  if (a.kind !== b.kind) return `${a.kind}→${b.kind}`;
  if (a.target !== b.target) return `link ${a.target}→${b.target}`;
  // A digest covers content and mode: where both changed, the mode is what one can see.
  if (a.mode !== b.mode) return `mode ${a.mode.toString(8)}→${b.mode.toString(8)}`;
  const what = a.kind === 'file' ? 'content' : 'attributes';
  return `${what} ${a.digest.slice(0, 4)}→${b.digest.slice(0, 4)}`;
}
