import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTempFolder } from '@monokit/engine/std/temp';
import { readFacts, webAddress } from './facts.ts';

/** A repository with one commit on `main`. */
async function repository() {
  const folder = makeTempFolder({ prefix: 'facts-' });
  const env = { GIT_AUTHOR_DATE: '2026-01-02T03:04:05Z', GIT_COMMITTER_DATE: '2026-01-02T03:04:05Z' };
  const who = ['-c', 'user.name=me', '-c', 'user.email=me@test'];
  const git = (...args: string[]) =>
    execFileSync('git', ['-C', folder.path, ...who, ...args], { env: { ...process.env, ...env } })
      .toString()
      .trim();
  git('init', '-q', '-b', 'main');
  git('commit', '-q', '--allow-empty', '-m', 'first');
  return { ...folder, git, commit: git('rev-parse', 'HEAD') };
}

test('git alone tells commit, branch, tag and remote', async () => {
  await using here = await repository();
  here.git('remote', 'add', 'origin', 'git@host.test:team/shop.git');
  const facts = await readFacts(here.path, {});
  assert.deepEqual(facts.event, { kind: 'branch', branch: 'main' });
  assert.equal(facts.commit, here.commit);
  assert.equal(facts.commitDate, Date.parse('2026-01-02T03:04:05Z'));
  assert.deepEqual([facts.url, facts.title], ['https://host.test/team/shop', 'shop']);
  for (const tag of ['odd', 'v1.9.0', 'v1.10.0']) here.git('tag', tag);
  assert.deepEqual((await readFacts(here.path, {})).event, { kind: 'tag', tag: 'v1.10.0' });
});

test('outside of a repository, and where nothing is checked out, the reason is told', async () => {
  await using empty = makeTempFolder();
  await assert.rejects(readFacts(empty.path, { GIT_CEILING_DIRECTORIES: empty.path }), /no commit to release/);
  await using here = await repository();
  here.git('checkout', '-q', '--detach');
  await assert.rejects(readFacts(here.path, {}), /neither on a branch nor at a tag/);
});

test('GitHub tells it by its variables and the event', async () => {
  await using here = await repository();
  const event = join(here.path, 'event.json');
  const repo = { default_branch: 'trunk', description: 'A shop', license: { spdx_id: 'MIT' } };
  writeFileSync(event, JSON.stringify({ repository: repo }));
  const env = {
    GITHUB_ACTIONS: 'true',
    GITHUB_SHA: here.commit,
    GITHUB_REPOSITORY: 'team/shop',
    GITHUB_SERVER_URL: 'https://github.test',
    GITHUB_EVENT_PATH: event,
  };
  const of = (more: object) => readFacts(here.path, { ...env, ...more });
  const tagged = await of({ GITHUB_REF: 'refs/tags/v1', GITHUB_EVENT_NAME: 'push' });
  assert.deepEqual(tagged, {
    event: { kind: 'tag', tag: 'v1' },
    commit: here.commit,
    commitDate: Date.parse('2026-01-02T03:04:05Z'),
    defaultBranch: 'trunk',
    url: 'https://github.test/team/shop',
    title: 'shop',
    description: 'A shop',
    license: 'MIT',
  });
  const night = await of({ GITHUB_REF: 'refs/heads/trunk', GITHUB_EVENT_NAME: 'schedule' });
  assert.deepEqual(night.event, { kind: 'schedule', branch: 'trunk' });
  const pull = await of({ GITHUB_REF: 'refs/pull/7/merge', GITHUB_BASE_REF: 'trunk', GITHUB_HEAD_REF: 'fix' });
  assert.deepEqual(pull.event, { kind: 'pull-request', number: '7', base: 'trunk', branch: 'fix' });
});

test('GitLab and Buildkite tell it by theirs', async () => {
  await using here = await repository();
  const gitlab = {
    GITLAB_CI: 'true',
    CI_COMMIT_SHA: here.commit,
    CI_DEFAULT_BRANCH: 'main',
    CI_COMMIT_REF_NAME: 'fix',
  };
  const event = async (env: Record<string, string>) => (await readFacts(here.path, env)).event;
  assert.deepEqual(await event({ ...gitlab, CI_COMMIT_TAG: 'v1' }), { kind: 'tag', tag: 'v1' });
  assert.deepEqual(await event({ ...gitlab, CI_COMMIT_BRANCH: 'fix' }), { kind: 'branch', branch: 'fix' });
  assert.deepEqual(await event({ ...gitlab, CI_COMMIT_BRANCH: 'fix', CI_PIPELINE_SOURCE: 'schedule' }), {
    kind: 'schedule',
    branch: 'fix',
  });
  const merge = { CI_MERGE_REQUEST_IID: '3', CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'main' };
  assert.deepEqual(await event({ ...gitlab, ...merge }), {
    kind: 'pull-request',
    number: '3',
    base: 'main',
    branch: 'fix',
  });
  const buildkite = {
    BUILDKITE: 'true',
    BUILDKITE_COMMIT: 'HEAD',
    BUILDKITE_BRANCH: 'main',
    BUILDKITE_PULL_REQUEST: 'false',
  };
  assert.deepEqual(await event(buildkite), { kind: 'branch', branch: 'main' });
  assert.equal((await readFacts(here.path, buildkite)).commit, here.commit);
  assert.deepEqual(await event({ ...buildkite, BUILDKITE_TAG: 'v1' }), { kind: 'tag', tag: 'v1' });
  assert.equal((await event({ ...buildkite, BUILDKITE_PULL_REQUEST: '9' })).kind, 'pull-request');
});

test('a remote is an address for a browser, without credentials', () => {
  for (const [remote, url] of [
    ['git@host.test:team/shop.git', 'https://host.test/team/shop'],
    ['https://user:secret@host.test/team/shop.git', 'https://host.test/team/shop'],
    ['ssh://git@host.test:22/team/shop', 'https://host.test/team/shop'],
    ['/srv/git/shop.git', undefined],
    ['../shop', undefined],
    ['file:///srv/shop', undefined],
    [undefined, undefined],
  ] as const) {
    assert.equal(webAddress(remote), url);
  }
});
