import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { digestOf } from '../../packages/engine/src/oci/digest.ts';
import type { Descriptor } from '../../packages/engine/src/oci/descriptor.ts';
import { mediaTypes } from '../../packages/engine/src/oci/media-type.ts';

/** How a test registry misbehaves. All can be changed while it runs. */
export interface Manners {
  /** Whom it lets in; everybody without it. Bearer tokens are given out by the same server under `/token`. */
  auth?: {
    readonly kind: 'basic' | 'bearer';
    readonly username?: string;
    readonly password?: string;
    readonly refreshToken?: string;
  };
  /** Answers requests that match with this status, so many times. */
  refuse?: {
    readonly match: RegExp;
    readonly status: number;
    times: number;
    readonly headers?: Record<string, string>;
  };
  /** Breaks blobs off after so many bytes, so many times. */
  breakOff?: { readonly after: number; times: number };
  /** Ignores `Range`. */
  rangeless?: boolean;
  /** Sends these bytes in place of a digest's. */
  lies?: Map<string, Uint8Array>;
  /** Leaves out `Docker-Content-Digest`. */
  digestless?: boolean;
  /** Sends blobs by a redirect to this origin. */
  redirectBlobs?: string;
  /** Waited for before each answer. */
  before?: (request: IncomingMessage) => Promise<void>;
}

/** A registry in memory over real HTTP on loopback. */
export class TestRegistry implements AsyncDisposable {
  readonly manners: Manners = {};
  readonly blobs = new Map<string, Uint8Array>();
  /** By `path@digest` and `path:tag`. */
  readonly manifests = new Map<string, { readonly mediaType: string; readonly bytes: Uint8Array }>();
  /** Repositories that have a blob, by `path@digest`. */
  readonly owned = new Set<string>();
  /** Everything that was asked: `GET /v2/…`. */
  readonly log: string[] = [];
  /** `Authorization` headers, in order. */
  readonly authorizations: (string | undefined)[] = [];
  readonly #uploads = new Map<string, Buffer>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  readonly #tokens = new Map<string, string>();
  #count = 0;

  static async open(): Promise<TestRegistry> {
    const registry = new TestRegistry();
    await new Promise<void>((resolve) => registry.#server.listen(0, '127.0.0.1', resolve));
    return registry;
  }

  /** `127.0.0.1:port`, as references name it. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get origin(): string {
    return `http://${this.host}`;
  }

  /** All tokens given out stop counting. */
  expireTokens(): void {
    this.#tokens.clear();
  }

  addBlob(path: string, bytes: Uint8Array | string): Descriptor {
    const data = Buffer.from(bytes as string);
    const digest = digestOf(data);
    this.blobs.set(digest, data);
    this.owned.add(`${path}@${digest}`);
    return { mediaType: 'application/octet-stream', digest, size: data.length };
  }

  addManifest(path: string, tag: string | undefined, manifest: object): Descriptor {
    const bytes = Buffer.from(JSON.stringify(manifest));
    const mediaType = (manifest as { mediaType?: string }).mediaType ?? mediaTypes.ociManifest;
    const digest = digestOf(bytes);
    for (const name of [`${path}@${digest}`, ...(tag === undefined ? [] : [`${path}:${tag}`])]) {
      this.manifests.set(name, { mediaType, bytes });
    }
    return { mediaType, digest, size: bytes.length };
  }

  /** An image of such layers (their bytes uncompressed), and what it is made of. */
  addImage(
    path: string,
    tag: string | undefined,
    { layers = ['layer'], platform = { os: 'linux', architecture: 'amd64' }, config = {} }: TestImage = {},
  ): { manifest: Descriptor; config: Descriptor; layers: Descriptor[] } {
    const layerDescriptors = layers.map((bytes) => ({ ...this.addBlob(path, bytes), mediaType: mediaTypes.ociLayer }));
    const rootfs = { type: 'layers', diff_ids: layerDescriptors.map(({ digest }) => digest) };
    const configDescriptor = {
      ...this.addBlob(path, JSON.stringify({ ...platform, config, rootfs })),
      mediaType: mediaTypes.ociConfig,
    };
    const manifest = this.addManifest(path, tag, {
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      config: configDescriptor,
      layers: layerDescriptors,
    });
    return { manifest, config: configDescriptor, layers: layerDescriptors };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/' } = request;
    this.log.push(`${method} ${url}`);
    this.authorizations.push(request.headers.authorization);
    await this.manners.before?.(request);
    const { refuse } = this.manners;
    if (refuse && refuse.times > 0 && refuse.match.test(`${method} ${url}`)) {
      refuse.times--;
      return end(response, refuse.status, { ...refuse.headers }, { errors: [{ code: 'TESTREFUSES', message: 'no' }] });
    }
    const at = new URL(url, this.origin);
    if (at.pathname === '/token') return this.#token(request, response, at);
    if (at.pathname.startsWith('/elsewhere/'))
      return this.#send(request, response, at.pathname.slice('/elsewhere/'.length));
    if (!this.#allowed(request, response, at)) return;
    if (at.pathname === '/v2/') return end(response, 200, {}, {});
    const manifest = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(at.pathname);
    if (manifest) return this.#manifest(request, response, { path: manifest[1]!, wanted: manifest[2]! });
    const upload = /^\/v2\/(.+)\/blobs\/uploads\/([^/]*)$/.exec(at.pathname);
    if (upload) return this.#upload(request, response, { path: upload[1]!, id: upload[2]!, query: at.searchParams });
    const blob = /^\/v2\/(.+)\/blobs\/([^/]+)$/.exec(at.pathname);
    if (blob) {
      const [, path, digest] = blob;
      if (!this.owned.has(`${path}@${digest}`)) return end(response, 404, {}, { errors: [{ code: 'BLOB_UNKNOWN' }] });
      const { redirectBlobs } = this.manners;
      if (redirectBlobs !== undefined) return end(response, 307, { location: `${redirectBlobs}/elsewhere/${digest}` });
      return this.#send(request, response, digest!);
    }
    end(response, 404, {}, {});
  }

  #allowed(request: IncomingMessage, response: ServerResponse, at: URL): boolean {
    const { auth } = this.manners;
    if (!auth) return true;
    const given = request.headers.authorization ?? '';
    const path = /^\/v2\/(.+?)\/(?:manifests|blobs)\//.exec(at.pathname)?.[1] ?? '';
    if (auth.kind === 'basic') {
      if (given === `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`) return true;
      end(response, 401, { 'www-authenticate': 'Basic realm="test"' }, {});
      return false;
    }
    const scope = this.#tokens.get(given.replace(/^Bearer /, '')) ?? '';
    const push = request.method !== 'GET' && request.method !== 'HEAD';
    if (scope.split(' ').some((part) => part.startsWith(`repository:${path}:`) && (!push || part.includes('push'))))
      return true;
    const wanted = `repository:${path}:pull${push ? ',push' : ''}`;
    end(
      response,
      401,
      { 'www-authenticate': `Bearer realm="${this.origin}/token",service="test",scope="${wanted}"` },
      {},
    );
    return false;
  }

  async #token(request: IncomingMessage, response: ServerResponse, at: URL): Promise<void> {
    const { auth } = this.manners;
    const form = new URLSearchParams((await readAll(request)).toString());
    const fine =
      request.method === 'POST'
        ? form.get('refresh_token') === auth?.refreshToken
        : auth?.username === undefined ||
          request.headers.authorization ===
            `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString('base64')}`;
    if (!fine) return end(response, 401, {}, {});
    const token = `token-${++this.#count}`;
    this.#tokens.set(token, request.method === 'POST' ? form.get('scope')! : at.searchParams.getAll('scope').join(' '));
    end(response, 200, {}, { token, expires_in: 300 });
  }

  async #manifest(
    request: IncomingMessage,
    response: ServerResponse,
    { path, wanted }: { path: string; wanted: string },
  ): Promise<void> {
    if (request.method === 'PUT') {
      const bytes = await readAll(request);
      const digest = digestOf(bytes);
      const entry = { mediaType: request.headers['content-type'] ?? '', bytes };
      const { config, layers = [], manifests = [] } = JSON.parse(bytes.toString());
      const missing = [...(config ? [config] : []), ...layers].find((one) => !this.owned.has(`${path}@${one.digest}`));
      const child = manifests.find((one: Descriptor) => !this.manifests.has(`${path}@${one.digest}`));
      if (missing || child) return end(response, 400, {}, { errors: [{ code: 'MANIFEST_BLOB_UNKNOWN' }] });
      this.manifests.set(`${path}@${digest}`, entry);
      if (!wanted.startsWith('sha256:')) this.manifests.set(`${path}:${wanted}`, entry);
      return end(response, 201, { 'docker-content-digest': digest });
    }
    const found = this.manifests.get(wanted.startsWith('sha256:') ? `${path}@${wanted}` : `${path}:${wanted}`);
    if (!found) return end(response, 404, {}, { errors: [{ code: 'MANIFEST_UNKNOWN' }] });
    const digest = digestOf(found.bytes);
    const bytes = this.manners.lies?.get(digest) ?? found.bytes;
    response.writeHead(200, {
      'content-type': found.mediaType,
      'content-length': bytes.length,
      ...(!this.manners.digestless && { 'docker-content-digest': digest }),
    });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  }

  async #upload(
    request: IncomingMessage,
    response: ServerResponse,
    { path, id, query }: { path: string; id: string; query: URLSearchParams },
  ): Promise<void> {
    const body = await readAll(request);
    const location = (name: string) => ({ location: `/v2/${path}/blobs/uploads/${name}?state=secret` });
    if (request.method === 'POST') {
      const [mount, from] = [query.get('mount'), query.get('from')];
      if (mount !== null && this.owned.has(`${from}@${mount}`)) {
        this.owned.add(`${path}@${mount}`);
        return end(response, 201, { location: `/v2/${path}/blobs/${mount}` });
      }
      const name = `upload-${++this.#count}`;
      this.#uploads.set(name, Buffer.alloc(0));
      return end(response, 202, location(name));
    }
    const held = this.#uploads.get(id);
    if (!held) return end(response, 404, {}, { errors: [{ code: 'BLOB_UPLOAD_UNKNOWN' }] });
    const bytes = Buffer.concat([held, body]);
    if (request.method === 'PATCH') {
      const range = request.headers['content-range'];
      if (range !== undefined && !range.startsWith(`${held.length}-`)) return end(response, 416, location(id));
      this.#uploads.set(id, bytes);
      return end(response, 202, { ...location(id), range: `0-${bytes.length - 1}` });
    }
    this.#uploads.delete(id);
    const digest = digestOf(bytes);
    if (digest !== query.get('digest')) return end(response, 400, {}, { errors: [{ code: 'DIGEST_INVALID' }] });
    this.blobs.set(digest, bytes);
    this.owned.add(`${path}@${digest}`);
    end(response, 201, { 'docker-content-digest': digest });
  }

  #send(request: IncomingMessage, response: ServerResponse, digest: string): void {
    const whole = this.manners.lies?.get(digest) ?? this.blobs.get(digest);
    if (!whole) return end(response, 404, {}, {});
    const from = this.manners.rangeless ? undefined : /^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1];
    const bytes = whole.subarray(Number(from ?? 0));
    response.writeHead(from === undefined ? 200 : 206, {
      'content-length': bytes.length,
      ...(from !== undefined && { 'content-range': `bytes ${from}-${whole.length - 1}/${whole.length}` }),
    });
    const { breakOff } = this.manners;
    if (request.method === 'HEAD') response.end();
    else if (breakOff && breakOff.times > 0) {
      breakOff.times--;
      response.write(bytes.subarray(0, breakOff.after), () => response.destroy());
    } else response.end(bytes);
  }
}

export interface TestImage {
  readonly layers?: readonly (Uint8Array | string)[];
  readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
  readonly config?: object;
}

function end(response: ServerResponse, status: number, headers: Record<string, string>, body?: object): void {
  response.writeHead(status, { ...headers, ...(body && { 'content-type': 'application/json' }) });
  response.end(body && JSON.stringify(body));
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
