import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestOf } from '../../packages/engine/src/oci/digest.ts';
import { Transport } from '../../packages/engine/src/registry/transport.ts';
import type { Job } from '../../packages/engine/src/session/job.ts';
import { HttpSource } from '../../packages/engine/src/source/http.ts';
import type { Pinned } from '../../packages/engine/src/source/source.ts';
import { openTestCache, type TestCache } from '../rig/cache.ts';

const vertex = digestOf('the vertex that asks');

async function serve(answer: RequestListener) {
  const asked: { readonly line: string; readonly headers: IncomingHttpHeaders }[] = [];
  const server = createServer((request, response) => {
    asked.push({ line: `${request.method} ${request.url}`, headers: request.headers });
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    asked,
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function httpSource({ cache }: TestCache): HttpSource & AsyncDisposable {
  const transport = new Transport();
  const source = new HttpSource({
    cache,
    index: cache.index,
    registries: { transport },
    retry: { tries: 2, delay: () => 0 },
  });
  return Object.assign(source, { [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose]() });
}

async function look<T>(pinned: Pinned, job: Job, at: (path: string) => T): Promise<T> {
  await using tree = await pinned.tree(job);
  await using mounted = await tree.mount(job);
  return at(mounted.path);
}

test('a download is a tree with one file, keyed as BuildKit keys it', async () => {
  await using there = await openTestCache();
  await using server = await serve((_, response) => {
    response.writeHead(200, { 'last-modified': 'Wed, 21 Oct 2015 07:28:00 GMT' }).end('content');
  });
  await using source = httpSource(there);
  const job = there.job();
  const request = (attrs: Record<string, string>) => ({
    scheme: 'http',
    name: `${server.host}/dir/file.txt?v=1`,
    attrs,
    vertex,
  });
  const pinned = await source.pin(request({}), job);
  assert.equal(pinned.pin, digestOf('content'));
  const fields = `"Filename":"file.txt","Perm":0,"UID":0,"GID":0,"Checksum":"${digestOf('content')}"`;
  assert.deepEqual(pinned.keys, [{ key: digestOf(`{${fields},"LastModTime":"Wed, 21 Oct 2015 07:28:00 GMT"}`) }]);
  await look(pinned, job, (path) => {
    assert.deepEqual(readdirSync(path), ['file.txt']);
    const { mode, uid, mtimeMs } = statSync(join(path, 'file.txt'));
    assert.deepEqual([mode & 0o7777, uid, mtimeMs], [0o600, 0, Date.UTC(2015, 9, 21, 7, 28)]);
    assert.equal(readFileSync(join(path, 'file.txt'), 'utf8'), 'content');
  });
  assert.equal(server.asked.length, 1);
  const owned = await source.pin(
    request({ 'http.filename': '../../x', 'http.perm': '0755', 'http.uid': '5', 'http.gid': '6' }),
    job,
  );
  await look(owned, job, (path) => {
    const { mode, uid, gid } = statSync(join(path, 'x'));
    assert.deepEqual([mode & 0o7777, uid, gid], [0o755, 5, 6]);
  });
});

test('what has an ETag is fetched again only when it changed', async () => {
  await using there = await openTestCache();
  let [body, etag] = ['one', 'W/"1"'];
  await using server = await serve(({ method, headers }, response) => {
    const same = headers['if-none-match']?.includes(etag.replace('W/', ''));
    response.writeHead(method === 'HEAD' && same ? 304 : 200, { etag }).end(method === 'HEAD' ? undefined : body);
  });
  await using source = httpSource(there);
  const pin = () => source.pin({ scheme: 'http', name: `${server.host}/f`, attrs: {}, vertex }, there.job());
  const first = await pin();
  const second = await pin();
  assert.deepEqual(second.keys, first.keys);
  assert.deepEqual(
    server.asked.map(({ line }) => line),
    ['GET /f', 'HEAD /f'],
  );
  [body, etag] = ['two', '"2"'];
  const third = await pin();
  assert.equal(third.pin, digestOf('two'));
  const job = there.job();
  assert.equal(await look(first, job, (path) => readFileSync(join(path, 'f'), 'utf8')), 'one');
  assert.deepEqual(server.asked.map(({ line }) => line).slice(2), ['HEAD /f', 'GET /f']);
});

test('with a checksum nothing is asked before the tree is wanted, and other bytes are refused', async () => {
  await using there = await openTestCache();
  let body = 'right';
  await using server = await serve((_, response) => void response.end(body));
  await using source = httpSource(there);
  const request = (checksum: string) => ({
    scheme: 'http',
    name: `${server.host}/f`,
    attrs: { 'http.checksum': checksum },
    vertex,
  });
  const job = there.job();
  const pinned = await source.pin(request(digestOf('right')), job);
  assert.equal(server.asked.length, 0);
  assert.equal(await look(pinned, job, (path) => readFileSync(join(path, 'f'), 'utf8')), 'right');
  body = 'wrong';
  const bad = await source.pin(request(digestOf('expected')), there.job());
  await assert.rejects(bad.tree(there.job()), /digest mismatch for http:\/\/.*\/f: sha256:\w+ \(expected: sha256/);
  await assert.rejects(source.pin(request('md5:x'), there.job()), /no digest/);
});

test('secrets of the session authorize, redirects elsewhere do not see them, and errors do not tell them', async () => {
  await using there = await openTestCache();
  await using other = await serve((_, response) => void response.end('there'));
  await using server = await serve((request, response) => {
    if (request.url === '/gone?key=topsecret') response.writeHead(404).end();
    else response.writeHead(302, { location: `http://${other.host}/moved` }).end();
  });
  await using source = httpSource(there);
  const secrets: Record<string, string> = { 'HTTP_AUTH_TOKEN_127.0.0.1': 'token' };
  const job = there.job({ secret: async (id) => (secrets[id] === undefined ? undefined : Buffer.from(secrets[id])) });
  const pinned = await source.pin({ scheme: 'http', name: `${server.host}/f`, attrs: {}, vertex }, job);
  assert.equal(pinned.pin, digestOf('there'));
  assert.equal(server.asked[0]!.headers.authorization, 'Bearer token');
  assert.equal(other.asked[0]!.headers.authorization, undefined);
  const pin = (path: string, attrs = {}) =>
    source.pin({ scheme: 'http', name: `${server.host}${path}`, attrs, vertex }, job);
  await assert.rejects(
    pin('/gone?key=topsecret'),
    (error: Error) => /invalid response status 404/.test(error.message) && !/topsecret/.test(error.message),
  );
  await assert.rejects(pin('/f', { 'http.authheadersecret': 'NONE' }), /the client has no secret NONE/);
});

test('a server that fails once is asked again', async () => {
  await using there = await openTestCache();
  let failures = 1;
  await using server = await serve((_, response) => {
    if (failures-- > 0) response.writeHead(503).end();
    else response.end('ok');
  });
  await using source = httpSource(there);
  const pinned = await source.pin({ scheme: 'http', name: `${server.host}/f`, attrs: {}, vertex }, there.job());
  assert.equal(pinned.pin, digestOf('ok'));
});
