import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Cache } from '../cache/api.ts';
import type { ImmutableRef } from '../cache/ref.ts';
import type { Job } from '../session/job.ts';
import { Failed } from '../std/failed.ts';
import { redacted } from '../std/redacted.ts';
import { uniqueName } from '../std/temp.ts';
import { setTimes } from '../sys/utimens.ts';
import type { SourceFailure } from './failure.ts';
import { isCommit } from './git-identifier.ts';
import type { Git } from './git-program.ts';
import { commitTime, type FetchOptions } from './git-remote.ts';

export interface CheckOutOptions extends FetchOptions {
  readonly cache: Cache;
  readonly job: Job;
}

/** A commit's files as a tree, out of the bare repository that has it. */
export async function checkOut(git: Git, { cache, job, ...options }: CheckOutOptions): Promise<ImmutableRef> {
  const { id, found, gitDir } = options;
  const description = `git snapshot for ${redacted(id.remote)}#${id.ref}`;
  const { signal } = job;
  await using ref = await cache.create(undefined, {
    description,
    recordType: 'source.git.checkout',
    signal,
    report: job.report.bind(job),
  });
  {
    await using mounted = await ref.mount();
    const top = mounted.path;
    if (id.keepGitDir && id.subdir === '') await checkOutRepository(git, { ...options, top });
    else await checkOutFiles(git, { ...options, top });
    if (id.mtime === 'commit')
      resetTimes(top, BigInt(await commitTime(git, { gitDir, sha: found.sha })) * 1_000_000_000n);
  }
  return await ref.commit();
}

type Place = FetchOptions & { readonly top: string };

/** With its .git: a repository of depth one whose origin is the remote, without credentials, logs and other traces. */
async function checkOutRepository(git: Git, { id, found, gitDir: bare, top }: Place): Promise<void> {
  const place = { workTree: top, gitDir: join(top, '.git') };
  const format = found.sha.length === 64 ? 'sha256' : 'sha1';
  await git.run(['init', '--quiet', `--object-format=${format}`], place);
  // By the file protocol, so that nothing is linked or copied that is no object of the repository.
  await git.run(['remote', 'add', 'origin', `file://${bare}`], place);
  const source = `refs/monokit/checkout-${uniqueName()}`;
  await git.run(['update-ref', source, found.sha], { gitDir: bare });
  try {
    const tag = (await git.run(['cat-file', '-t', found.sha], { gitDir: bare })).trim() === 'tag';
    const name = id.ref || found.ref;
    const target = isCommit(name) ? '' : tag ? `:refs/tags/${name.replace(/^refs\/tags\//, '')}` : `:${name}`;
    await git.run(['fetch', '--quiet', '-u', '--depth=1', '--', 'origin', `${source}${target}`], place);
  } finally {
    await git.run(['update-ref', '-d', source], { gitDir: bare });
  }
  await git.run(['checkout', '--quiet', 'FETCH_HEAD'], place);
  await git.run(['remote', 'set-url', 'origin', redacted(id.remote)], place);
  await git.run(['reflog', 'expire', '--all', '--expire=now'], place);
  rmSync(join(top, '.git/FETCH_HEAD'), { force: true });
  if (!id.skipSubmodules) await updateSubmodules(git, place);
}

/** The files alone. */
async function checkOutFiles(git: Git, { id, found, gitDir, top }: Place): Promise<void> {
  const workTree = id.subdir === '' ? top : join(top, `.checkout-${uniqueName()}`);
  if (workTree !== top) mkdirSync(workTree);
  const place = { workTree, gitDir };
  // What the last checkout left there tells of another folder.
  rmSync(join(gitDir, 'index'), { force: true });
  await git.run(['checkout', '--no-overlay', found.sha, '--', '.'], place);
  if (!id.skipSubmodules) {
    await updateSubmodules(git, place);
    removeGitLinks(workTree);
  }
  if (workTree !== top) raise(id, { workTree, top });
}

async function updateSubmodules(
  git: Git,
  place: { readonly workTree: string; readonly gitDir: string },
): Promise<void> {
  const listed = lstatSync(join(place.workTree, '.gitmodules'), { throwIfNoEntry: false });
  if (!listed) return;
  await git.run(['submodule', '--quiet', 'update', '--init', '--recursive', '--depth=1'], place);
}

/** A submodule's `.git` is a file that names its repository in our cache: no part of the commit. */
function removeGitLinks(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.name === '.git') rmSync(path, { recursive: true });
    else if (entry.isDirectory()) removeGitLinks(path);
  }
}

/** Moves what is in the subfolder to the top and drops the rest. The way there must be folders, not links. */
function raise(
  { subdir, remote }: FetchOptions['id'],
  { workTree, top }: { readonly workTree: string; readonly top: string },
): void {
  let folder = workTree;
  for (const name of subdir.split('/')) {
    folder = join(folder, name);
    if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory()) continue;
    const message = `invalid subdir ${subdir} of ${redacted(remote)}: ${JSON.stringify(name)} is not a folder`;
    throw new Failed<SourceFailure>({ kind: 'git-failed', remote: redacted(remote), stderr: '', message });
  }
  for (const name of readdirSync(folder)) renameSync(join(folder, name), join(top, name));
  rmSync(workTree, { recursive: true });
}

/** All of a tree to one time, folders after what is in them. */
function resetTimes(folder: string, mtime: bigint): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) resetTimes(path, mtime);
    else setTimes(path, { atime: mtime, mtime });
  }
  setTimes(folder, { atime: mtime, mtime });
}
