import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failed } from '../std/failed.ts';
import { parseChallenges } from './challenge.ts';
import { dockerCredentials, type CredentialsOf } from './docker-config.ts';
import { endpointsOf, isLoopback } from './hosts.ts';
import { retryAfter } from './retry.ts';

async function withConfig(config: string, use: (of: CredentialsOf, folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'docker-config-'));
  try {
    await writeFile(join(folder, 'config.json'), config);
    await use(dockerCredentials({ DOCKER_CONFIG: folder, PATH: `${folder}:${process.env['PATH']}` }), folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const auth = (text: string) => ({ auth: Buffer.from(text).toString('base64') });

test('auths are found by host, Docker Hub by its old URL', async () => {
  const auths = {
    'https://index.docker.io/v1/': auth('hub:pass:word'),
    'localhost:5000': { username: 'u', password: 'p' },
    'https://ghcr.io': { ...auth('x:y'), identitytoken: 'tok' },
  };
  await withConfig(JSON.stringify({ auths }), async (of) => {
    assert.deepEqual(await of('docker.io'), { kind: 'basic', username: 'hub', password: 'pass:word' });
    assert.deepEqual(await of('localhost:5000'), { kind: 'basic', username: 'u', password: 'p' });
    assert.deepEqual(await of('ghcr.io'), { kind: 'token', identityToken: 'tok' });
    assert.equal(await of('quay.io'), undefined);
  });
});

test('no config means no credentials', async () => {
  assert.equal(await dockerCredentials({ DOCKER_CONFIG: '/nonexistent' })('docker.io'), undefined);
});

test('a config that is not JSON fails without quoting its text', async () => {
  await withConfig('{"auths": {"a": {"auth": "c2VjcmV0"}', async (of) => {
    await assert.rejects(of('a'), (error) => {
      assert.ok(error instanceof Failed && error.failure.kind === 'docker-config');
      assert.doesNotMatch(String(error.stack) + String(error.cause), /c2VjcmV0/);
      return true;
    });
  });
});

test('credential helpers are asked, one for a host before the store of all', async () => {
  const config = { credHelpers: { 'one.io': 'one' }, credsStore: 'all', auths: { 'none.io': auth('file:entry') } };
  await withConfig(JSON.stringify(config), async (of, folder) => {
    const helper = async (name: string, script: string) => {
      await writeFile(join(folder, `docker-credential-${name}`), `#!/bin/sh\nread server\n${script}\n`);
      await chmod(join(folder, `docker-credential-${name}`), 0o755);
    };
    await helper('one', `echo "{\\"Username\\":\\"<token>\\",\\"Secret\\":\\"$server\\"}"`);
    await helper(
      'all',
      `case $server in two.io) echo '{"Username":"u","Secret":"s"}';; bad.io) exit 3;; *) echo 'credentials not found in native keychain'; exit 1;; esac`,
    );
    assert.deepEqual(await of('one.io'), { kind: 'token', identityToken: 'one.io' });
    assert.deepEqual(await of('two.io'), { kind: 'basic', username: 'u', password: 's' });
    assert.deepEqual(await of('none.io'), { kind: 'basic', username: 'file', password: 'entry' });
    await assert.rejects(of('bad.io'), /docker-credential-all, which .* names, failed with exit code 3/);
  });
});

test('challenges are read with their quoting, several in one header', () => {
  assert.deepEqual(parseChallenges('Bearer realm="https://a/t?x=1,2",service=s,scope="a b", Basic realm="q\\"q"'), [
    { scheme: 'bearer', parameters: { realm: 'https://a/t?x=1,2', service: 's', scope: 'a b' } },
    { scheme: 'basic', parameters: { realm: 'q"q' } },
  ]);
  assert.deepEqual(parseChallenges('Negotiate'), [{ scheme: 'negotiate', parameters: {} }]);
  assert.deepEqual(parseChallenges(''), []);
});

test('endpoints: loopback is plain HTTP, mirrors come first, Docker Hub has its own address', () => {
  assert.equal(isLoopback('localhost:5000') && isLoopback('127.0.0.1') && isLoopback('[::1]:80'), true);
  assert.equal(isLoopback('localhost.example.com') || isLoopback('1.127.0.0'), false);
  const endpoints = endpointsOf('docker.io', {
    'docker.io': { mirrors: ['/layout', 'mirror.example/hub', 'http://plain:80'] },
  });
  assert.deepEqual(
    endpoints.map((endpoint) => (endpoint.kind === 'layout' ? endpoint.path : endpoint.url)),
    ['/layout', 'https://mirror.example/v2/hub', 'http://plain/v2', 'https://registry-1.docker.io/v2'],
  );
  assert.throws(
    () => endpointsOf('a.io', { 'a.io': { mirrors: ['./relative'] } }),
    /neither a URL, a host, nor an absolute path/,
  );
  assert.throws(
    () => endpointsOf('a.io', { 'a.io': { mirrors: ['https://user:pw@m'] } }),
    (error: Error) => !error.message.includes('pw@'),
  );
});

test('Retry-After is seconds or a date', () => {
  assert.equal(retryAfter('3'), 3000);
  assert.equal(retryAfter('Thu, 01 Jan 1970 00:00:05 GMT', 1000), 4000);
  assert.equal(retryAfter('soon'), undefined);
});
