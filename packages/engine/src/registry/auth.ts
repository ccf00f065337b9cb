import { collect } from '../std/collect.ts';
import { Failed } from '../std/failed.ts';
import { parseChallenges, type Challenge } from './challenge.ts';
import type { RegistryFailure } from './failure.ts';
import { isLoopback, type RemoteEndpoint } from './hosts.ts';
import { retryAfter, retrying, type RetryPolicy, type Try } from './retry.ts';
import { isBrokenConnection, type HttpResponse, type Transport } from './transport.ts';

/** Who to be at a registry. */
export type Credentials =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  /** A refresh token, to be traded for bearer tokens. */
  | { readonly kind: 'token'; readonly identityToken: string };

/** `repository:library/busybox:pull`. */
export type Scope = string;

export interface AuthorizerOptions {
  readonly transport: Transport;
  readonly retry: RetryPolicy;
  /** Who to be at a host; undefined for nobody. */
  readonly credentials: (host: string) => Promise<Credentials | undefined>;
}

/** Gives requests to one registry their `Authorization`, and learns from its refusals how. */
export class Authorizer {
  readonly #endpoint: RemoteEndpoint;
  readonly #transport: Transport;
  readonly #retry: RetryPolicy;
  readonly #credentials: (host: string) => Promise<Credentials | undefined>;
  readonly #tokens = new Map<string, Promise<Token>>();
  #challenge: Challenge | undefined;

  constructor(endpoint: RemoteEndpoint, { transport, retry, credentials }: AuthorizerOptions) {
    this.#endpoint = endpoint;
    this.#transport = transport;
    this.#retry = retry;
    this.#credentials = credentials;
  }

  /** The header's value for a request in these scopes; undefined while the registry has not asked for any. */
  async authorization(scopes: readonly Scope[], signal: AbortSignal): Promise<string | undefined> {
    const challenge = this.#challenge;
    if (!challenge) return undefined;
    if (challenge.scheme === 'basic') return this.#basic();
    return `Bearer ${(await this.#token(challenge, scopes, signal)).value}`;
  }

  /** Takes in a 401. Returns whether another try may do better. */
  refused(response: HttpResponse, scopes: readonly Scope[], tries: number): boolean {
    const challenges = parseChallenges(response.headers['www-authenticate'] ?? '');
    const challenge =
      challenges.find(({ scheme, parameters }) => scheme === 'bearer' && parameters['realm']) ??
      challenges.find(({ scheme }) => scheme === 'basic') ??
      // Some say no more than that they refuse.
      this.#challenge;
    // The first refusal teaches how to ask; a second one may mean that a token ran out; a third one is meant.
    if (!challenge || tries > 2) return false;
    const known = this.#challenge !== undefined;
    this.#challenge = challenge;
    if (challenge.scheme === 'basic') return !known;
    this.#tokens.delete(keyOf(wanted(challenge, scopes)));
    return true;
  }

  async #basic(): Promise<string | undefined> {
    const who = await this.#account();
    return who?.kind === 'basic' ? basic(who) : undefined;
  }

  #account(): Promise<Credentials | undefined> {
    return this.#credentials(this.#endpoint.host);
  }

  async #token(challenge: Challenge, scopes: readonly Scope[], signal: AbortSignal): Promise<Token> {
    const asked = wanted(challenge, scopes);
    const key = keyOf(asked);
    const held = this.#tokens.get(key);
    if (held) {
      const token = await held.catch(() => undefined);
      if (token && token.expires > Date.now()) return token;
    }
    const fresh = this.#fetchToken(challenge, asked, signal);
    this.#tokens.set(key, fresh);
    fresh.catch(() => this.#tokens.get(key) === fresh && this.#tokens.delete(key));
    return fresh;
  }

  async #fetchToken(challenge: Challenge, scopes: readonly Scope[], signal: AbortSignal): Promise<Token> {
    const { host, trust } = this.#endpoint;
    const realm = this.#realm(challenge);
    const who = await this.#account();
    const service = challenge.parameters['service'];
    const fields = new URLSearchParams([
      ...(service === undefined ? [] : [['service', service] as [string, string]]),
      ...scopes.map((scope) => ['scope', scope] as [string, string]),
    ]);
    const send = () =>
      this.#transport.send(
        who?.kind === 'token'
          ? {
              method: 'POST',
              url: realm.href,
              headers: { 'content-type': 'application/x-www-form-urlencoded' },
              // OAuth2 wants one scope field with spaces between.
              body: Buffer.from(
                new URLSearchParams({
                  grant_type: 'refresh_token',
                  refresh_token: who.identityToken,
                  client_id: 'monokit',
                  scope: scopes.join(' '),
                  ...(service !== undefined && { service }),
                }).toString(),
              ),
              trust,
              signal,
            }
          : {
              method: 'GET',
              url: withFields(realm, fields),
              headers: who ? { authorization: basic(who) } : {},
              trust,
              signal,
            },
      );
    const attempt = async (): Promise<Try<HttpResponse>> => {
      let response: HttpResponse;
      try {
        response = await send();
      } catch (cause) {
        if (signal.aborted) throw signal.reason;
        const message = `the token service ${realm.host} of registry ${host} can't be reached`;
        const error = new Failed<RegistryFailure>(
          { kind: 'registry-unreachable', host: realm.host, message },
          { cause },
        );
        if (isBrokenConnection(cause)) return { kind: 'again', error };
        throw error;
      }
      const { status } = response;
      if (status === 200) return { kind: 'done', value: response };
      await response.discard();
      if (status === 429 || status >= 500) {
        const message = `the token service of registry ${host} answered ${status}`;
        const error = new Failed<RegistryFailure>({ kind: 'registry-error', host, status, codes: [], message });
        const after = retryAfter(response.headers['retry-after']);
        return { kind: 'again', error, ...(after !== undefined && { after }) };
      }
      const message = `the token service of registry ${host} answered ${status}${who ? ': the credentials for it are not accepted' : ''}`;
      throw new Failed<RegistryFailure>({ kind: 'registry-denied', host, status, message });
    };
    const response = await retrying(attempt, { policy: this.#retry, signal });
    return readToken(await collect(response.body, 1 << 20), host);
  }

  /** Credentials go to where the challenge says, but never over a plain connection that the registry itself isn't. */
  #realm(challenge: Challenge): URL {
    const { host, url } = this.#endpoint;
    const realm = challenge.parameters['realm']!;
    const parsed = URL.canParse(realm) ? new URL(realm) : undefined;
    const plainAllowed = url.startsWith('http:') || (parsed && isLoopback(parsed.host));
    if (!parsed || !(parsed.protocol === 'https:' || (parsed.protocol === 'http:' && plainAllowed))) {
      throw new Failed<RegistryFailure>({
        kind: 'registry-content',
        host,
        message: `registry ${host} sends clients to a token service that is no https URL`,
      });
    }
    return parsed;
  }
}

interface Token {
  readonly value: string;
  /** Milliseconds since the epoch, with a margin. */
  readonly expires: number;
}

function readToken(bytes: Uint8Array, host: string): Token {
  let answer: { token?: unknown; access_token?: unknown; expires_in?: unknown } | null;
  try {
    answer = JSON.parse(Buffer.from(bytes).toString()) as typeof answer;
  } catch {
    answer = null;
  }
  const value = answer?.token || answer?.access_token;
  if (typeof value !== 'string' || /[^\x21-\x7e]/.test(value)) {
    throw new Failed<RegistryFailure>({
      kind: 'registry-content',
      host,
      message: `the token service of registry ${host} answered without a token`,
    });
  }
  const seconds = typeof answer?.expires_in === 'number' && answer.expires_in > 0 ? answer.expires_in : 60;
  return { value, expires: Date.now() + seconds * 900 };
}

/** The scopes to ask for: ours; for a request that has none, what the registry named. */
function wanted(challenge: Challenge, scopes: readonly Scope[]): readonly Scope[] {
  const named = (challenge.parameters['scope'] ?? '').split(' ').filter(Boolean);
  return scopes.length ? [...new Set(scopes)].sort() : named.sort();
}

function keyOf(scopes: readonly Scope[]): string {
  return scopes.join(' ');
}

function withFields(realm: URL, fields: URLSearchParams): string {
  const url = new URL(realm);
  for (const [name, value] of fields) url.searchParams.append(name, value);
  return url.href;
}

function basic(who: Extract<Credentials, { kind: 'basic' }>): string {
  return `Basic ${Buffer.from(`${who.username}:${who.password}`).toString('base64')}`;
}
