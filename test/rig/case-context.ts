// A conformance case laid out as test/conformance/run.mjs lays it out before it builds.

import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, lstatSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readIgnoreFile } from '../../packages/engine/src/std/ignore-file.ts';
import { plainUmask } from './tree.ts';

const cases = join(import.meta.dirname, '../conformance/cases');

export interface PreparedContext {
  readonly folder: string;
  /** The context's folder. */
  readonly context: string;
  /** Patterns of its ignore file. */
  readonly ignored: readonly string[];
}

/** Copies a case into a folder of `parent` and runs its prepare.sh. */
export function prepareContext(name: string, parent: string): PreparedContext {
  const folder = join(parent, name);
  cpSync(join(cases, name), folder, { recursive: true, verbatimSymlinks: true });
  plainModes(folder);
  using _umask = plainUmask();
  if (existsSync(join(folder, 'prepare.sh'))) {
    const { status, stderr } = spawnSync('sh', ['prepare.sh'], { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(`${name}/prepare.sh failed: ${stderr}`);
  }
  const { context = 'context', dockerfile = 'Dockerfile' } = JSON.parse(
    readFileSync(join(folder, 'case.json'), 'utf8'),
  ) as { readonly context?: string; readonly dockerfile?: string | null };
  const path = resolve(folder, context);
  mkdirSync(path, { recursive: true });
  const files = [`${resolve(folder, dockerfile ?? 'Dockerfile')}.dockerignore`, join(path, '.dockerignore')];
  const ignoreFile = files.find((file) => existsSync(file));
  return { folder, context: path, ignored: ignoreFile ? readIgnoreFile(readFileSync(ignoreFile, 'utf8')) : [] };
}

/** The modes git checks out under umask 022, whatever the umask was. */
function plainModes(path: string): void {
  const stats = lstatSync(path);
  if (stats.isSymbolicLink()) return;
  chmodSync(path, stats.isDirectory() || stats.mode & 0o100 ? 0o755 : 0o644);
  if (stats.isDirectory()) for (const name of readdirSync(path)) plainModes(join(path, name));
}
