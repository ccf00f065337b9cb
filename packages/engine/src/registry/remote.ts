import { collect } from '../std/collect.ts';
import { Failed } from '../std/failed.ts';
import { Authorizer, type Credentials, type Scope } from './auth.ts';
import type { RegistryFailure } from './failure.ts';
import type { RemoteEndpoint } from './hosts.ts';
import { retryAfter, retrying, type RetryPolicy, type Try } from './retry.ts';
import { codeOf, isBrokenConnection, type HttpRequest, type HttpResponse, type Transport } from './transport.ts';

export interface RemoteRequest {
  readonly method: HttpRequest['method'];
  /** Below the endpoint's base (`library/busybox/tags/list`), or a whole URL that the registry gave. */
  readonly to: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Called for each try. */
  readonly body?: () => Uint8Array | AsyncIterable<Uint8Array>;
  readonly scopes: readonly Scope[];
  /** Statuses that the caller can work with; any other is thrown as a failure. */
  readonly accept: readonly number[];
  readonly signal: AbortSignal;
}

/** One registry (or mirror) over HTTP: authorizes, follows redirects, tries again, and turns refusals into failures. */
export class Remote {
  readonly endpoint: RemoteEndpoint;
  readonly #transport: Transport;
  readonly #retry: RetryPolicy;
  readonly #authorizer: Authorizer;
  #base: Promise<string> | undefined;

  constructor(
    endpoint: RemoteEndpoint,
    options: {
      readonly transport: Transport;
      readonly retry: RetryPolicy;
      readonly credentials: (host: string) => Promise<Credentials | undefined>;
    },
  ) {
    this.endpoint = endpoint;
    this.#transport = options.transport;
    this.#retry = options.retry;
    this.#authorizer = new Authorizer(endpoint, options);
  }

  /** The response, with one of the accepted statuses and its body still to be read. */
  async request(request: RemoteRequest): Promise<HttpResponse> {
    const base = await this.#reach(request.signal);
    return retrying((n) => this.#try(request, base, n), { policy: this.#retry, signal: request.signal });
  }

  /** Waits as between tries; for callers that go on where a body broke off. */
  get retry(): RetryPolicy {
    return this.#retry;
  }

  /** The whole URL of a `Location`, which may be relative to the registry. */
  async locate(location: string, signal: AbortSignal): Promise<string> {
    const base = await this.#reach(signal);
    if (!URL.canParse(location, base)) throw this.lies('an upload location that is no URL');
    return new URL(location, base).href;
  }

  async #try(request: RemoteRequest, base: string, n: number): Promise<Try<HttpResponse>> {
    const { scopes, signal } = request;
    for (let tries = 1; ; tries++) {
      const authorization = await this.#authorizer.authorization(scopes, signal);
      let answer: { response: HttpResponse; own: boolean };
      try {
        answer = await this.#follow(request, base, authorization);
      } catch (error) {
        if (signal.aborted || error instanceof Failed) throw error;
        const failed = this.#unreachable(error);
        if (isBrokenConnection(error)) return { kind: 'again', error: failed };
        throw failed;
      }
      const { response, own } = answer;
      if (request.accept.includes(response.status)) return { kind: 'done', value: response };
      if (response.status === 401 && own && this.#authorizer.refused(response, scopes, tries)) {
        await response.discard();
        continue;
      }
      const failed = await this.#failure(response, request, n);
      if (response.status !== 429 && response.status < 500) throw failed;
      const after = retryAfter(response.headers['retry-after']);
      return { kind: 'again', error: failed, ...(after !== undefined && { after }) };
    }
  }

  /** Follows redirects; what authorizes us goes to the registry alone. */
  async #follow(
    request: RemoteRequest,
    base: string,
    authorization: string | undefined,
  ): Promise<{ response: HttpResponse; own: boolean }> {
    const home = new URL(base).origin;
    let url = this.#url(request, base);
    for (let hops = 0; ; hops++) {
      const own = new URL(url).origin === home;
      const response = await this.#transport.send({
        method: request.method,
        url,
        headers: { ...request.headers, ...(own && authorization !== undefined && { authorization }) },
        ...(request.body && { body: request.body() }),
        insecure: this.endpoint.insecure && own,
        signal: request.signal,
      });
      const { location } = response.headers;
      if (![301, 302, 303, 307, 308].includes(response.status) || location === undefined) return { response, own };
      await response.discard();
      const next = URL.canParse(location, url) ? new URL(location, url) : undefined;
      if (hops === 10 || !next || !/^https?:$/.test(next.protocol)) throw this.lies('a redirect that leads nowhere');
      url = next.href;
    }
  }

  #url({ to, method }: RemoteRequest, base: string): string {
    const url = new URL(/^https?:\/\//.test(to) ? to : `${base}/${to}`);
    const { mirrorOf } = this.endpoint;
    if (mirrorOf !== undefined && (method === 'GET' || method === 'HEAD')) url.searchParams.set('ns', mirrorOf);
    return url.href;
  }

  /** An insecure registry may have no TLS at all. */
  #reach(signal: AbortSignal): Promise<string> {
    const { url, insecure } = this.endpoint;
    if (!insecure || url.startsWith('http:')) return Promise.resolve(url);
    return (this.#base ??= this.#probe(url, signal));
  }

  async #probe(url: string, signal: AbortSignal): Promise<string> {
    try {
      await (await this.#transport.send({ method: 'GET', url: `${url}/`, insecure: true, signal })).discard();
      return url;
    } catch (error) {
      this.#base = undefined;
      if (signal.aborted) throw error;
      return url.replace('https:', 'http:');
    }
  }

  async #failure(response: HttpResponse, request: RemoteRequest, tries: number): Promise<Failed<RegistryFailure>> {
    const { host } = this.endpoint;
    const { status } = response;
    const codes = await errorCodes(response);
    const said = codes.length ? ` (${codes.join(', ')})` : '';
    if (status === 401 || status === 403) {
      const message = `registry ${host} refuses ${deed(request)}: ${status}${said}; \`docker login ${host}\` tells it who you are`;
      return new Failed<RegistryFailure>({ kind: 'registry-denied', host, status, message });
    }
    const after = tries > 1 ? ` after ${tries} tries` : '';
    const message = `registry ${host} answered ${deed(request)} with ${status}${said}${after}`;
    return new Failed<RegistryFailure>({ kind: 'registry-error', host, status, codes, message });
  }

  #unreachable(cause: unknown): Failed<RegistryFailure> {
    const { host } = this.endpoint;
    const message = `registry ${host} can't be reached: ${reason(cause)}`;
    return new Failed<RegistryFailure>({ kind: 'registry-unreachable', host, message }, { cause });
  }

  /** The failure of a registry that breaks the protocol: it answered with `what`. */
  lies(what: string): Failed<RegistryFailure> {
    const { host } = this.endpoint;
    return new Failed<RegistryFailure>({
      kind: 'registry-content',
      host,
      message: `registry ${host} answered with ${what}`,
    });
  }
}

/** Why no connection came to be, for people. */
export function reason(error: unknown): string {
  const code = codeOf(error);
  const reasons: Record<string, string> = {
    ENOTFOUND: 'its name is not known',
    EAI_AGAIN: 'its name can not be looked up',
    ECONNREFUSED: 'connection refused',
    ECONNRESET: 'connection broken off',
    UND_ERR_SOCKET: 'connection broken off',
    EPIPE: 'connection broken off',
    UND_ERR_CONNECT_TIMEOUT: 'no answer',
    UND_ERR_HEADERS_TIMEOUT: 'no answer',
    UND_ERR_BODY_TIMEOUT: 'it stopped sending',
    ETIMEDOUT: 'no answer',
  };
  if (reasons[code]) return reasons[code];
  if (/CERT|ISSUER/.test(code))
    return `its certificate is not trusted (${code}); NODE_EXTRA_CA_CERTS names a file of more authorities`;
  if (code.startsWith('ERR_SSL_'))
    return `it does not speak TLS (${code}); for plain HTTP configure the registry with http`;
  return code || (error instanceof Error ? error.message : String(error));
}

/** What was asked, without query strings (they may hold signatures). */
function deed({ method, to }: RemoteRequest): string {
  return `${method} ${/^https?:/.test(to) ? new URL(to).pathname : to.replace(/\?.*$/, '')}`;
}

/** The registry's own error codes, as far as they look like codes. */
async function errorCodes(response: HttpResponse): Promise<readonly string[]> {
  try {
    const answer = JSON.parse(Buffer.from(await collect(response.body, 64 * 1024)).toString()) as {
      errors?: unknown;
    } | null;
    const errors = Array.isArray(answer?.errors) ? (answer.errors as ({ code?: unknown } | null)[]) : [];
    return errors
      .map((error) => error?.code)
      .filter((code) => typeof code === 'string' && /^[A-Z_]{1,40}$/.test(code)) as string[];
  } catch {
    // Many answer with a page or with nothing; the status says enough.
    return [];
  }
}
