// What is being released: a commit with its branch or tag, told by the CI where there is one, else by git.

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { highest } from './versions.ts';

/** Why a CI runs. */
export type ReleaseEvent =
  | { readonly kind: 'branch'; readonly branch: string }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'pull-request'; readonly number: string; readonly base: string; readonly branch: string }
  /** On a branch, by the clock. */
  | { readonly kind: 'schedule'; readonly branch: string };

export interface Facts {
  readonly event: ReleaseEvent;
  /** The whole name of the commit. */
  readonly commit: string;
  /** Milliseconds since the epoch. */
  readonly commitDate: number;
  readonly defaultBranch?: string | undefined;
  /** Where people find the sources: an https address without `.git`. */
  readonly url?: string | undefined;
  readonly title?: string | undefined;
  readonly description?: string | undefined;
  /** SPDX. */
  readonly license?: string | undefined;
}

type Env = Readonly<Record<string, string | undefined>>;

/** Asks the CI's environment first, and git in `root` for the rest. Throws a `TypeError` that says what is missing. */
export async function readFacts(root: string, env: Env): Promise<Facts> {
  const git = async (...args: string[]) => {
    const { stdout } = await promisify(execFile)('git', ['-C', root, ...args], { env: { ...process.env, ...env } });
    return stdout.trim();
  };
  const maybe = (...args: string[]) => git(...args).catch(() => undefined);
  const told = fromGitHub(env) ?? fromGitLab(env) ?? fromBuildkite(env);
  const commit = told?.commit ?? (await maybe('rev-parse', '--verify', '-q', 'HEAD'));
  if (!commit) throw new TypeError(`${root} has no commit to release: a release is made from git`);
  const date = await maybe('show', '-s', '--format=%ct', commit);
  const head = await maybe('symbolic-ref', '--short', '-q', 'refs/remotes/origin/HEAD');
  const remote = await maybe('remote', 'get-url', 'origin');
  const event = told?.event ?? (await eventOfGit(maybe));
  if (!event) {
    throw new TypeError('HEAD is neither on a branch nor at a tag: check out what is to be released');
  }
  const url = told?.url ?? webAddress(remote);
  return {
    event,
    commit,
    commitDate: date ? Number(date) * 1000 : 0,
    defaultBranch: told?.defaultBranch ?? (head?.replace(/^origin\//, '') || undefined),
    url,
    title: told?.title ?? url?.split('/').at(-1),
    description: told?.description,
    license: told?.license,
  };
}

type Told = Omit<Facts, 'commit' | 'commitDate'> & { readonly commit?: string | undefined };

function fromGitHub(env: Env): Told | undefined {
  if (env['GITHUB_ACTIONS'] !== 'true') return undefined;
  const { GITHUB_REF: ref = '', GITHUB_SHA: commit, GITHUB_EVENT_NAME: name } = env;
  const event = githubEvent(ref, name, env);
  if (!event) return undefined;
  const { repository } = payload(env['GITHUB_EVENT_PATH']);
  const path = env['GITHUB_REPOSITORY'];
  return {
    event,
    commit,
    defaultBranch: repository?.default_branch,
    url: path && `${env['GITHUB_SERVER_URL'] ?? 'https://github.com'}/${path}`,
    title: path?.split('/').at(-1),
    description: repository?.description || undefined,
    license: repository?.license?.spdx_id,
  };
}

function githubEvent(ref: string, name: string | undefined, env: Env): ReleaseEvent | undefined {
  const [, kind, rest = ''] = /^refs\/(heads|tags|pull)\/(.+)$/.exec(ref) ?? [];
  if (kind === 'tags') return { kind: 'tag', tag: rest };
  if (kind === 'pull') {
    const { GITHUB_BASE_REF: base = '', GITHUB_HEAD_REF: branch = '' } = env;
    return { kind: 'pull-request', number: rest.split('/')[0]!, base, branch };
  }
  if (kind !== 'heads') return undefined;
  return { kind: name === 'schedule' ? 'schedule' : 'branch', branch: rest };
}

interface Payload {
  readonly repository?: {
    readonly default_branch?: string;
    readonly description?: string | null;
    readonly license?: { readonly spdx_id?: string } | null;
  };
}

/** The event as GitHub tells it; nothing where there is none to read. */
function payload(path: string | undefined): Payload {
  if (!path) return {};
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as Payload | null) ?? {};
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

function fromGitLab(env: Env): Told | undefined {
  if (env['GITLAB_CI'] !== 'true') return undefined;
  const { CI_COMMIT_TAG: tag, CI_COMMIT_BRANCH: branch, CI_COMMIT_REF_NAME: name = '' } = env;
  const { CI_MERGE_REQUEST_IID: number, CI_MERGE_REQUEST_TARGET_BRANCH_NAME: base = '' } = env;
  return {
    event: tag
      ? { kind: 'tag', tag }
      : number
        ? { kind: 'pull-request', number, base, branch: name }
        : { kind: env['CI_PIPELINE_SOURCE'] === 'schedule' ? 'schedule' : 'branch', branch: branch ?? name },
    commit: env['CI_COMMIT_SHA'],
    defaultBranch: env['CI_DEFAULT_BRANCH'],
    url: env['CI_PROJECT_URL'],
    title: env['CI_PROJECT_TITLE'] ?? env['CI_PROJECT_NAME'],
    description: env['CI_PROJECT_DESCRIPTION'] || undefined,
  };
}

function fromBuildkite(env: Env): Told | undefined {
  if (env['BUILDKITE'] !== 'true') return undefined;
  const { BUILDKITE_TAG: tag, BUILDKITE_BRANCH: branch = '', BUILDKITE_PULL_REQUEST: number } = env;
  const commit = env['BUILDKITE_COMMIT'];
  return {
    event: tag
      ? { kind: 'tag', tag }
      : number && number !== 'false'
        ? { kind: 'pull-request', number, base: env['BUILDKITE_PULL_REQUEST_BASE_BRANCH'] ?? '', branch }
        : { kind: env['BUILDKITE_SOURCE'] === 'schedule' ? 'schedule' : 'branch', branch },
    // It says HEAD where nobody named a commit.
    commit: commit && /^[0-9a-f]{40,64}$/.test(commit) ? commit : undefined,
    defaultBranch: env['BUILDKITE_PIPELINE_DEFAULT_BRANCH'],
    url: webAddress(env['BUILDKITE_REPO']),
    title: env['BUILDKITE_PIPELINE_NAME'],
  };
}

/** A tag at HEAD goes before the branch; of several, the highest version. */
async function eventOfGit(ask: (...args: string[]) => Promise<string | undefined>): Promise<ReleaseEvent | undefined> {
  const tags = (await ask('tag', '--points-at', 'HEAD'))?.split('\n').filter(Boolean) ?? [];
  const tag = highest(tags);
  if (tag !== undefined) return { kind: 'tag', tag };
  const branch = await ask('symbolic-ref', '--short', '-q', 'HEAD');
  return branch ? { kind: 'branch', branch } : undefined;
}

/** Where a remote's sources are seen in a browser; undefined for a folder. Never with credentials. */
export function webAddress(remote: string | undefined): string | undefined {
  const [, host, path] =
    /^(?:[\w.+-]+:\/\/)?(?:[^@/]+@)?([\w.-]+)(?::\d+)?[:/](.+?)(?:\.git)?\/?$/.exec(remote ?? '') ?? [];
  if (host === undefined || remote!.startsWith('/') || remote!.startsWith('.') || remote!.startsWith('file:')) {
    return undefined;
  }
  return `https://${host}/${path}`;
}
