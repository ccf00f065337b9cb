import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readExport, readImport } from './options.ts';

test('an export has defaults for all but its place', () => {
  assert.deepEqual(readExport({ type: 'local', attrs: { dest: '/cache' } }), {
    place: { kind: 'local', dest: '/cache', tag: 'latest', reset: false },
    mode: 'min',
    oci: true,
    imageManifest: true,
    ignoreError: false,
    compression: 'gzip',
    force: false,
  });
});

test("Docker's media types have no image manifest for a cache", () => {
  const attrs = { dest: '/cache', 'oci-mediatypes': 'false' };
  assert.equal(readExport({ type: 'local', attrs }).imageManifest, false);
  assert.throws(() => readExport({ type: 'local', attrs: { ...attrs, 'image-manifest': 'true' } }), /does not go with/);
});

test('a cache in a registry has a reference, latest where nothing is said', () => {
  const { place } = readExport({ type: 'registry', attrs: { ref: 'example.com/a/b', compression: 'zstd' } });
  const reference = { domain: 'example.com', path: 'a/b', tag: 'latest' };
  assert.deepEqual(place, { kind: 'registry', reference, insecure: false });
  assert.deepEqual(readImport({ type: 'registry', attrs: { ref: 'example.com/a/b' } }), place);
});

test('an import names a digest or a tag', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  assert.deepEqual(readImport({ type: 'local', attrs: { src: '/c', tag: 'x', digest } }), {
    kind: 'local',
    src: '/c',
    tag: 'x',
    digest,
  });
});

test('what is missing, unknown or badly written is said', () => {
  const cases: readonly [type: string, attrs: Record<string, string>, message: RegExp][] = [
    ['local', {}, /needs src=FOLDER/],
    ['local', { src: '/c', tags: 'x' }, /a cache import of type local has no option "tags"; did you mean tag\?/],
    ['local', { src: '/c', tag: '' }, /names no tag/],
    ['local', { src: '/c', digest: 'abc' }, /is no digest/],
    ['registry', {}, /needs ref=/],
    ['registry', { ref: 'a b' }, /invalid reference/],
    ['gha', {}, /there is no cache of type "gha": use local or registry/],
  ];
  for (const [type, attrs, message] of cases) assert.throws(() => readImport({ type, attrs }), message);
});
