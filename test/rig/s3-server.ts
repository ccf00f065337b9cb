import { createHash, createHmac } from 'node:crypto';
import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import S3rver from 's3rver';
import { makeTempFolder } from '../../packages/engine/src/std/temp.ts';

/** Whom it lets in; s3rver knows no others. */
const account = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };

/**
 * An S3-compatible server on loopback with one bucket: s3rver, behind a door that checks each request's signature
 * (version 4, which s3rver takes for granted) and hash, and keeps a log.
 */
export class S3Server implements AsyncDisposable {
  readonly bucket = 'caches';
  /** Everything that was asked: `PUT /caches/blobs/sha256%3A…`. */
  readonly log: string[] = [];
  /** Answers these with a status, while it is set. */
  refuse: { readonly on: RegExp; readonly status: number } | undefined;
  /** Sends other bytes, as many, in place of these, while it is set. */
  corrupt: RegExp | undefined;
  readonly #folder = makeTempFolder({ prefix: 's3-server-' });
  readonly #store = new S3rver({
    address: '127.0.0.1',
    port: 0,
    silent: true,
    directory: this.#folder.path,
    configureBuckets: [{ name: this.bucket }],
  });
  readonly #door = createServer((request, response) => void this.#answer(request, response));
  #inside = 0;

  static async open(): Promise<S3Server> {
    const server = new S3Server();
    server.#inside = (await server.#store.run()).port;
    await new Promise<void>((resolve) => server.#door.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#door.address() as AddressInfo).port}`;
  }

  /** The options of a cache in its bucket. */
  options(more: Readonly<Record<string, string>> = {}): string {
    const { accessKeyId, secretAccessKey } = account;
    const options = {
      type: 's3',
      bucket: this.bucket,
      region: 'eu-west-1',
      endpoint_url: this.origin,
      use_path_style: 'true',
      access_key_id: accessKeyId,
      secret_access_key: secretAccessKey,
      ...more,
    };
    return Object.entries(options)
      .map((pair) => pair.join('='))
      .join(',');
  }

  /** The bytes under a key, or undefined. */
  async read(key: string): Promise<Buffer | undefined> {
    const path = `/${this.bucket}/${key.split('/').map(encodeURIComponent).join('/')}`;
    const response = await fetch(`http://127.0.0.1:${this.#inside}${path}`);
    return response.ok ? Buffer.from(await response.arrayBuffer()) : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#door.closeAllConnections();
    await new Promise((resolve) => this.#door.close(resolve));
    await this.#store.close();
    await this.#folder[Symbol.asyncDispose]();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = request;
    const asked = `${method} ${url}`;
    this.log.push(asked);
    const body = await buffer(request);
    const code = this.refuse?.on.test(asked) ? 'TestRefuses' : whyRefused({ method, url, headers }, body);
    if (code) {
      const status = code === 'TestRefuses' ? this.refuse!.status : 403;
      response.writeHead(status, { 'content-type': 'application/xml' });
      response.end(
        method === 'HEAD' ? '' : `<Error><Code>${code}</Code><Message>refused by the test</Message></Error>`,
      );
      return;
    }
    const inner = send({ port: this.#inside, method, path: url, headers: unsigned(headers) }, (answer) => {
      response.writeHead(answer.statusCode!, answer.headers);
      if (!this.corrupt?.test(asked)) return void answer.pipe(response);
      void buffer(answer).then((bytes) => {
        bytes[bytes.length >> 1]! ^= 1;
        response.end(bytes);
      });
    });
    inner.on('error', () => response.destroy());
    inner.end(body);
  }
}

type Headers = IncomingMessage['headers'];

/** Undefined for a request that is signed as AWS has it (Signature Version 4), else the error's code. */
function whyRefused(
  { method, url, headers }: { readonly method: string; readonly url: string; readonly headers: Headers },
  body: Buffer,
): string | undefined {
  const given = /^AWS4-HMAC-SHA256 Credential=([^/]+)\/([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
    headers.authorization ?? '',
  );
  if (!given) return 'AccessDenied';
  const [, id, scope, names, signature] = given as unknown as [string, string, string, string, string];
  if (id !== account.accessKeyId) return 'InvalidAccessKeyId';
  const hash = String(headers['x-amz-content-sha256']);
  if (hash !== 'UNSIGNED-PAYLOAD' && hash !== sha256(body)) return 'XAmzContentSHA256Mismatch';
  const { pathname, search } = new URL(url, 'http://s3');
  const query = search.slice(1).split('&').filter(Boolean).sort();
  const signed = names.split(';').map((name) => `${name}:${String(headers[name]).trim()}\n`);
  const canonical = [method, pathname, query.join('&'), signed.join(''), names, hash].join('\n');
  const text = ['AWS4-HMAC-SHA256', headers['x-amz-date'], scope, sha256(canonical)].join('\n');
  const key = scope.split('/').reduce<string | Buffer>(hmac, `AWS4${account.secretAccessKey}`);
  return hmac(key, text).toString('hex') === signature ? undefined : 'SignatureDoesNotMatch';
}

/** Inside, nobody is asked; the address would be another one than what was signed. */
function unsigned(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => name !== 'authorization' && name !== 'host'));
}

function sha256(bytes: string | Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
