// What CIs say of where a change began, in the variables that they set.

import { readFileSync } from 'node:fs';

/** The beginning of a change: the branch that it is meant for, or the commit that was there before. */
export type CiBase =
  | { readonly kind: 'target'; readonly ref: string }
  /** As a state: after a forced push it may be on no branch. */
  | { readonly kind: 'before'; readonly commit: string };

/** Undefined where no CI says anything, as for the first push of a branch. */
export function ciBase(env: NodeJS.ProcessEnv): CiBase | undefined {
  const target = targetOf(env);
  if (target !== undefined) return { kind: 'target', ref: target };
  const before = beforeOf(env);
  return before !== undefined && /^[0-9a-f]{40,64}$/.test(before) && !/^0+$/.test(before)
    ? { kind: 'before', commit: before }
    : undefined;
}

/** What a pull request is for. */
function targetOf(env: NodeJS.ProcessEnv): string | undefined {
  const commit = env['CI_MERGE_REQUEST_DIFF_BASE_SHA'] || env['BITBUCKET_PR_DESTINATION_COMMIT'];
  if (commit) return commit;
  const branch =
    env['GITHUB_BASE_REF'] ||
    env['CI_MERGE_REQUEST_TARGET_BRANCH_NAME'] || // GitLab
    env['BUILDKITE_PULL_REQUEST_BASE_BRANCH'] ||
    env['SYSTEM_PULLREQUEST_TARGETBRANCH'] || // Azure Pipelines
    env['BITBUCKET_PR_DESTINATION_BRANCH'] ||
    env['CI_COMMIT_TARGET_BRANCH'] || // Woodpecker
    (env['DRONE_PULL_REQUEST'] && env['DRONE_TARGET_BRANCH']) ||
    env['CHANGE_TARGET'] || // Jenkins
    (env['TRAVIS_PULL_REQUEST'] && env['TRAVIS_PULL_REQUEST'] !== 'false' && env['TRAVIS_BRANCH']);
  return branch ? `origin/${branch.replace(/^refs\/heads\//, '')}` : undefined;
}

/** What a push, or a queue of merges, began with. */
function beforeOf(env: NodeJS.ProcessEnv): string | undefined {
  if (env['GITHUB_ACTIONS'] === 'true') return githubBefore(env);
  const range = env['TRAVIS_COMMIT_RANGE']?.split('...')[0];
  return env['CI_COMMIT_BEFORE_SHA'] || env['DRONE_COMMIT_BEFORE'] || range || undefined;
}

interface GithubEvent {
  readonly before?: string;
  readonly merge_group?: { readonly base_sha?: string };
}

function githubBefore({ GITHUB_EVENT_NAME: name, GITHUB_EVENT_PATH: path }: NodeJS.ProcessEnv): string | undefined {
  if (!path || (name !== 'push' && name !== 'merge_group')) return undefined;
  const event = JSON.parse(readFileSync(path, 'utf8')) as GithubEvent;
  return name === 'push' ? event.before : event.merge_group?.base_sha;
}
