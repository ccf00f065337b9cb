import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { writeLayout } from '../content/layout.ts';
import { MemoryStore } from '../content/memory.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { Failed } from '../std/failed.ts';
import { makeTempFolder } from '../std/temp.ts';
import { openSession } from './here.ts';
import { openLayoutContext } from './layout-context.ts';
import { parseSecret, secretLimit } from './secrets.ts';
import { parseSsh } from './ssh.ts';

const { signal } = new AbortController();

test('secrets are written as buildx takes them', () => {
  const env = { TOKEN: 'x' };
  assert.deepEqual(parseSecret('id=a,src=/f', env), { kind: 'file', id: 'a', path: '/f' });
  assert.deepEqual(parseSecret('type=file,id=a,source=/f', env), { kind: 'file', id: 'a', path: '/f' });
  assert.deepEqual(parseSecret('id=a,"src=/f,g"', env), { kind: 'file', id: 'a', path: '/f,g' });
  assert.deepEqual(parseSecret('id=a,env=B', env), { kind: 'env', id: 'a', variable: 'B' });
  assert.deepEqual(parseSecret('id=a,type=env,src=B', env), { kind: 'env', id: 'a', variable: 'B' });
  assert.deepEqual(parseSecret('id=TOKEN', env), { kind: 'env', id: 'TOKEN', variable: 'TOKEN' });
  assert.deepEqual(parseSecret('id=file', env), { kind: 'file', id: 'file', path: 'file' });
  for (const bad of ['', 'src=x', 'id=a,what=b', 'nonsense', 'id=a,type=vault', 'id=a,"src=b']) {
    assert.throws(() => parseSecret(bad, env), Failed, bad);
  }
});

test('secrets are read when they are asked for, and no larger than the limit', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'secret');
  writeFileSync(path, 'first');
  const secrets = [parseSecret(`id=f,src=${path}`), parseSecret('id=e,env=NAME')];
  await using session = openSession({ secrets, env: { NAME: 'value' } });
  writeFileSync(path, 'second');
  assert.equal(Buffer.from((await session.secret('f', { signal }))!).toString(), 'second');
  assert.equal(Buffer.from((await session.secret('e', { signal }))!).toString(), 'value');
  assert.equal(await session.secret('none', { signal }), undefined);
  writeFileSync(path, Buffer.alloc(secretLimit + 1));
  await assert.rejects(session.secret('f', { signal }), /secret f too big/);
  assert.throws(() => openSession({ secrets }), /secret f too big/);
  assert.throws(
    () => openSession({ secrets: [parseSecret('id=gone,src=/no/such')] }),
    /\/no\/such of secret gone can't be read/,
  );
});

test('folders and credentials are lent by name', async () => {
  await using session = openSession({
    folders: { context: { root: '/c' } },
    credentials: async (host) => ({ kind: 'basic', username: host, password: 'p' }),
  });
  assert.deepEqual(session.folder('context'), { root: '/c' });
  assert.equal(session.folder('constructor'), undefined);
  assert.deepEqual(await session.credentials('h'), { kind: 'basic', username: 'h', password: 'p' });
});

test('an OCI layout is lent by its tag or digest', async () => {
  await using folder = makeTempFolder();
  const from = new MemoryStore();
  const put = async (mediaType: string, value: object) => {
    const bytes = Buffer.from(JSON.stringify(value));
    const written = await from.write(
      (async function* () {
        yield bytes;
      })(),
    );
    return { mediaType, ...written };
  };
  const config = await put(mediaTypes.ociConfig, {});
  const manifest = await put(mediaTypes.ociManifest, { schemaVersion: 2, config, layers: [] });
  const root = { ...manifest, annotations: { 'org.opencontainers.image.ref.name': 'v1' } };
  await writeLayout(join(folder.path, 'layout'), { roots: [root], from });
  const cwd = folder.path;
  for (const text of ['oci-layout://layout:v1', `oci-layout://./layout@${root.digest}`]) {
    const context = await openLayoutContext(text, { cwd });
    assert.equal(context.digest, root.digest, text);
    await using session = openSession({ stores: { [context.store]: context.path } });
    const store = await session.store(context.store);
    assert.equal(await store?.stat(root.digest), root.size);
    assert.equal(await session.store('other'), undefined);
  }
  await assert.rejects(
    openLayoutContext('oci-layout://layout:v2', { cwd }),
    /failed to resolve "v2" tag in .*; it has v1/,
  );
  await assert.rejects(openLayoutContext('oci-layout://nowhere', { cwd }), /is not an OCI layout/);
});

test('ssh keys get an agent of their own, which only lists and signs', async () => {
  await using folder = makeTempFolder();
  const key = join(folder.path, 'key');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  execFileSync('chmod', ['0644', key]);
  await using session = openSession({ ssh: [parseSsh(`mine=${key}`)] });
  await using agent = (await session.ssh('mine', { signal }))!;
  // Not synchronously: the socket is served by this process.
  const ask = (...args: string[]) =>
    promisify(execFile)('ssh-add', args, {
      env: { PATH: process.env['PATH'], SSH_AUTH_SOCK: agent.socket },
      timeout: 20_000,
    });
  assert.match((await ask('-l')).stdout, /ED25519/);
  await assert.rejects(ask('-D'), /Failed to remove/i);
  assert.match((await ask('-l')).stdout, /ED25519/);
  assert.equal(await session.ssh('other', { signal }), undefined);
  await using second = (await session.ssh('mine', { signal }))!;
  assert.notEqual(second.socket, agent.socket);
});

test('a session that started an agent keeps no process alive, and ends it', async () => {
  await using folder = makeTempFolder();
  const key = join(folder.path, 'key');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
  const script = `
    const { openSession } = await import(${JSON.stringify(import.meta.resolve('./here.ts'))});
    const signal = new AbortController().signal;
    const session = openSession({ ssh: [{ kind: 'keys', id: 'k', paths: [${JSON.stringify(key)}] }] });
    const agent = await session.ssh('k', { signal });
    await agent[Symbol.asyncDispose]();
    await session[Symbol.asyncDispose]();
    console.log('ended');
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
    timeout: 20_000,
  });
  assert.equal(stdout, 'ended\n');
});

test('what is no key or agent is told by its name', async () => {
  await using folder = makeTempFolder();
  const path = join(folder.path, 'key');
  writeFileSync(path, 'nonsense');
  await using session = openSession({ ssh: [parseSsh(`k=${path}`)] });
  await assert.rejects(session.ssh('k', { signal }), /key can't be used: it is no private key/);
  assert.throws(() => parseSsh('default', {}), /SSH_AUTH_SOCK is not set/);
  assert.throws(() => parseSsh('k=/no/such'), /\/no\/such can't be read/);
  assert.throws(
    () => openSession({ ssh: [parseSsh(`a=${path}`), parseSsh(`a=${path}`)] }),
    /duplicate ssh agent ID "a"/,
  );
});
