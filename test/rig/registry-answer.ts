import type { IncomingMessage, ServerResponse } from 'node:http';

/** What a test registry says to a request, as a value, so that a fault can change it. */
export interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
}

/** The body of a request, or what of it came before its connection broke. */
export interface Received {
  readonly bytes: Buffer;
  readonly whole: boolean;
}

export async function receive(request: IncomingMessage): Promise<Received> {
  return { bytes: Buffer.concat(await request.toArray()), whole: true };
}

/** An error in the protocol's form. */
export function refusal(status: number, code: string): Answer {
  const body = Buffer.from(JSON.stringify({ errors: [{ code, message: 'no' }] }));
  return { status, headers: { 'content-type': 'application/json' }, body };
}

/** Sends it; resolves when it is on its way. `HEAD` gets the headers alone. */
export async function answered(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
  head(response, answer);
  const body = request.method === 'HEAD' ? undefined : answer.body;
  await new Promise<void>((resolve) => response.end(body, resolve));
}

/** Sends the headers, which promise the whole body. */
export function head(response: ServerResponse, { status, headers, body }: Answer): void {
  response.writeHead(status, { ...headers, ...(status !== 204 && { 'content-length': body?.length ?? 0 }) });
}
