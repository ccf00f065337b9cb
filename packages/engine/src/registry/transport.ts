// The home of undici: plain HTTP requests, one at a time, without redirects, retries or opinions on status codes.
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>;
  /** Don't check the server's certificate. */
  readonly insecure?: boolean;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  /** By lower-case name; the first value where there are several (all of them joined for `www-authenticate`). */
  readonly headers: Readonly<Record<string, string>>;
  /** Read it to the end, or `discard` it, so that its connection is free again. */
  readonly body: AsyncIterable<Uint8Array>;
  discard(): Promise<void>;
}

/** Sends requests over kept connections, by the proxies of HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
export class Transport implements AsyncDisposable {
  readonly #dispatchers = new Map<boolean, Promise<Dispatcher>>();

  async send(request: HttpRequest): Promise<HttpResponse> {
    request.signal.throwIfAborted();
    const dispatcher = await this.#dispatcher(request.insecure ?? false);
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

  #dispatcher(insecure: boolean): Promise<Dispatcher> {
    let dispatcher = this.#dispatchers.get(insecure);
    if (!dispatcher) this.#dispatchers.set(insecure, (dispatcher = openDispatcher(insecure)));
    return dispatcher;
  }
}

async function openDispatcher(insecure: boolean): Promise<Dispatcher> {
  const { Agent, EnvHttpProxyAgent } = await import('undici');
  const tls = { rejectUnauthorized: !insecure };
  const options = { connect: { timeout: 15_000, ...tls } };
  const proxied = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'https_proxy'].some((name) => process.env[name]);
  return proxied ? new EnvHttpProxyAgent({ ...options, requestTls: tls }) : new Agent(options);
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
    else if (value?.length) single[name] = name === 'www-authenticate' ? value.join(', ') : value[0]!;
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
