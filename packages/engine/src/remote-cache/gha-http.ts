import { patient, retryAfter, retrying, type RetryPolicy, type Try } from '../registry/retry.ts';
import { type HttpRequest, type HttpResponse, isBrokenConnection, type Transport } from '../registry/transport.ts';
import { collect } from '../std/collect.ts';
import { Failed } from '../std/failed.ts';
import type { RemoteCacheFailure } from './failure.ts';

export interface GhaRequest {
  readonly method: HttpRequest['method'];
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Statuses that the caller can work with beside 2xx; any other is thrown as `cache-refused`. */
  readonly accept?: readonly number[];
  readonly signal: AbortSignal;
}

/** Requests to GitHub's services and the storage behind them, tried again where that may help. */
export class GhaHttp {
  readonly #transport: Transport;
  readonly retry: RetryPolicy;

  constructor(transport: Transport, retry: RetryPolicy = patient) {
    this.#transport = transport;
    this.retry = retry;
  }

  /** The response, its body still to be read. */
  send({ accept = [], ...request }: GhaRequest): Promise<HttpResponse> {
    const attempt = async (): Promise<Try<HttpResponse>> => {
      let response: HttpResponse;
      try {
        response = await this.#transport.send(request);
      } catch (error) {
        if (request.signal.aborted) throw error;
        const failed = refused(request, error instanceof Error ? error.message : String(error), { cause: error });
        if (isBrokenConnection(error)) return { kind: 'again', error: failed };
        throw failed;
      }
      const { status } = response;
      if ((status >= 200 && status < 300) || accept.includes(status)) return { kind: 'done', value: response };
      const said = await readText(response).catch(() => '');
      const failed = refused(request, `${status}${said && ` ${said.slice(0, 300)}`}`, { status });
      if (status !== 429 && status < 500) throw failed;
      const after = retryAfter(response.headers['retry-after']);
      return { kind: 'again', error: failed, ...(after !== undefined && { after }) };
    };
    return retrying(attempt, { policy: this.retry, signal: request.signal });
  }

  /** Asks with JSON, and gives what the answer's JSON says; undefined for an empty one. */
  async ask(request: Omit<GhaRequest, 'body'> & { readonly json?: unknown }): Promise<Answer> {
    const { json, ...rest } = request;
    const headers = { ...request.headers, ...(json !== undefined && { 'content-type': 'application/json' }) };
    const body = json === undefined ? undefined : Buffer.from(JSON.stringify(json));
    const response = await this.send({ ...rest, headers, ...(body && { body }) });
    const text = await readText(response);
    if (text.trim() === '') return { status: response.status, said: undefined };
    try {
      return { status: response.status, said: JSON.parse(text) as Record<string, unknown> };
    } catch (cause) {
      throw refused(request, 'the answer is no JSON', { cause });
    }
  }
}

export interface Answer {
  readonly status: number;
  readonly said: Record<string, unknown> | undefined;
}

/** A refusal in words that hold nothing secret: addresses of the storage carry signatures. */
export function refused(
  { method, url }: Pick<GhaRequest, 'method' | 'url'>,
  why: string,
  { status, cause }: { readonly status?: number; readonly cause?: unknown } = {},
): Failed<RemoteCacheFailure> {
  const { origin, pathname } = new URL(url);
  const message = `${method} ${origin}${pathname}: ${why}`;
  return new Failed<RemoteCacheFailure>(
    { kind: 'cache-refused', message, ...(status !== undefined && { status }) },
    { cause },
  );
}

async function readText(response: HttpResponse): Promise<string> {
  const bytes = await collect(response.body, 1024 * 1024);
  return Buffer.from(bytes)
    .toString()
    .replace(/^\ufeff/, '');
}
