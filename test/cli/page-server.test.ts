// Whom a page's server answers, and whom not.

import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { Rig } from '../rig/rig.ts';

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The path goes as it is written. */
function send(url: URL, path: string, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: url.port, path, method, headers }, (response) => {
      let text = '';
      response.on('data', (data: Buffer) => (text += data.toString()));
      response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body: text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

test('only the page of the one who started it is answered', async () => {
  await using rig = await Rig.open({ Dockerfile: 'FROM scratch\n', secret: 'of the project' });
  const { child, done, told } = rig.start(['explore', '--no-open']);
  const url = new URL(/http:\/\/\S+/.exec(await told('Ctrl-C ends it.'))![0]);
  const { origin, host, pathname } = url;
  const status = async (path: string, sent?: Sent) => (await send(url, path, sent)).status;
  const json = { 'Content-Type': 'application/json' };
  const edit = JSON.stringify({ text: 'FROM scratch\n', target: '' });

  assert.equal(url.hostname, '127.0.0.1');
  assert.match(pathname, /^\/[\w-]{24}\/$/);
  const page = await send(url, pathname);
  assert.equal(page.status, 200);
  assert.match(String(page.headers['content-security-policy']), /^default-src 'self'; /);
  assert.equal(page.headers['referrer-policy'], 'no-referrer');
  assert.equal(page.headers['x-content-type-options'], 'nosniff');
  assert.equal(await status(`${pathname}page/explore.ts`), 200);

  // A token that is wrong, or none.
  assert.equal(await status('/'), 404);
  assert.equal(await status(`${pathname.slice(0, -2)}x/`), 404);
  assert.equal(await status('/api/file'), 404);

  // Names that only lead here, and other sites.
  assert.equal(await status(pathname, { headers: { Host: `evil.example:${url.port}` } }), 403);
  assert.equal(await status(pathname, { headers: { Host: '127.0.0.1' } }), 403);
  assert.equal(await status(pathname, { headers: { Origin: 'https://evil.example' } }), 403);
  assert.equal(await status(pathname, { headers: { 'Sec-Fetch-Site': 'cross-site' } }), 403);
  assert.equal(await status(`${pathname}api/file`, { headers: { Origin: 'null' } }), 403);
  const convert = (headers: Record<string, string>, body = edit) =>
    status(`${pathname}api/convert`, { method: 'POST', headers, body });
  assert.equal(await convert(json), 403);
  assert.equal(await convert({ ...json, Origin: `http://evil.example` }), 403);
  assert.equal(await convert({ ...json, Origin: origin, Host: host }), 200);
  // What a form on another site could send, and what is no question.
  assert.equal(await convert({ 'Content-Type': 'text/plain', Origin: origin }), 400);
  assert.equal(await convert({ ...json, Origin: origin }, '{'), 400);
  assert.equal(await convert({ ...json, Origin: origin }, '{}'), 400);
  assert.equal(
    await convert({ ...json, Origin: origin }, JSON.stringify({ text: 'x'.repeat(2 << 20), target: '' })),
    400,
  );

  // Nothing but the page's own files.
  for (const path of [
    '../secret',
    '..%2fsecret',
    'page/../../package.json',
    'page/%2e%2e/package.json',
    'src/main.ts',
    'page/',
    '/etc/passwd',
    'api/../page/explore.ts',
    'src/graph/graph.ts',
  ]) {
    assert.equal(await status(`${pathname}${path}`), 404, path);
  }
  assert.equal(await status(`${pathname}api/file`, { method: 'DELETE', headers: { Origin: origin } }), 404);

  // A port that somebody has.
  const taken = await rig.cli(['explore', '--no-open', '--port', url.port]);
  assert.equal(taken.code, 2);
  assert.match(taken.stderr, /can't be used/);
  assert.match((await rig.cli(['explore', '--port', '99999'])).stderr, /--port needs a number/);

  child.kill('SIGINT');
  assert.equal((await done).code, 0);
});
