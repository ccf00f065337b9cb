import assert from 'node:assert/strict';
import { test } from 'node:test';
import { familiar, normalised, parseReference } from './reference.ts';

test('reads names as Docker does', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  for (const [written, full, short] of [
    ['busybox', 'docker.io/library/busybox:latest', 'busybox'],
    ['team/app:v1', 'docker.io/team/app:v1', 'team/app:v1'],
    ['index.docker.io/busybox', 'docker.io/library/busybox:latest', 'busybox'],
    ['localhost/app', 'localhost/app:latest', 'localhost/app'],
    ['host.test:5000/a/b_c/d__e/f-g:T.1_x-', 'host.test:5000/a/b_c/d__e/f-g:T.1_x-', undefined],
    ['[::1]:5000/app', '[::1]:5000/app:latest', '[::1]:5000/app'],
    [`app@${digest}`, `docker.io/library/app@${digest}`, `app@${digest}`],
    [`app:v1@${digest}`, `docker.io/library/app:v1@${digest}`, `app:v1@${digest}`],
    [`app:${'t'.repeat(128)}`, `docker.io/library/app:${'t'.repeat(128)}`, undefined],
  ] as const) {
    const reference = parseReference(written);
    assert.equal(normalised(reference), full);
    assert.equal(familiar(reference), short ?? full.replace('docker.io/library/', ''));
  }
});

test('refuses what is no name, and says why', () => {
  for (const [written, why] of [
    ['', /no repository/],
    ['App', /lowercase/],
    ['a..b', /not a repository/],
    ['a/../b', /not a repository/],
    ['app:', /not a tag/],
    ['app:.x', /not a tag/],
    [`app:${'t'.repeat(129)}`, /not a tag/],
    ['app@sha256:short', /not a digest/],
    ['-host.test/app', /not a host/],
  ] as const) {
    assert.throws(() => parseReference(written), { name: 'TypeError', message: why });
  }
});
