import { once } from 'node:events';
import http2, { type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { fromBytes, toBytes, type Message } from '../proto/message.ts';
import { frameOf, readFrames } from './frames.ts';
import { maxMessage, sessionMemory } from './limits.ts';
import type { Call, Calls, Service } from './service.ts';
import { failureOf, readTrailers, rpcFailed, type RpcStatus } from './status.ts';

export interface RpcClient extends AsyncDisposable {
  /** The calls of a service on this connection. What ends with a status that is not `ok` rejects with an `rpc` failure. */
  of<S extends Service>(service: S): Calls<S>;
}

export function openRpcClient(connection: Duplex): RpcClient {
  const session = http2.connect('http://localhost', {
    createConnection: () => connection,
    settings: { enablePush: false },
    maxSessionMemory: sessionMemory,
  });
  let broken: Error | undefined;
  session.on('error', (error: Error) => (broken = error));
  const whyBroken = () => broken;
  return {
    of: (service) => callsOf(service, session, whyBroken),
    async [Symbol.asyncDispose]() {
      if (session.destroyed) return;
      const closed = once(session, 'close');
      session.close();
      await closed;
    },
  };
}

function callsOf<S extends Service>(
  { name, methods }: S,
  session: ClientHttp2Session,
  whyBroken: () => Error | undefined,
): Calls<S> {
  const calls = Object.entries(methods).map(([key, method]) => {
    const { request, response } = method as unknown as { request: Message<object>; response: Message<unknown> };
    const start = (call: Partial<Call> = {}) => {
      call.signal?.throwIfAborted();
      const stream = session.request({
        ':method': 'POST',
        ':path': `/${name}/${method.name}`,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      return new Conversation(stream, response, { whyBroken, ...(call.signal && { signal: call.signal }) });
    };
    if (method.kind === 'unary') {
      const unary = async (value: object, call?: Partial<Call>) => {
        const conversation = start(call);
        conversation.stream.end(frameOf(toBytes(request, value)));
        const answers = await Array.fromAsync(conversation.answers());
        if (answers.length === 1) return answers[0];
        throw rpcFailed('internal', `${method.name} was answered with ${answers.length} messages`);
      };
      return [key, unary] as const;
    }
    const bidi = (values: AsyncIterable<object>, call?: Partial<Call>) => {
      const conversation = start(call);
      void conversation.send(values, request);
      return conversation.answers();
    };
    return [key, bidi] as const;
  });
  return Object.fromEntries(calls) as Calls<S>;
}

/** One call on its stream. */
class Conversation {
  readonly stream: ClientHttp2Stream;
  readonly #response: Message<unknown>;
  readonly #options: { readonly whyBroken: () => Error | undefined; readonly signal?: AbortSignal };
  #status: RpcStatus | undefined;
  #failed: unknown;

  constructor(
    stream: ClientHttp2Stream,
    response: Message<unknown>,
    options: { readonly whyBroken: () => Error | undefined; readonly signal?: AbortSignal },
  ) {
    this.stream = stream;
    this.#response = response;
    this.#options = options;
    const note = (headers: Parameters<typeof readTrailers>[0]) => (this.#status ??= readTrailers(headers));
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('error', (error) => (this.#failed ??= error));
    const { signal } = options;
    if (!signal) return;
    const abort = () => stream.close(http2.constants.NGHTTP2_CANCEL);
    signal.addEventListener('abort', abort, { once: true });
    stream.once('close', () => signal.removeEventListener('abort', abort));
  }

  /** Says what there is to say, then that this was all. */
  async send(values: AsyncIterable<object>, request: Message<object>): Promise<void> {
    try {
      for await (const value of values) {
        if (this.stream.destroyed) return;
        if (!this.stream.write(frameOf(toBytes(request, value)))) {
          await Promise.race([once(this.stream, 'drain'), once(this.stream, 'close')]);
        }
      }
      this.stream.end();
    } catch (error) {
      this.#failed ??= error;
      this.stream.close(http2.constants.NGHTTP2_CANCEL);
    }
  }

  async *answers(): AsyncGenerator<unknown> {
    const { signal, whyBroken } = this.#options;
    try {
      for await (const bytes of readFrames(this.stream, { limit: maxMessage })) yield fromBytes(this.#response, bytes);
    } catch (error) {
      this.#failed ??= error;
    }
    signal?.throwIfAborted();
    if (this.#status?.code === 0 && this.#failed === undefined) return;
    if (this.#status && this.#status.code !== 0) throw failureOf(this.#status);
    const cause = this.#failed ?? whyBroken();
    throw rpcFailed('unavailable', 'the connection ended before the call was answered', { cause });
  }
}
