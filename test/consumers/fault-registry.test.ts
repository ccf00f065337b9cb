// The registry of the tests speaks the protocol as others understand it, and breaks it only where a test says so.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { test } from 'node:test';
import { makeTempFolder } from '../../packages/engine/src/std/temp.ts';
import { FaultRegistry } from '../rig/fault-registry.ts';
import { program } from '../rig/program.ts';

test('skopeo logs in to the registry of the tests by TLS and token, pulls from it and pushes to it', async () => {
  await using registry = await FaultRegistry.open();
  await using folder = makeTempFolder();
  const image = registry.addImage('team/app', 'v1', { layers: ['one', 'two'] });
  const name = `docker://${registry.host}/team/app:v1`;
  const skopeo = (...args: string[]) => program('skopeo', ['--tmpdir', folder.path, ...args], registry.env);
  await skopeo('copy', '-q', name, `oci:${folder.path}/copied:v1`);
  await skopeo('copy', '-q', `oci:${folder.path}/copied:v1`, `docker://${registry.host}/pushed:v2`);
  assert.equal(registry.digest('pushed:v2'), image.manifest.digest);
  await assert.rejects(program('skopeo', ['inspect', name], { SSL_CERT_FILE: registry.ca }), /unauthorized/);
  await assert.rejects(skopeo('inspect', '--no-creds', name), /unauthorized/);
  await assert.rejects(program('skopeo', ['inspect', name], { ...registry.env, SSL_CERT_FILE: '' }), /x509/);
});

test('a fault breaks the requests it names, so many times', async () => {
  await using registry = await FaultRegistry.open();
  registry.manners.auth = undefined;
  const { layers } = registry.addImage('app', 'v1', { layers: ['0123456789'] });
  const get = async () => {
    const request = https.get(`${registry.origin}/v2/app/blobs/${layers[0]!.digest}`, {
      ca: readFileSync(registry.ca),
    });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return {
      status: response.statusCode,
      headers: response.headers,
      body: Buffer.concat(await response.toArray()).toString(),
    };
  };
  const on = /^GET .*\/blobs\//;
  registry.fault({ on, kind: 'break-off', after: 4 });
  await assert.rejects(get(), { code: 'ECONNRESET' });
  registry.fault({ on, kind: 'break-off' });
  await assert.rejects(get(), { code: 'ECONNRESET' });
  registry.fault({ on, kind: 'status', status: 429, headers: { 'retry-after': '7' } });
  const busy = await get();
  assert.deepEqual([busy.status, busy.headers['retry-after']], [429, '7']);
  registry.fault({ on, kind: 'wrong-digest' });
  assert.equal((await get()).body, '0123456788');
  registry.fault({ on, kind: 'wrong-size', by: -3 });
  assert.equal((await get()).body, '0123456');
  registry.fault({ on, kind: 'wrong-size', by: 2 });
  assert.equal((await get()).body, '0123456789++');
  const held = registry.fault({ on, kind: 'hold', after: 5 });
  const body = get();
  await held.reached;
  held.release();
  assert.equal((await body).body, '0123456789');
  assert.equal((await get()).body, '0123456789');
});
