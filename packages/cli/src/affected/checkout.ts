import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { run } from './changes.ts';

/**
 * The files of a commit in a folder that goes with `scope`. The repository itself is not touched; in the folder, its
 * packages are found as in the working tree, what lies outside of the repository by the same relative path, and the
 * branch that is checked out is at the commit.
 */
export function checkOut(
  commit: string,
  top: string,
  { outside, scope }: { readonly outside: readonly string[]; readonly scope: AsyncDisposableStack },
): string {
  const made = mkdtempSync(join(tmpdir(), 'monokit-commit-'));
  scope.defer(() => rmSync(made, { recursive: true, force: true }));
  const root = join(made, 'tree');
  const folder = join(root, top);
  mkdirSync(join(folder, '.git'), { recursive: true });
  writeHead(join(folder, '.git'), commit, run(top, ['symbolic-ref', '--quiet', 'HEAD']).stdout.trim());
  // What is large and elsewhere says nothing of what is built.
  const env = { ...process.env, GIT_INDEX_FILE: join(made, 'index'), GIT_LFS_SKIP_SMUDGE: '1' };
  for (const args of [
    ['read-tree', commit],
    ['checkout-index', '--all', '--force', `--prefix=${folder}/`],
  ]) {
    const { status, stderr } = run(top, args, { env });
    if (status !== 0) throw new Error(`git ${args[0]} ${commit} failed: ${stderr.trim()}`);
  }
  linkTo(join(top, 'node_modules'), join(folder, 'node_modules'));
  for (const path of outside) linkTo(path, join(root, path));
  return folder;
}

function linkTo(target: string, path: string): void {
  if (existsSync(path) || !existsSync(target)) return;
  mkdirSync(dirname(path), { recursive: true });
  symlinkSync(target, path);
}

/** The branch, if there is one, as if it were at the commit. */
function writeHead(folder: string, commit: string, branch: string): void {
  if (branch === '') return writeFileSync(join(folder, 'HEAD'), `${commit}\n`);
  writeFileSync(join(folder, 'HEAD'), `ref: ${branch}\n`);
  mkdirSync(dirname(join(folder, branch)), { recursive: true });
  writeFileSync(join(folder, branch), `${commit}\n`);
}
