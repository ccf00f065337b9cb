import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Failed } from '../std/failed.ts';
import { redacted } from '../std/redacted.ts';
import type { SourceFailure } from './failure.ts';
import { isCommit, type GitIdentifier } from './git-identifier.ts';
import type { Git } from './git-program.ts';

/** What a ref of a remote stands for right now. */
export interface ResolvedRef {
  /** Of the commit, or of the annotated tag. */
  readonly sha: string;
  /** The ref's full name, or the hash where it was asked for by that. */
  readonly ref: string;
  /** The commit that an annotated tag points to. */
  readonly commit?: string;
}

/** Asks the remote what a ref stands for; of a branch and a tag with one name it is the branch, as for git itself. */
export async function resolveRef(git: Git, { remote, ref: written }: GitIdentifier): Promise<ResolvedRef> {
  const ref = written || (await defaultBranch(git, remote));
  const lines = (await git.run(['ls-remote', '--', remote, ref, `${ref}^{}`]))
    .split('\n')
    .map((line) => line.split('\t'));
  const sha = (name: string) => lines.find(([, found]) => found === name)?.[0];
  const bare = ref.replace(/^refs\//, '');
  const tag = `refs/tags/${ref.replace(/^refs\/tags\//, '')}`;
  const names = [`refs/${bare}`, `refs/heads/${ref.replace(/^refs\/heads\//, '')}`, tag];
  const name = names.find((name) => sha(name) !== undefined);
  const found = name && sha(name);
  if (!found || !isCommit(found)) {
    const message = `repository ${redacted(remote)} does not contain ref ${ref}`;
    throw new Failed<SourceFailure>({ kind: 'git-failed', remote: redacted(remote), stderr: '', message });
  }
  const commit = name === tag ? sha(`${tag}^{}`) : undefined;
  return { sha: found, ref: name, ...(commit !== undefined && { commit }) };
}

async function defaultBranch(git: Git, remote: string): Promise<string> {
  const told = await git.run(['ls-remote', '--symref', '--', remote, 'HEAD']);
  const branch = /refs\/heads\/(\S+)/.exec(told)?.[1];
  if (branch !== undefined && !branch.startsWith('-')) return branch;
  const message = `could not find default branch for repository: ${redacted(remote)}`;
  throw new Failed<SourceFailure>({ kind: 'git-failed', remote: redacted(remote), stderr: told, message });
}

export interface FetchOptions {
  readonly id: GitIdentifier;
  readonly found: ResolvedRef;
  /** The remote's bare repository, made when it is empty. */
  readonly gitDir: string;
}

/** Sees to it that the commit is in the repository. */
export async function fetchCommit(git: Git, { id, found, gitDir }: FetchOptions): Promise<void> {
  const { sha, ref } = found;
  await prepare(git, { id, sha, gitDir });
  const here = () => git.succeeds(['cat-file', '-e', `${sha}^{commit}`], { gitDir });
  if (await here()) return;
  if (ref.startsWith('refs/') && !id.fetchByCommit) {
    // Under a name that no other ref of the remote can be in the way of.
    const kept = `+${ref}:refs/monokit/${sha}`;
    await git.run(['fetch', '--depth=1', '--no-tags', 'origin', kept], { gitDir });
    if (await here()) return;
    // The ref moved since it was looked at; what the key names is what is wanted.
  }
  const single = await git.succeeds(['fetch', '--depth=1', '--no-tags', 'origin', sha], { gitDir });
  if (single && (await here())) return;
  const unshallow = existsSync(join(gitDir, 'shallow')) ? ['--unshallow'] : [];
  await git.run(['fetch', '--force', '--tags', ...unshallow, 'origin', sha], { gitDir });
  if (await here()) return;
  await git.run(['fetch', '--force', '--tags', 'origin', '+refs/heads/*:refs/monokit/heads/*'], { gitDir });
  if (await here()) return;
  const message = `commit ${sha} cannot be found in the repository ${redacted(id.remote)}`;
  throw new Failed<SourceFailure>({ kind: 'git-failed', remote: redacted(id.remote), stderr: '', message });
}

/** When the commit behind `sha` was made, Unix seconds. */
export async function commitTime(
  git: Git,
  { gitDir, sha }: { readonly gitDir: string; readonly sha: string },
): Promise<number> {
  return Number(await git.run(['log', '-1', '--format=%ct', `${sha}^{commit}`], { gitDir }));
}

/** A bare repository with the remote as its origin; one that a kill left half made is made anew. */
async function prepare(
  git: Git,
  { id, sha, gitDir }: { readonly id: GitIdentifier; readonly sha: string; readonly gitDir: string },
): Promise<void> {
  // Locks are of processes that are gone: the folder is ours alone.
  for (const lock of ['shallow.lock', 'index.lock', 'config.lock', 'HEAD.lock'])
    rmSync(join(gitDir, lock), { force: true });
  const format = sha.length === 64 ? 'sha256' : 'sha1';
  const ready = existsSync(join(gitDir, 'HEAD')) && (await originIs(git, { gitDir, remote: id.remote, format }));
  if (ready) return;
  for (const name of readdirSync(gitDir)) rmSync(join(gitDir, name), { recursive: true, force: true });
  await git.run(['init', '--quiet', '--bare', `--object-format=${format}`], { gitDir });
  await git.run(['remote', 'add', 'origin', id.remote], { gitDir });
}

async function originIs(
  git: Git,
  { gitDir, remote, format }: { readonly gitDir: string; readonly remote: string; readonly format: string },
): Promise<boolean> {
  if (!(await git.succeeds(['config', '--get', 'remote.origin.url'], { gitDir }))) return false;
  const url = await git.run(['config', '--get', 'remote.origin.url'], { gitDir });
  const kept = await git.run(['rev-parse', '--show-object-format'], { gitDir });
  return url.trim() === remote && kept.trim() === format;
}
