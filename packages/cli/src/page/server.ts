// Serves one page to the person who started this program, and to nobody else: on the loopback alone, under a path that
// can't be guessed, to no other site's scripts, and to no name that only leads here.

import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Mistake } from '../mistake.ts';
import { messageOf } from '../ui/failure.ts';
import { assetOf } from './assets.ts';

/** A question of the page. */
export interface Call {
  /** What it sent; undefined of a GET. */
  readonly json: unknown;
  /** Aborted when the page no longer waits. */
  readonly signal: AbortSignal;
  /** Sends one line of JSON, any number until the answer ends. Resolves when the page takes more, or is gone. */
  send(line: object): Promise<void>;
}

/** Answers by method and name, as in `POST convert`. What is thrown is told to the page. */
export type Api = Readonly<Record<string, (call: Call) => Promise<void>>>;

export interface PageServer extends AsyncDisposable {
  /** With the token: whoever has it may ask. */
  readonly url: string;
}

export interface PageOptions {
  /** Which page of `packages/cli/page`: its name without `.html`. */
  readonly page: string;
  readonly api: Api;
  /** Any free one when undefined. */
  readonly port: number | undefined;
}

const host = '127.0.0.1';
/** How long answers may take to end when the server does, in milliseconds. */
const patience = 500;
/** The largest question, in bytes. */
const maxBody = 1 << 20;

const headers = {
  'Content-Security-Policy':
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
} as const;

export async function openPageServer({ page, api, port = 0 }: PageOptions): Promise<PageServer> {
  const calls = new Set<Promise<void>>();
  const token = randomBytes(18).toString('base64url');
  const server = createServer((request, response) => {
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    answer(request, response).catch((error: unknown) => fail(response, error));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE' || error.code === 'EACCES';
      reject(
        taken ? new Mistake(`port ${port} can't be used: ${error.message}`, 'leave --port out for a free one') : error,
      );
    });
    server.listen(port, host, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  const hosts = [`${host}:${bound}`, `localhost:${bound}`];
  return {
    url: `http://${host}:${bound}/${token}/`,
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // Answers that are at their end are let through.
      await Promise.race([Promise.allSettled(calls), sleep(patience)]);
      server.closeAllConnections();
      await closed;
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', url = '' } = request;
    const refusal = refused(request);
    if (refusal !== undefined) return plain(response, 403, refusal);
    const [, given = '', ...rest] = url.split('?')[0]!.split('/');
    if (!same(given, token)) return plain(response, 404, 'there is nothing here');
    const path = rest.join('/');
    if (path.startsWith('api/')) {
      const handler = api[`${method} ${path.slice('api/'.length)}`];
      if (!handler) return plain(response, 404, 'there is nothing here');
      const answered = call(handler, request, response);
      calls.add(answered);
      return answered.finally(() => calls.delete(answered));
    }
    const asset = method === 'GET' ? await assetOf(path === '' ? `page/${page}.html` : path) : undefined;
    if (!asset) return plain(response, 404, 'there is nothing here');
    response.writeHead(200, { 'Content-Type': asset.type }).end(asset.body);
  }

  /** Why a request is none of our page's; undefined if it may be. */
  function refused({ method, headers: sent }: IncomingMessage): string | undefined {
    // Another name for this address is how other sites get around the rule of origins.
    if (!hosts.includes(sent.host ?? '')) return 'this server answers to its own address only';
    const { origin } = sent;
    if (origin !== undefined && origin !== `http://${sent.host}`) return 'other sites may not ask';
    if (method !== 'GET' && origin === undefined) return 'only the page may ask';
    const site = sent['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return 'other sites may not ask';
    return undefined;
  }
}

async function call(handler: Api[string], request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.on('close', () => gone.abort(new Error('the page no longer waits')));
  const json = request.method === 'GET' ? undefined : await bodyOf(request);
  const send = async (line: object) => {
    if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
    if (response.write(`${JSON.stringify(line)}\n`)) return;
    await once(response, 'drain', { signal: gone.signal }).catch(() => undefined); // a page that is gone takes no more
  };
  try {
    await handler({ json, signal: gone.signal, send });
    response.end();
  } catch (error) {
    if (gone.signal.aborted) return;
    if (!response.headersSent) throw error;
    void send({ kind: 'error', message: messageOf(error) });
    response.end();
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  if (!/^application\/json(?:;|$)/.test(request.headers['content-type'] ?? '')) {
    throw new Mistake('a question is JSON');
  }
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Read to its end all the same: who is still sending hears no answer.
    if (size <= maxBody) chunks.push(chunk);
  }
  if (size > maxBody) throw new Mistake('the question is too long');
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
  } catch {
    throw new Mistake('a question is JSON');
  }
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.destroyed) return;
  const status = error instanceof Mistake ? 400 : 500;
  const body = JSON.stringify({ kind: 'error', message: messageOf(error) });
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(`${body}\n`);
}

function plain(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(`${text}\n`);
}

/** Whether two texts are equal, in a time that does not tell how much of them is. */
function same(a: string, b: string): boolean {
  const [first, second] = [a, b].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(first!, second!);
}
