import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeTempFolder } from '@monokit/engine/std/temp';
import { ciBase } from './ci-base.ts';

const commit = 'c'.repeat(40);
const none = '0'.repeat(40);
const target = (ref: string) => ({ kind: 'target', ref });
const before = { kind: 'before', commit };

test('each CI says in its own words what a change is meant for, or what was there before', () => {
  const table: readonly (readonly [NodeJS.ProcessEnv, unknown])[] = [
    [{}, undefined],
    [{ GITHUB_BASE_REF: 'main' }, target('origin/main')],
    [{ GITHUB_BASE_REF: '', GITHUB_ACTIONS: 'true' }, undefined],
    [{ CI_MERGE_REQUEST_DIFF_BASE_SHA: commit, CI_COMMIT_BEFORE_SHA: none }, target(commit)],
    [{ CI_COMMIT_BEFORE_SHA: commit }, before],
    [{ CI_COMMIT_BEFORE_SHA: none }, undefined],
    [{ BUILDKITE_PULL_REQUEST_BASE_BRANCH: 'dev' }, target('origin/dev')],
    [{ SYSTEM_PULLREQUEST_TARGETBRANCH: 'refs/heads/release/1' }, target('origin/release/1')],
    [{ BITBUCKET_PR_DESTINATION_BRANCH: 'main' }, target('origin/main')],
    [{ DRONE_TARGET_BRANCH: 'main', DRONE_COMMIT_BEFORE: commit }, before],
    [{ DRONE_TARGET_BRANCH: 'main', DRONE_PULL_REQUEST: '7', DRONE_COMMIT_BEFORE: commit }, target('origin/main')],
    [{ CHANGE_TARGET: 'main' }, target('origin/main')],
    [{ TRAVIS_PULL_REQUEST: '3', TRAVIS_BRANCH: 'main' }, target('origin/main')],
    [
      { TRAVIS_PULL_REQUEST: 'false', TRAVIS_BRANCH: 'main', TRAVIS_COMMIT_RANGE: `${commit}...${'d'.repeat(40)}` },
      before,
    ],
  ];
  for (const [env, expected] of table) assert.deepEqual(ciBase(env), expected, JSON.stringify(env));
});

test('GitHub says it in the event', async () => {
  await using folder = await makeTempFolder();
  const path = join(folder.path, 'event.json');
  const says = (name: string, event: unknown) => {
    writeFileSync(path, JSON.stringify(event));
    return ciBase({ GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: name, GITHUB_EVENT_PATH: path });
  };
  assert.deepEqual(says('push', { before: commit, forced: true }), before);
  assert.equal(says('push', { before: none, created: true }), undefined);
  assert.deepEqual(says('merge_group', { merge_group: { base_sha: commit } }), before);
  assert.equal(says('schedule', {}), undefined);
});
