// What provenance says of the repository that a context lies in, as buildx hands it over: `vcs:revision`, `vcs:source`.

import { existsSync, realpathSync } from 'node:fs';
import { relative } from 'node:path';
import { Failed } from '@monokit/engine/std/failed';
import { parseGoBool } from '@monokit/engine/std/go-bool';
import type { ConfigFailure } from './failure.ts';
import { gitTop, readGit, remoteUrl } from './git.ts';

/**
 * The frontend's options about the repository around `folders.context`; none outside of one. `BUILDX_GIT_INFO=false`
 * asks for none, `BUILDX_GIT_CHECK_DIRTY=true` marks a commit that is not all of it. Throws `Failed<ConfigFailure>`
 * where git is asked and does not answer.
 */
export function vcsOptions(
  folders: Readonly<Record<string, { readonly root: string }>>,
  env: NodeJS.ProcessEnv,
): Readonly<Record<string, string>> {
  const { context } = folders;
  if (!context || parseGoBool(env.BUILDX_GIT_INFO ?? '') === false) return {};
  const root = gitTop(context.root);
  const { commit } = readGit(root);
  if (root === undefined) return {};
  const source = remoteUrl(root);
  const dirty = commit !== undefined && parseGoBool(env.BUILDX_GIT_CHECK_DIRTY ?? '') === true && isDirty(root);
  const top = realpathSync(root);
  const inside = Object.entries(folders).flatMap(([name, folder]) => {
    // What is missing is told by whoever needs it.
    if (!existsSync(folder.root)) return [];
    const path = relative(top, realpathSync(folder.root)) || '.';
    return path === '..' || path.startsWith('../') ? [] : [[`vcs:localdir:${name}`, path]];
  });
  return {
    ...(commit !== undefined && { 'vcs:revision': dirty ? `${commit}-dirty` : commit }),
    ...(source !== undefined && { 'vcs:source': source }),
    ...Object.fromEntries(inside),
  };
}

function isDirty(root: string): boolean {
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const { status, stdout, error, stderr } = spawnSync('git', ['-C', root, 'status', '--porcelain'], {
    encoding: 'utf8',
  });
  if (status === 0) return stdout.trim() !== '';
  const message = `BUILDX_GIT_CHECK_DIRTY asks git, which did not answer in ${root}: ${error?.message ?? stderr.trim()}`;
  throw new Failed<ConfigFailure>({ kind: 'git', message }, { cause: error });
}
