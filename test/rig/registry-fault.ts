import type { IncomingMessage, ServerResponse } from 'node:http';
import { answered, head, receive, refusal, type Answer, type Received } from './registry-answer.ts';

/** What goes wrong. Bytes are counted in the body. */
export type Wrong =
  /** The connection ends after so many bytes of the answer; without `after`, before it begins. */
  | { readonly kind: 'break-off'; readonly after?: number }
  /** The connection ends after so many bytes of an upload, which the registry keeps. */
  | { readonly kind: 'break-upload'; readonly after: number }
  /** Nothing more after so many bytes (none at all without it), until the test says `release()`. */
  | { readonly kind: 'hold'; readonly after?: number }
  | { readonly kind: 'status'; readonly status: number; readonly headers?: Record<string, string>; code?: string }
  /** Other bytes, as many, and the digest of others in the header. */
  | { readonly kind: 'wrong-digest' }
  /** So many bytes too many, or (negative) too few. */
  | { readonly kind: 'wrong-size'; readonly by: number };

export type FaultSpec = Wrong & {
  /** Which requests: `GET /v2/team/app/blobs/sha256:…`. */
  readonly on: RegExp;
  /** How many of them; one without it. */
  readonly times?: number;
};

/** A fault that a test ordered. */
export class Fault {
  /** How often it happened so far. */
  hits = 0;
  /** Resolves when a held request has come to where it is held. */
  readonly reached: Promise<void>;
  readonly #spec: FaultSpec;
  readonly #reach: () => void;
  #ended = false;
  readonly #released = Promise.withResolvers<void>();

  constructor(spec: FaultSpec) {
    this.#spec = spec;
    ({ promise: this.reached, resolve: this.#reach } = Promise.withResolvers<void>());
  }

  /** Lets go what is held, now and later. */
  release(): void {
    this.#released.resolve();
  }

  /** Breaks nothing more. */
  end(): void {
    this.#ended = true;
    this.release();
  }

  /** Whether this request is to be broken; counts it. */
  takes(asked: string): boolean {
    if (this.#ended || this.hits >= (this.#spec.times ?? 1) || !this.#spec.on.test(asked)) return false;
    this.hits++;
    return true;
  }

  /** Answers in its way; `answer` is what an honest registry would say, having read that body. */
  async serve(
    request: IncomingMessage,
    response: ServerResponse,
    answer: (received: Promise<Received>) => Promise<Answer>,
  ): Promise<void> {
    const spec = this.#spec;
    if (spec.kind === 'break-upload') {
      await answer(firstBytes(request, spec.after));
      request.socket.destroy();
      return;
    }
    const received = receive(request);
    await received;
    if (spec.kind === 'status') {
      const refused = refusal(spec.status, spec.code ?? 'TESTREFUSES');
      return answered(request, response, { ...refused, headers: { ...refused.headers, ...spec.headers } });
    }
    if ((spec.kind === 'break-off' || spec.kind === 'hold') && spec.after === undefined) {
      if (spec.kind === 'break-off') return void request.socket.destroy();
      await this.#held();
      return answered(request, response, await answer(received));
    }
    const honest = await answer(received);
    switch (spec.kind) {
      case 'wrong-digest':
        return answered(request, response, otherBytes(honest));
      case 'wrong-size':
        return answered(request, response, { ...honest, body: resized(honest.body ?? Buffer.alloc(0), spec.by) });
      case 'break-off':
      case 'hold': {
        head(response, honest);
        const [first, rest] = [honest.body?.subarray(0, spec.after), honest.body?.subarray(spec.after!)];
        await new Promise<void>((resolve) => response.write(first ?? '', () => resolve()));
        if (spec.kind === 'break-off') return void request.socket.destroy();
        await this.#held();
        response.end(rest);
      }
    }
  }

  #held(): Promise<void> {
    this.#reach();
    return this.#released.promise;
  }
}

async function firstBytes(request: IncomingMessage, count: number): Promise<Received> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request.iterator({ destroyOnReturn: false })) {
    pieces.push(piece as Buffer);
    if ((length += (piece as Buffer).length) >= count) break;
  }
  return { bytes: Buffer.concat(pieces).subarray(0, count), whole: false };
}

function otherBytes({ status, headers, body }: Answer): Answer {
  const other = Buffer.from(body ?? '');
  if (other.length) other[other.length - 1]! ^= 1;
  const told = headers?.['docker-content-digest'];
  const digest = told?.replace(/[0-9a-f]$/, (last) => (last === '0' ? '1' : '0'));
  return { status, headers: { ...headers, ...(digest && { 'docker-content-digest': digest }) }, body: other };
}

function resized(body: Uint8Array, by: number): Buffer {
  return Buffer.concat([body, Buffer.alloc(Math.max(0, by), '+')]).subarray(0, Math.max(0, body.length + by));
}
