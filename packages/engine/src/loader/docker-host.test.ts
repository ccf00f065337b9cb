import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failed } from '../std/failed.ts';
import { makeTempFolder } from '../std/temp.ts';
import { findDockerHost } from './docker-host.ts';

const refused = (env: NodeJS.ProcessEnv, message: RegExp, context?: string) =>
  assert.throws(
    () => findDockerHost({ env, ...(context !== undefined && { context }) }),
    (error) => error instanceof Failed && message.test(error.message),
  );

test('DOCKER_HOST comes first, then the context, then the usual socket', async () => {
  await using folder = makeTempFolder();
  const env = { DOCKER_CONFIG: folder.path };
  assert.deepEqual(findDockerHost({ env }), { kind: 'socket', path: '/var/run/docker.sock' });
  writeContext(folder.path, 'far', { Host: 'unix:///far.sock' });
  writeFileSync(join(folder.path, 'config.json'), JSON.stringify({ currentContext: 'far' }));
  assert.deepEqual(findDockerHost({ env }), { kind: 'socket', path: '/far.sock' });
  const given = { ...env, DOCKER_HOST: 'tcp://[::1]:2400' };
  assert.deepEqual(findDockerHost({ env: given }), { kind: 'tcp', host: '::1', port: 2400 });
  assert.deepEqual(findDockerHost({ env: given, context: 'far' }), { kind: 'socket', path: '/far.sock' });
  refused(env, /there is no docker context near: docker context ls/, 'near');
});

test('keys make it TLS', async () => {
  await using folder = makeTempFolder();
  const keys = join(folder.path, 'keys');
  mkdirSync(keys);
  for (const name of ['ca', 'cert', 'key']) writeFileSync(join(keys, `${name}.pem`), name);
  const env = { DOCKER_CONFIG: folder.path, DOCKER_HOST: 'tcp://far', DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: keys };
  const [ca, cert, key] = ['ca', 'cert', 'key'].map((text) => Buffer.from(text));
  const tls = { ca, cert, key, rejectUnauthorized: true };
  assert.deepEqual(findDockerHost({ env }), { kind: 'tcp', host: 'far', port: 2376, tls });
  const id = writeContext(folder.path, 'far', { Host: 'tcp://far:1', SkipTLSVerify: true });
  mkdirSync(join(folder.path, 'contexts/tls', id, 'docker'), { recursive: true });
  writeFileSync(join(folder.path, 'contexts/tls', id, 'docker/ca.pem'), 'ca');
  assert.deepEqual(findDockerHost({ env, context: 'far' }), {
    kind: 'tcp',
    host: 'far',
    port: 1,
    tls: { ca, cert: undefined, key: undefined, rejectUnauthorized: false },
  });
});

test('what can’t be reached from here is told with a way', () => {
  refused({ DOCKER_HOST: 'ssh://me@far' }, /DOCKER_HOST is ssh:\/\/me@far: .* ssh -nNT -L .* me@far/);
  refused({ DOCKER_HOST: '/var/run/docker.sock' }, /it is none of unix:\/\/ and tcp:\/\//);
});

function writeContext(folder: string, name: string, docker: object): string {
  const id = createHash('sha256').update(name).digest('hex');
  mkdirSync(join(folder, 'contexts/meta', id), { recursive: true });
  writeFileSync(join(folder, 'contexts/meta', id, 'meta.json'), JSON.stringify({ Name: name, Endpoints: { docker } }));
  return id;
}
