// gRPC over HTTP/2 on any connection: https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md

import { once } from 'node:events';
import http2, { type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Duplex } from 'node:stream';
import { fromBytes, toBytes, type Message } from '../proto/message.ts';
import { frameOf, readFrames } from './frames.ts';
import { maxMessage, sessionMemory } from './limits.ts';
import type { Call, Handlers, Method, Service } from './service.ts';
import { rpcFailed, statusOf, trailersOf } from './status.ts';

/** A service with what answers for it. */
export interface Served {
  readonly service: Service;
  readonly handlers: Readonly<Record<string, unknown>>;
}

export function served<S extends Service>(service: S, handlers: Handlers<S>): Served {
  return { service, handlers };
}

export interface RpcConnection extends AsyncDisposable {
  /** Resolves when the connection is over and no call runs any more. */
  readonly closed: Promise<void>;
}

type Answer = (stream: ServerHttp2Stream, call: Call) => Promise<void>;

/** Answers calls on a connection until it ends or is disposed, which aborts calls that still run. */
export function serveRpc(connection: Duplex, services: readonly Served[]): RpcConnection {
  const answers = new Map<string, Answer>();
  for (const { service, handlers } of services) {
    for (const [key, method] of Object.entries(service.methods)) {
      answers.set(`/${service.name}/${method.name}`, answerOf(method, handlers[key]));
    }
  }
  const session = http2.performServerHandshake(connection, {
    settings: { maxConcurrentStreams: 1000 },
    maxSessionMemory: sessionMemory,
  });
  const running = new Set<Promise<void>>();
  session.on('stream', (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => {
    const work = answerStream(stream, answers.get(headers[':path'] ?? ''), headers);
    running.add(work);
    void work.finally(() => running.delete(work));
  });
  session.on('error', () => session.destroy()); // the other side is no HTTP/2, or gone: `closed` tells
  const closed = new Promise<void>((resolve) => {
    session.once('close', () => resolve());
  }).then(async () => {
    connection.destroy();
    while (running.size > 0) await Promise.all(running);
  });
  return {
    closed,
    async [Symbol.asyncDispose]() {
      session.destroy();
      // Nobody may read what is still to be written: without this the session would wait for that.
      connection.destroy();
      await closed;
    },
  };
}

/** Runs one call and ends its stream with a status, whatever happens. Never rejects. */
async function answerStream(
  stream: ServerHttp2Stream,
  answer: Answer | undefined,
  headers: IncomingHttpHeaders,
): Promise<void> {
  const gone = new AbortController();
  const giveUp = () => gone.abort(rpcFailed('cancelled', 'the caller gave the call up'));
  stream.once('aborted', giveUp);
  stream.once('close', giveUp);
  stream.on('error', giveUp);
  let status = { code: 0, message: '', details: [] } as ReturnType<typeof statusOf>;
  stream.on('wantTrailers', () => stream.sendTrailers(trailersOf(status)));
  try {
    if (!answer) throw rpcFailed('unimplemented', `there is no method ${headers[':path']}`);
    await answer(stream, { signal: gone.signal });
  } catch (error) {
    status = statusOf(error);
  }
  if (stream.destroyed) return;
  respond(stream);
  stream.end();
  stream.resume();
}

function answerOf(method: Method, handler: unknown): Answer {
  const { request, response } = method as unknown as Record<'request' | 'response', Message<unknown>>;
  const requests = async function* (stream: ServerHttp2Stream) {
    // What is left unread must not end the stream: its status is still to be sent.
    const body = stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
    for await (const bytes of readFrames(body, { limit: maxMessage })) yield fromBytes(request, bytes);
  };
  const send = async (stream: ServerHttp2Stream, value: object) => {
    const bytes = toBytes(response, value);
    if (bytes.length > maxMessage) {
      throw rpcFailed(
        'resource-exhausted',
        `trying to send message larger than max (${bytes.length} vs. ${maxMessage})`,
      );
    }
    respond(stream);
    if (!stream.destroyed && !stream.write(frameOf(bytes))) {
      await Promise.race([once(stream, 'drain'), once(stream, 'close')]);
    }
  };
  if (method.kind === 'bidi') {
    const handle = handler as (requests: AsyncIterable<unknown>, call: Call) => AsyncIterable<object>;
    return async (stream, call) => {
      // The caller may wait for it before it says anything.
      respond(stream);
      for await (const value of handle(requests(stream), call)) await send(stream, value);
    };
  }
  const handle = handler as (request: unknown, call: Call) => Promise<object>;
  return async (stream, call) => {
    const all = requests(stream);
    const first = await all.next();
    if (first.done) throw rpcFailed('internal', 'a call without a message');
    await send(stream, await handle(first.value, call));
  };
}

function respond(stream: ServerHttp2Stream): void {
  if (stream.headersSent || stream.destroyed) return;
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
}
