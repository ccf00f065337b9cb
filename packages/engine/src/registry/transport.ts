// The home of undici: plain HTTP requests, one at a time, without redirects, retries or opinions on status codes.

import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { isLoopback } from './hosts.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
  /** Whose certificates count; those of the system's authorities without it. */
  readonly trust?: Trust;
  readonly signal: AbortSignal;
}

/** Whose certificates count beyond those of the system's authorities. */
export interface Trust {
  /** Everybody's. */
  readonly insecure: boolean;
  /** Those of the authorities in these PEM files (absolute paths). */
  readonly ca: readonly string[];
}

export interface HttpResponse {
  readonly status: number;
  /** By lower-case name; the first value where there are several (all of them joined for `www-authenticate` and `warning`). */
  readonly headers: Readonly<Record<string, string>>;
  /** Read it to the end, or `discard` it, so that its connection is free again. */
  readonly body: AsyncIterable<Uint8Array>;
  discard(): Promise<void>;
}

/** Sends requests over kept connections, by the proxies of HTTP_PROXY, HTTPS_PROXY and NO_PROXY; to loopback by none. */
export class Transport implements AsyncDisposable {
  readonly #dispatchers = new Map<string, Promise<Dispatcher>>();

  async send(request: HttpRequest): Promise<HttpResponse> {
    request.signal.throwIfAborted();
    const proxied = !isLoopback(new URL(request.url).host) && proxies.some((name) => process.env[name]);
    const dispatcher = await this.#dispatcher(request.trust ?? { insecure: false, ca: [] }, proxied);
    const { body } = request;
    const response = await dispatcher
      .request({
        ...originAndPath(request.url),
        method: request.method,
        headers: { 'user-agent': 'monokit', ...request.headers },
        body:
          body === undefined || body instanceof Uint8Array
            ? (body ?? null)
            : Readable.from(body, { objectMode: false }),
        signal: request.signal,
        headersTimeout: 60_000,
        bodyTimeout: 120_000,
      })
      .catch((error: unknown) => {
        throw request.signal.aborted ? request.signal.reason : error;
      });
    return {
      status: response.statusCode,
      headers: singleValues(response.headers),
      body: bodyOf(response.body, request.signal),
      discard: async () => void (await response.body.dump({ limit: 128 * 1024, signal: request.signal })),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const dispatchers = await Promise.all(this.#dispatchers.values());
    this.#dispatchers.clear();
    await Promise.all(dispatchers.map((dispatcher) => dispatcher.destroy()));
  }

  #dispatcher(trust: Trust, proxied: boolean): Promise<Dispatcher> {
    const key = [proxied ? 'proxied' : 'direct', ...(trust.insecure ? ['insecure'] : trust.ca)].join('\n');
    let dispatcher = this.#dispatchers.get(key);
    if (!dispatcher) {
      this.#dispatchers.set(key, (dispatcher = openDispatcher(trust, proxied)));
      // A file that was missing may be there next time.
      dispatcher.catch(() => this.#dispatchers.delete(key));
    }
    return dispatcher;
  }
}

const proxies = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy'];

async function openDispatcher({ insecure, ca }: Trust, proxied: boolean): Promise<Dispatcher> {
  const { Agent, EnvHttpProxyAgent } = await import('undici');
  const tls = { rejectUnauthorized: !insecure, ...(!insecure && ca.length && { ca: await authorities(ca) }) };
  const options = { connect: { timeout: 15_000, ...tls } };
  return proxied ? new EnvHttpProxyAgent({ ...options, requestTls: tls }) : new Agent(options);
}

/** The system's authorities and those of these files. */
async function authorities(files: readonly string[]): Promise<string[]> {
  const { getCACertificates } = await import('node:tls');
  const more = await Promise.all(files.map(authority));
  return [...getCACertificates('default'), ...more];
}

async function authority(file: string): Promise<string> {
  const pem = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`${file}, named as ca, can't be read (${codeOf(cause)})`, { cause: String(cause) });
  });
  if (pem.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw new Error(`${file}, named as ca, has no certificate in PEM form`);
}

function originAndPath(url: string): { origin: string; path: string } {
  const { origin, pathname, search } = new URL(url);
  return { origin, path: `${pathname}${search}` };
}

async function* bodyOf(body: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
}

function singleValues(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const single: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') single[name] = value;
    else if (value?.length)
      single[name] = ['www-authenticate', 'warning'].includes(name) ? value.join(', ') : value[0]!;
  }
  return single;
}

const broken = new Set([
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_ABORTED',
]);

/** Whether a connection that stood broke (so that trying again may help), as against one that never came to be. */
export function isBrokenConnection(error: unknown): boolean {
  return broken.has(codeOf(error));
}

/** The system's or undici's code of a failed request, '' if it has none. */
export function codeOf(error: unknown): string {
  for (let e = error; e instanceof Error; e = e.cause) {
    if ('code' in e && typeof e.code === 'string') return e.code;
    if (e instanceof AggregateError && e.errors.length) return codeOf(e.errors[0]);
  }
  return '';
}
