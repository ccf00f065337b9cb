import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { extname } from 'node:path';
import type { Attestation, Subject } from '../attestation/attestation.ts';
import { statementJson } from '../attestation/statement.ts';
import type { Pool } from '../pool/pool.ts';
import { task, type TaskContext } from '../pool/tasks.ts';
import { fsPath, textOf, type BytePath } from '../std/byte-path.ts';
import { Failed } from '../std/failed.ts';
import type { ExportFailure } from './failure.ts';
import { treeEntries } from './tree-entries.ts';

/** A statement as a file beside those that it is about. */
export interface StatementFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Statements about all files of the tree at `root`, by BuildKit's names; `platform` goes into these where several trees
 * share a folder.
 */
export async function statementFiles(
  attestations: readonly Attestation[],
  tree: {
    readonly root: string;
    readonly prefix: string;
    readonly platform?: string;
    /** Unix seconds. */
    readonly created?: number | undefined;
  },
  { pool, signal }: { readonly pool: Pool; readonly signal: AbortSignal },
): Promise<readonly StatementFile[]> {
  const stated = attestations.filter(({ inlineOnly }) => !inlineOnly);
  if (stated.length === 0) return [];
  const result = await pool.run(treeSubjects, tree.root, { signal });
  const names = new Set(result.flatMap(({ name }) => (name.includes('/') ? [] : [name])));
  return stated.map((attestation) => {
    const name = nameOf(attestation, tree);
    if (name === '' || name === '.' || name === '..' || /[/\0]/.test(name)) {
      const message = `${JSON.stringify(name)} is no name for the file of an attestation`;
      throw new Failed<ExportFailure>({ kind: 'export-result', message });
    }
    if (names.has(name)) {
      const message = `there are two files ${name}: what was built has one where its attestation goes; choose another name with attestation-prefix=…`;
      throw new Failed<ExportFailure>({ kind: 'export-result', message });
    }
    names.add(name);
    const told = { layers: [], created: tree.created ?? 0 };
    return { name, bytes: Buffer.from(statementJson(attestation, { result, told, indent: true })) };
  });
}

function nameOf(
  { filename }: Attestation,
  { prefix, platform }: { readonly prefix: string; readonly platform?: string },
) {
  const name = `${prefix}${filename}`;
  if (platform === undefined) return name;
  const extension = extname(name);
  return `${name.slice(0, name.length - extension.length)}.${platform}${extension}`;
}

const treeSubjects = task(import.meta.url, treeSubjectsHere);

/** Every file of a tree with its digest. */
export function treeSubjectsHere(root: string, { check }: TaskContext): Subject[] {
  const subjects: Subject[] = [];
  const digests = new Map<BytePath, string>();
  for (const { type, path, source, link } of treeEntries(root)) {
    check();
    if (type !== 'file' && type !== 'link') continue;
    const sha256 = link === undefined ? sha256Of(source) : digests.get(link);
    if (sha256 === undefined) continue; // a further name of a device
    digests.set(path, sha256);
    subjects.push({ name: textOf(path), digest: { sha256 } });
  }
  return subjects;
}

function sha256Of(path: BytePath): string {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(256 * 1024);
  const fd = openSync(fsPath(path), 'r');
  try {
    for (let read = readSync(fd, buffer); read > 0; read = readSync(fd, buffer)) hash.update(buffer.subarray(0, read));
  } finally {
    closeSync(fd);
  }
  return hash.digest('hex');
}
