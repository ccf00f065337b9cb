import { collect } from '../std/collect.ts';
import { Failed } from '../std/failed.ts';
import { Authorizer, type AuthorizerOptions, type Scope } from './auth.ts';
import type { RegistryFailure } from './failure.ts';
import type { RemoteEndpoint } from './hosts.ts';
import { longestPause, retryAfter, retrying, wait, type RetryPolicy, type Try } from './retry.ts';
import { codeOf, isBrokenConnection, type HttpRequest, type HttpResponse, type Transport } from './transport.ts';

/** What a registry wants its users to know. */
export interface RegistryWarning {
  readonly host: string;
  readonly text: string;
}

export interface RemoteRequest {
  readonly method: HttpRequest['method'];
  /** Below the endpoint's base (`library/busybox/tags/list`), or a whole URL that the registry gave. */
  readonly to: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Called for each try. */
  readonly body?: () => Uint8Array | AsyncIterable<Uint8Array>;
  readonly scopes: readonly Scope[];
  /** Statuses that the caller can work with; any other is a failure. */
  readonly accept: readonly number[];
  readonly signal: AbortSignal;
}

/** One registry (or mirror) over HTTP: authorizes, follows redirects, tries again, and turns refusals into failures. */
export class Remote {
  readonly endpoint: RemoteEndpoint;
  readonly #transport: Transport;
  readonly #retry: RetryPolicy;
  readonly #authorizer: Authorizer;
  readonly #onWarning: (text: string) => void;
  readonly #warned = new Set<string>();
  #base: Promise<string> | undefined;
  /** Before this moment (milliseconds since the epoch) the registry wants to be left alone. */
  #quietUntil = 0;

  constructor(
    endpoint: RemoteEndpoint,
    options: AuthorizerOptions & {
      /** Told each warning that the registry sends along, once. */
      readonly onWarning?: (warning: RegistryWarning) => void;
    },
  ) {
    this.endpoint = endpoint;
    this.#transport = options.transport;
    this.#retry = options.retry;
    this.#authorizer = new Authorizer(endpoint, options);
    this.#onWarning = (text) => options.onWarning?.({ host: endpoint.host, text });
  }

  /** The response, with one of the accepted statuses and its body still to be read. */
  async request(request: RemoteRequest): Promise<HttpResponse> {
    return retrying((n) => this.attempt(request, n), { policy: this.#retry, signal: request.signal });
  }

  /** One try of it, the `n`th, for callers that have to prepare the next one. */
  async attempt(request: RemoteRequest, n = 1): Promise<Try<HttpResponse>> {
    const base = await this.#reach(request.signal);
    const quiet = this.#quietUntil - Date.now();
    if (n === 1 && quiet > 0) await (this.#retry.wait ?? wait)(quiet, request.signal);
    const outcome = await this.#try(request, base, n);
    if (outcome.kind === 'again' && outcome.after !== undefined) this.#quiet(outcome.after);
    return outcome;
  }

  /** One refused request speaks for all that are still to come. */
  #quiet(milliseconds: number): void {
    if (milliseconds <= longestPause) this.#quietUntil = Math.max(this.#quietUntil, Date.now() + milliseconds);
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
    const { trust } = this.endpoint;
    let url = this.#url(request, base);
    for (let hops = 0; ; hops++) {
      const own = new URL(url).origin === home;
      const response = await this.#transport.send({
        method: request.method,
        url,
        headers: { ...request.headers, ...(own && authorization !== undefined && { authorization }) },
        ...(request.body && { body: request.body() }),
        trust: { ca: trust.ca, insecure: trust.insecure && own },
        signal: request.signal,
      });
      if (own) this.#listen(response);
      const { location } = response.headers;
      if (![301, 302, 303, 307, 308].includes(response.status) || location === undefined) return { response, own };
      await response.discard();
      const next = URL.canParse(location, url) ? new URL(location, url) : undefined;
      if (hops === 10 || !next || !/^https?:$/.test(next.protocol)) throw this.lies('a redirect that leads nowhere');
      url = next.href;
    }
  }

  /** Takes in the `Warning` headers of a registry: `299 - "text"`; other codes and agents are none of its own. */
  #listen({ headers }: HttpResponse): void {
    for (const [, quoted] of (headers['warning'] ?? '').matchAll(/(?:^|,)\s*299 - "((?:[^"\\]|\\.)*)"/g)) {
      // Shown to people, so nothing that steers a terminal.
      const text = quoted!
        .replace(/\\(.)/g, '$1')
        .replace(/[^\x20-\x7e\u00a0-\uffff]/g, ' ')
        .slice(0, 4096);
      if (this.#warned.has(text) || this.#warned.size === 100) continue;
      this.#warned.add(text);
      this.#onWarning(text);
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
    const { url, trust } = this.endpoint;
    if (!trust.insecure || url.startsWith('http:')) return Promise.resolve(url);
    return (this.#base ??= this.#probe(url, signal));
  }

  async #probe(url: string, signal: AbortSignal): Promise<string> {
    try {
      await (
        await this.#transport.send({ method: 'GET', url: `${url}/`, trust: this.endpoint.trust, signal })
      ).discard();
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
    const pause = retryAfter(response.headers['retry-after']) ?? 0;
    const asked = pause > longestPause ? `; it asks to be left alone for ${Math.ceil(pause / 1000)} seconds` : '';
    const message = `registry ${host} answered ${deed(request)} with ${status}${said}${after}${asked}`;
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
    EAI_AGAIN: 'its name cannot be looked up',
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
  if (/CERT|ISSUER|SIGNATURE/.test(code))
    return `its certificate is not trusted (${code}); \`ca\` of the registry in the config names a file of its authority`;
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
