import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, renameSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainUmask } from './tree.ts';

const maker = join(import.meta.dirname, '../conformance/busybox.mjs');
const exampleMaker = join(import.meta.dirname, '../../scripts/bases.ts');

/**
 * Makes the base images of the examples where they are missing. Not by setup.sh, which may install all of node_modules
 * anew, under other tests' feet.
 */
export function makeExampleBases(): void {
  const { status } = spawnSync(process.execPath, [exampleMaker], { stdio: 'inherit' });
  if (status !== 0) throw new Error('the base images of the examples could not be made: sh scripts/setup.sh test');
}

/** An OCI layout with a busybox image, made from the machine's static busybox; one for all tests. */
export function busyboxLayout(): string {
  const kept = join(tmpdir(), 'monokit-test-bases', 'busybox');
  if (existsSync(join(kept, 'index.json'))) return kept;
  const made = join(mkdtempSync(join(tmpdir(), 'monokit-busybox-')), 'layout');
  using _umask = plainUmask();
  const { status, stderr } = spawnSync(process.execPath, [maker, made], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`the busybox base could not be made (is busybox-static installed?): ${stderr}`);
  spawnSync('mkdir', ['-p', join(kept, '..')]);
  try {
    renameSync(made, kept);
  } catch (error) {
    if (!existsSync(join(kept, 'index.json'))) throw error; // another test was first
  }
  return kept;
}
