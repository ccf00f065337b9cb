import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readExport, readImport, readInline } from './options.ts';

const minute = 60_000;

test('an export has defaults for all but its place', () => {
  assert.deepEqual(readExport({ type: 'local', attrs: { dest: '/cache' } }, {}), {
    place: { kind: 'local', dest: '/cache', tag: 'latest', reset: false, oci: true, imageManifest: true },
    mode: 'min',
    ignoreError: true,
    timeout: 10 * minute,
    compression: 'gzip',
    force: false,
  });
});

test("Docker's media types have no image manifest for a cache", () => {
  const attrs = { dest: '/cache', 'oci-mediatypes': 'false' };
  const { place } = readExport({ type: 'local', attrs }, {});
  assert.equal('imageManifest' in place && place.imageManifest, false);
  const both = { ...attrs, 'image-manifest': 'true' };
  assert.throws(() => readExport({ type: 'local', attrs: both }, {}), /does not go with/);
});

test('a cache in a registry has a reference, latest where nothing is said', () => {
  const attrs = { ref: 'example.com/a/b' };
  const place = {
    kind: 'registry',
    reference: { domain: 'example.com', path: 'a/b', tag: 'latest' },
    insecure: false,
  };
  assert.deepEqual(readImport({ type: 'registry', attrs }, {}), { place, timeout: minute });
  assert.deepEqual(readExport({ type: 'registry', attrs: { ...attrs, compression: 'zstd' } }, {}).place, {
    ...place,
    oci: true,
    imageManifest: true,
  });
});

test('an import names a digest or a tag, and how long it is waited for', () => {
  const digest = `sha256:${'a'.repeat(64)}`;
  const attrs = { src: '/c', tag: 'x', digest, timeout: '1m30s' };
  assert.deepEqual(readImport({ type: 'local', attrs }, {}), {
    place: { kind: 'local', src: '/c', tag: 'x', digest },
    timeout: 1.5 * minute,
  });
});

test('a bucket is what the options say, and then the environment', () => {
  const env = { AWS_BUCKET: 'theirs', AWS_REGION: 'eu-west-1' };
  const plain = {
    kind: 's3',
    bucket: 'theirs',
    region: 'eu-west-1',
    names: ['buildkit'],
    blobs: 'blobs/',
    manifests: 'manifests/',
    pathStyle: false,
    retry: {},
  };
  assert.deepEqual(readImport({ type: 's3', attrs: {} }, env).place, plain);
  const attrs = {
    bucket: 'ours',
    prefix: 'p/',
    name: 'a1b2;main',
    blobs_prefix: 'b/',
    endpoint_url: 'http://127.0.0.1:9000',
    use_path_style: 'true',
    access_key_id: 'id',
    secret_access_key: 'secret',
    session_token: 'token',
    retry_mode: 'adaptive',
    retry_max_attempts: '7',
    touch_refresh: '1h',
    upload_parallelism: '2',
  };
  assert.deepEqual(readExport({ type: 's3', attrs }, env).place, {
    ...plain,
    bucket: 'ours',
    names: ['a1b2', 'main'],
    blobs: 'p/b/',
    manifests: 'p/manifests/',
    endpoint: 'http://127.0.0.1:9000',
    pathStyle: true,
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret', sessionToken: 'token' },
    retry: { retryMode: 'adaptive', maxAttempts: 7 },
    upload: { touchAfter: 60 * minute, parallel: 2 },
  });
});

test("GitHub's service is what the options say, and then what a workflow's environment says", () => {
  const serviceOf = (attrs: Record<string, string>, env: Record<string, string>) => {
    const { place } = readImport({ type: 'gha', attrs }, env);
    return place.kind === 'gha' && place.service;
  };
  const urls = { ACTIONS_CACHE_URL: 'http://one/', ACTIONS_RESULTS_URL: 'http://two/' };
  const env = { ...urls, ACTIONS_RUNTIME_TOKEN: 't' };
  assert.equal(serviceOf({}, urls), undefined);
  assert.deepEqual(serviceOf({}, env), { version: 1, url: 'http://one/', token: 't' });
  const second = { version: 2, url: 'http://two/', token: 't' };
  assert.deepEqual(serviceOf({}, { ...env, ACTIONS_CACHE_SERVICE_V2: 'True' }), second);
  assert.deepEqual(serviceOf({ version: '2' }, env), second);
  assert.deepEqual(serviceOf({ url: 'http://own/', version: '1', token: 'u' }, env), {
    version: 1,
    url: 'http://own/',
    token: 'u',
  });
  const named = 'https://results-receiver.actions.githubusercontent.com/';
  assert.deepEqual(serviceOf({ url: named }, env), { version: 2, url: named, token: 't' });
});

test('what is missing, unknown or badly written is said', () => {
  const digestless = { src: '/c', digest: 'abc' };
  const s3 = { bucket: 'b', region: 'r' };
  const imports: readonly [type: string, attrs: Record<string, string>, message: RegExp][] = [
    ['local', {}, /needs src=FOLDER/],
    ['local', { src: '/c', tags: 'x' }, /a cache import of type local has no option "tags"; did you mean tag\?/],
    ['local', { src: '/c', tag: '' }, /names no tag/],
    ['local', digestless, /is no digest/],
    ['local', { src: '/c', timeout: '5' }, /is no duration: write one such as/],
    ['local', { src: '/c', timeout: '0s' }, /longer than nothing/],
    ['registry', {}, /needs ref=/],
    ['registry', { ref: 'a b' }, /invalid reference/],
    ['inline', {}, /there is no import of type "inline": use type=registry,ref=IMAGE/],
    ['azblob', {}, /there is no cache of type "azblob": use local, registry, s3 or gha/],
    ['s3', { region: 'r' }, /needs bucket=NAME, or AWS_BUCKET/],
    ['s3', { bucket: 'b' }, /needs region=NAME, or AWS_REGION/],
    ['s3', { ...s3, access_key_id: 'a' }, /go together/],
    ['s3', { ...s3, endpoint_url: 'minio:9000' }, /is no URL/],
    ['s3', { ...s3, retry_max_attempts: '0' }, /should be above zero/],
    ['gha', { url: 'x', token: 't' }, /url=x is no URL/],
    ['gha', { version: '3' }, /is none of 1, 2/],
  ];
  for (const [type, attrs, message] of imports) assert.throws(() => readImport({ type, attrs }, {}), message);
  const repository = { repository: 'a/b' };
  assert.throws(() => readExport({ type: 'gha', attrs: repository }, {}), /repository and ghtoken .* go together/);
  assert.throws(() => readExport({ type: 's3', attrs: { ...s3, 'image-manifest': 'true' } }, {}), /has no option/);
  assert.throws(() => readInline({ type: 'inline', attrs: { mode: 'max' } }), /has mode=min only/);
});
