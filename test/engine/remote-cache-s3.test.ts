// Caches in a bucket of a server that speaks S3.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneStep, Place } from '../rig/machines.ts';
import { S3Server } from '../rig/s3-server.ts';

interface Written {
  readonly layers: readonly {
    readonly blob: string;
    readonly annotations: { readonly mediaType: string; readonly diffID: string; readonly size: number };
  }[];
}

test('a cache in a bucket is as good as one in a folder, and laid out as BuildKit does', async () => {
  using place = new Place();
  await using server = await S3Server.open();
  const at = server.options({ prefix: 'shop/', name: 'a1b2;main' });
  const first = await place.build('one', ['--cache-to', `${at},mode=max`]);
  assert.deepEqual([first.steps.length, first.warnings], [2, []]);

  const config = await server.read('shop/manifests/main');
  assert.deepEqual(config, await server.read('shop/manifests/a1b2'));
  const { layers } = JSON.parse(String(config)) as Written;
  for (const { blob, annotations } of layers) {
    assert.equal((await server.read(`shop/blobs/${blob}`))!.length, annotations.size);
    assert.match(annotations.mediaType, /^application\/vnd\.oci\.image\.layer\.v1\.tar/);
    assert.match(annotations.diffID, /^sha256:/);
  }

  server.log.length = 0;
  const second = await place.build('two', ['--cache-from', at, '--cache-to', `${at},mode=max`]);
  assert.deepEqual([second.steps, second.warnings], [[], []]);
  assert.equal(second.response.digest, first.response.digest);
  // What is there is not sent again; configs are.
  const sent = server.log.filter((line) => /^(?:PUT|POST) /.test(line)).map((line) => line.replace(/\?.*/, ''));
  assert.deepEqual(sent, ['PUT /caches/shop/manifests/a1b2', 'PUT /caches/shop/manifests/main']);
  assert.deepEqual(await server.read('shop/manifests/main'), config);
});

test('blobs that are old are touched, and large ones are sent in parts', async () => {
  using place = new Place({ Dockerfile: 'FROM scratch\nCOPY large /', large: noise(6 * 1024 * 1024) });
  await using server = await S3Server.open();
  const flags = ['--cache-to', server.options({ touch_refresh: '1ns', compression: 'uncompressed', mode: 'max' })];
  await place.build('one', flags);
  const parts = server.log.filter((line) => /^PUT .*[?&]partNumber=/.test(line));
  assert.equal(parts.length, 2);
  server.log.length = 0;
  const { warnings } = await place.build('one', flags);
  assert.deepEqual(warnings, []);
  const [blob, ...others] = server.log.filter((line) => /^(?:PUT|POST) .*\/blobs\//.test(line));
  assert.match(blob!, /^PUT .*CopyObject/);
  assert.deepEqual(others, []);
  const back = await place.build('two', ['--cache-from', server.options()]);
  assert.deepEqual(
    back.ran.filter((name) => name.includes('COPY')),
    [],
  );
});

test('a bucket that refuses, lies or lacks costs warnings, and the steps run', async () => {
  using place = new Place(oneStep);
  await using server = await S3Server.open();
  const at = server.options({ retry_max_attempts: '1' });
  await place.build('one', ['--cache-to', at]);
  const from = ['--cache-from', at];

  const wrong = server.options({ secret_access_key: 'guessed-secret', retry_max_attempts: '1' });
  const stranger = await place.build('two', ['--cache-from', wrong, '--cache-to', wrong]);
  const said = stranger.warnings.join('\n');
  assert.match(said, /this cache is left out: s3:\/\/caches\/manifests\/buildkit: SignatureDoesNotMatch/);
  assert.match(said, /the cache is not exported: s3:\/\/caches\//);
  assert.ok(!said.includes('guessed-secret'));
  assert.equal(stranger.steps.length, 1);

  const none = await place.build('three', ['--cache-from', server.options({ name: 'other' })]);
  assert.match(none.warnings.join(), /left out: there is no s3:\/\/caches\/manifests\/other/);
  assert.equal(none.steps.length, 1);

  server.refuse = { on: /^GET .*\/manifests\//, status: 500 };
  const broken = await place.build('four', from);
  assert.match(broken.warnings.join(), /this cache is left out: .*TestRefuses/);
  assert.equal(broken.steps.length, 1);
  server.refuse = undefined;

  server.corrupt = /^GET .*\/blobs\//;
  const lied = await place.build('five', from);
  assert.match(lied.warnings.join(), /a result cannot be taken from this cache.*content is not what was promised/);
  assert.equal(lied.steps.length, 1);
  server.corrupt = undefined;

  const whole = await place.build('six', from);
  assert.deepEqual([whole.steps, whole.warnings], [[], []]);
});

/** Bytes that compress badly, the same each time. */
function noise(size: number): string {
  let state = 1;
  const bytes = Buffer.alloc(size);
  for (let i = 0; i < size; i++) bytes[i] = 32 + ((state = (state * 48271) % 0x7fffffff) % 90);
  return bytes.toString('latin1');
}
