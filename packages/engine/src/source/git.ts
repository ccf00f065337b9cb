import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cache } from '../cache/api.ts';
import type { ImmutableRef } from '../cache/ref.ts';
import type { Index } from '../index/index.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import type { Job } from '../session/job.ts';
import { Failed } from '../std/failed.ts';
import { redacted } from '../std/redacted.ts';
import { makeTempFolder } from '../std/temp.ts';
import type { SourceFailure } from './failure.ts';
import { checkOut } from './git-checkout.ts';
import { gitKey, isCommit, readGitIdentifier, type GitIdentifier } from './git-identifier.ts';
import { Git } from './git-program.ts';
import { commitTime, fetchCommit, resolveRef, type ResolvedRef } from './git-remote.ts';
import { memoIn, type Memo } from './memo.ts';
import { SessionMemo } from './session-memo.ts';
import type { Pinned, Source, SourceRequest } from './source.ts';

export interface GitSourceOptions {
  readonly cache: Cache;
  readonly index: Index;
}

/** On whose behalf git runs. */
interface Asking {
  readonly job: Job;
  readonly vertex: Digest;
}

/**
 * `git://`: a commit's files, by the system's git. Each remote has one bare repository in the cache, held by one build
 * at a time, into which commits are fetched as shallow as the server lets us. A ref is settled once in a session; a
 * commit by its hash needs no network to be keyed.
 */
export class GitSource implements Source {
  readonly schemes = ['git'];
  readonly #cache: Cache;
  readonly #memo: Memo;
  readonly #resolved = new SessionMemo<ResolvedRef>();

  constructor({ cache, index }: GitSourceOptions) {
    this.#cache = cache;
    this.#memo = memoIn(index);
  }

  async pin(request: SourceRequest, job: Job): Promise<Pinned> {
    const id = readGitIdentifier(request);
    const { vertex } = request;
    const found = await this.#resolve(id, { job, vertex });
    const key = gitKey(id, {
      // Without a .git folder, a tag object and its commit have the same files.
      sha: id.keepGitDir ? found.sha : (found.commit ?? found.sha),
      ref: found.ref,
    });
    return {
      pin: found.sha,
      keys: [{ key }],
      changedAt: (job) => this.#commitTime(id, { found, job, vertex }),
      tree: (job) => this.#tree(id, { key, found, job, vertex }),
    };
  }

  async #resolve(id: GitIdentifier, asking: Asking): Promise<ResolvedRef> {
    const { ref, checksum, remote } = id;
    const wanted = isCommit(ref) ? ref : id.fetchByCommit ? checksum : undefined;
    if (wanted === undefined) {
      const { job, vertex } = asking;
      const found = await this.#resolved.get(job, `${remote}#${ref}`, (signal) => {
        const { session } = job;
        const shared = { session, signal, report: job.report.bind(job) };
        return this.#withGit(id, { job: shared, vertex }, (git) => resolveRef(git, id));
      });
      this.#check(id, [found.sha, ...(found.commit ? [found.commit] : [])]);
      return found;
    }
    this.#check(id, [wanted]);
    const named = isCommit(ref) || ref === '' ? wanted : ref.startsWith('refs/') ? ref : `refs/heads/${ref}`;
    return { sha: wanted, ref: named };
  }

  #check({ checksum, remote }: GitIdentifier, hashes: readonly string[]): void {
    if (hashes.some((hash) => hash.startsWith(checksum))) return;
    const actual = hashes.join(' or ');
    const message = `expected checksum to match ${checksum}, got ${actual} (git source ${redacted(remote)})`;
    throw new Failed<SourceFailure>({ kind: 'checksum-mismatch', expected: checksum, actual, message });
  }

  async #tree(
    id: GitIdentifier,
    work: Asking & { readonly key: string; readonly found: ResolvedRef },
  ): Promise<ImmutableRef> {
    const { key, found, job } = work;
    const kept = await this.#kept(key);
    if (kept) return kept;
    return this.#withGit(id, work, (git) =>
      this.#withRepository(id, job, async (gitDir) => {
        // Who held the repository before may have wanted the same.
        const made = await this.#kept(key);
        if (made) return made;
        await fetchCommit(git, { id, found, gitDir });
        const tree = await checkOut(git, { id, found, gitDir, cache: this.#cache, job });
        await this.#memo.put(`git ${key}`, tree.id);
        return tree;
      }),
    );
  }

  async #kept(key: string): Promise<ImmutableRef | undefined> {
    const known = this.#memo.get(`git ${key}`);
    return known === undefined ? undefined : this.#cache.get(known);
  }

  /** The committer's time, Unix seconds. */
  #commitTime(id: GitIdentifier, work: Asking & { readonly found: ResolvedRef }): Promise<number> {
    const { found, job } = work;
    return this.#withGit(id, work, (git) =>
      this.#withRepository(id, job, async (gitDir) => {
        await fetchCommit(git, { id, found, gitDir });
        return commitTime(git, { gitDir, sha: found.sha });
      }),
    );
  }

  /** The remote's bare repository, ours alone until it is done. */
  async #withRepository<T>({ remote }: GitIdentifier, job: Job, use: (gitDir: string) => Promise<T>): Promise<T> {
    const id = `source.git ${digestOf(remote)}`;
    const { signal } = job;
    await using hold = await this.#cache.cacheMount(id, {
      sharing: 'locked',
      mode: 0o700,
      signal,
      report: job.report.bind(job),
    });
    return await use(hold.path);
  }

  /** Git with what the session lends: its credentials and its ssh agent. */
  async #withGit<T>(id: GitIdentifier, { job, vertex }: Asking, use: (git: Git) => Promise<T>): Promise<T> {
    const { session, signal } = job;
    await using stack = new AsyncDisposableStack();
    const config = await authorization(id, job);
    let sshAgent: string | undefined;
    if (id.sshSocket !== '') {
      const agent = await session.ssh(id.sshSocket, { signal });
      if (!agent) {
        const remote = redacted(id.remote);
        const message = `no SSH key ${JSON.stringify(id.sshSocket)} forwarded from the client for ${remote}; lend one by --ssh`;
        throw new Failed<SourceFailure>({ kind: 'git-failed', remote, stderr: '', message });
      }
      sshAgent = stack.use(agent).socket;
    }
    let knownHosts: string | undefined;
    if (id.knownHosts !== '') {
      knownHosts = join(stack.use(makeTempFolder({ prefix: 'monokit-git-' })).path, 'known_hosts');
      await writeFile(knownHosts, id.knownHosts);
    }
    const log = (data: Uint8Array) => job.report({ kind: 'log', vertex, at: Date.now(), stream: 'stderr', data });
    return await use(new Git({ remote: id.remote, signal, log, config, sshAgent, knownHosts }));
  }
}

/** The header that a secret of the session makes, for this remote alone (and its neighbours on GitHub). */
async function authorization(id: GitIdentifier, { session, signal }: Job): Promise<Readonly<Record<string, string>>> {
  const { remote, authHeaderSecret, authTokenSecret } = id;
  if (!/^https?:/i.test(remote)) return {};
  const { host } = new URL(remote);
  const names = [
    { name: `${authHeaderSecret}.${host}`, token: false, of: authHeaderSecret },
    { name: `${authTokenSecret}.${host}`, token: true, of: authTokenSecret },
    { name: authHeaderSecret, token: false, of: authHeaderSecret },
    { name: authTokenSecret, token: true, of: authTokenSecret },
  ].filter(({ of }) => of !== '');
  for (const { name, token } of names) {
    const secret = await session.secret(name, { signal });
    if (!secret) continue;
    const text = Buffer.from(secret).toString().trim();
    const header = token ? `basic ${Buffer.from(`x-access-token:${text}`).toString('base64')}` : text;
    const scope = /^https:\/\/(?:www\.)?github\.com\//.exec(remote)?.[0] ?? remote;
    return { [`http.${scope}.extraheader`]: `Authorization: ${header}` };
  }
  return {};
}
