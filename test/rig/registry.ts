import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Descriptor } from '../../packages/engine/src/oci/descriptor.ts';
import { digestOf, type Digest } from '../../packages/engine/src/oci/digest.ts';
import { mediaTypes } from '../../packages/engine/src/oci/media-type.ts';
import { answered, receive, refusal, type Answer, type Received } from './registry-answer.ts';
import { Fault, type FaultSpec } from './registry-fault.ts';

/** How a test registry is made. All can be changed while it runs. */
export interface Manners {
  /** Whom it lets in; everybody without it. Bearer tokens are given out by the same server under `/token`. */
  auth?: {
    readonly kind: 'basic' | 'bearer';
    readonly username?: string;
    readonly password?: string;
    readonly refreshToken?: string;
  };
  /** Ignores `Range`. */
  rangeless?: boolean;
  /** Sends these bytes in place of a digest's. */
  lies?: Map<string, Uint8Array>;
  /** Leaves out `Docker-Content-Digest`. */
  digestless?: boolean;
  /** Knows no referrers, as registries before version 1.1 of the protocol. */
  referrerless?: boolean;
  /** How many referrers it lists on one page. */
  page?: number;
  /** Sent as `Warning` headers with every answer. */
  warnings?: readonly string[];
  /** Query of the locations to upload to. */
  state?: string;
  /** Sends blobs by a redirect to this origin. */
  redirectBlobs?: string;
  /** The least that a chunk of an upload may have, told as `OCI-Chunk-Min-Length`. */
  chunkMinLength?: number;
  /** Waited for before each answer. */
  before?: (request: IncomingMessage) => Promise<void>;
}

/** A registry in memory over real HTTP (or TLS) on loopback, which breaks what a test tells it to. */
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
  readonly #tokens = new Map<string, string>();
  readonly #faults = new Set<Fault>();
  readonly #scheme: 'http' | 'https';
  readonly #server;
  /** `127.0.0.1:port`, as references name it. */
  host = '';
  #count = 0;

  static async open(): Promise<TestRegistry> {
    const registry = new TestRegistry();
    await registry.listen();
    return registry;
  }

  protected constructor(tls?: { readonly key: string; readonly cert: string }) {
    const listener: RequestListener = (request, response) => void this.#serve(request, response);
    this.#scheme = tls ? 'https' : 'http';
    this.#server = tls ? createTlsServer(tls, listener) : createServer(listener);
  }

  protected async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    // Also for requests that are still held when it closes.
    this.host = `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get origin(): string {
    return `${this.#scheme}://${this.host}`;
  }

  /** Breaks the next requests that match. */
  fault(spec: FaultSpec): Fault {
    const fault = new Fault(spec);
    this.#faults.add(fault);
    return fault;
  }

  /** Breaks nothing any more, and lets go what is held. */
  mend(): void {
    for (const fault of this.#faults) fault.release();
    this.#faults.clear();
  }

  /** What was asked with this method of paths that hold this text. */
  asked(method: string, text = ''): number {
    return this.log.filter((line) => line.startsWith(`${method} `) && line.includes(text)).length;
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

  /** What `path:tag` (or `path@digest`) is right now. */
  digest(name: string): Digest | undefined {
    const found = this.manifests.get(name);
    return found && digestOf(found.bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const fault of this.#faults) fault.release();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = `${request.method} ${request.url}`;
    this.log.push(asked);
    this.authorizations.push(request.headers.authorization);
    await this.manners.before?.(request);
    if (this.manners.warnings) response.setHeader('warning', this.manners.warnings);
    const fault = [...this.#faults].find((one) => one.takes(asked));
    if (fault) await fault.serve(request, response, (received) => this.#answer(request, received));
    else await answered(request, response, await this.#answer(request, receive(request)));
  }

  async #answer(request: IncomingMessage, reading: Promise<Received>): Promise<Answer> {
    const { url = '/' } = request;
    const at = new URL(url, this.origin);
    if (at.pathname === '/token') return this.#token(request, (await reading).bytes, at);
    if (at.pathname.startsWith('/elsewhere/')) return this.#blob(request, at.pathname.slice('/elsewhere/'.length));
    const denied = this.#denied(request, at);
    if (denied) return denied;
    if (at.pathname === '/v2/') return { status: 200, body: Buffer.from('{}') };
    const manifest = /^\/v2\/(.+)\/manifests\/([^/]+)$/.exec(at.pathname);
    if (manifest) return this.#manifest(request, (await reading).bytes, { path: manifest[1]!, wanted: manifest[2]! });
    const referrers = /^\/v2\/(.+)\/referrers\/([^/]+)$/.exec(at.pathname);
    if (referrers) return this.#referrers({ path: referrers[1]!, digest: referrers[2]!, query: at.searchParams });
    const upload = /^\/v2\/(.+)\/blobs\/uploads\/([^/]*)$/.exec(at.pathname);
    if (upload) return this.#upload(request, reading, { path: upload[1]!, id: upload[2]!, query: at.searchParams });
    const blob = /^\/v2\/(.+)\/blobs\/([^/]+)$/.exec(at.pathname);
    if (!blob) return { status: 404 };
    const [, path, digest] = blob;
    if (!this.owned.has(`${path}@${digest}`)) return refusal(404, 'BLOB_UNKNOWN');
    const { redirectBlobs } = this.manners;
    if (redirectBlobs !== undefined)
      return { status: 307, headers: { location: `${redirectBlobs}/elsewhere/${digest}` } };
    return this.#blob(request, digest!);
  }

  #denied(request: IncomingMessage, at: URL): Answer | undefined {
    const { auth } = this.manners;
    if (!auth) return undefined;
    const given = request.headers.authorization ?? '';
    const path = /^\/v2\/(.+?)\/(?:manifests|blobs|referrers)\//.exec(at.pathname)?.[1] ?? '';
    if (auth.kind === 'basic') {
      if (given === basic(auth)) return undefined;
      return { ...refusal(401, 'UNAUTHORIZED'), headers: { 'www-authenticate': 'Basic realm="test"' } };
    }
    const scope = this.#tokens.get(given.replace(/^Bearer /, ''));
    const push = request.method !== 'GET' && request.method !== 'HEAD';
    const granted = (part: string) => part.startsWith(`repository:${path}:`) && (!push || part.includes('push'));
    if (scope !== undefined && (path === '' || scope.split(' ').some(granted))) return undefined;
    const wanted = path === '' ? '' : `,scope="repository:${path}:pull${push ? ',push' : ''}"`;
    const challenge = `Bearer realm="${this.origin}/token",service="test"${wanted}`;
    return { ...refusal(401, 'UNAUTHORIZED'), headers: { 'www-authenticate': challenge } };
  }

  #token(request: IncomingMessage, body: Buffer, at: URL): Answer {
    const { auth } = this.manners;
    const form = new URLSearchParams(body.toString());
    const fine =
      request.method === 'POST'
        ? form.get('refresh_token') === auth?.refreshToken
        : auth?.username === undefined || request.headers.authorization === basic(auth);
    if (!fine) return refusal(401, 'UNAUTHORIZED');
    const token = `token-${++this.#count}`;
    this.#tokens.set(token, request.method === 'POST' ? form.get('scope')! : at.searchParams.getAll('scope').join(' '));
    return { status: 200, body: Buffer.from(JSON.stringify({ token, expires_in: 300 })) };
  }

  #manifest(request: IncomingMessage, body: Buffer, { path, wanted }: { path: string; wanted: string }): Answer {
    if (request.method === 'PUT') {
      const digest = digestOf(body);
      const entry = { mediaType: request.headers['content-type'] ?? '', bytes: body };
      const { config, layers = [], manifests = [], subject } = JSON.parse(body.toString());
      const missing = [...(config ? [config] : []), ...layers].find((one) => !this.owned.has(`${path}@${one.digest}`));
      const child = manifests.find((one: Descriptor) => !this.manifests.has(`${path}@${one.digest}`));
      if (missing || child) return refusal(400, 'MANIFEST_BLOB_UNKNOWN');
      const byDigest = wanted.startsWith('sha256:');
      if (byDigest && wanted !== digest) return refusal(400, 'DIGEST_INVALID');
      this.manifests.set(`${path}@${digest}`, entry);
      if (!byDigest) this.manifests.set(`${path}:${wanted}`, entry);
      const headers = {
        location: `/v2/${path}/manifests/${digest}`,
        'docker-content-digest': digest,
        ...(subject && !this.manners.referrerless && { 'oci-subject': subject.digest as string }),
      };
      return { status: 201, headers };
    }
    const found = this.manifests.get(wanted.startsWith('sha256:') ? `${path}@${wanted}` : `${path}:${wanted}`);
    if (!found) return refusal(404, 'MANIFEST_UNKNOWN');
    const digest = digestOf(found.bytes);
    const headers = {
      'content-type': found.mediaType,
      ...(!this.manners.digestless && { 'docker-content-digest': digest }),
    };
    return { status: 200, headers, body: this.manners.lies?.get(digest) ?? found.bytes };
  }

  #referrers({ path, digest, query }: { path: string; digest: string; query: URLSearchParams }): Answer {
    if (this.manners.referrerless) return { status: 404 };
    const type = query.get('artifactType');
    const manifests = [...this.manifests].flatMap(([name, { mediaType, bytes }]) => {
      if (!name.startsWith(`${path}@`)) return [];
      const { subject, artifactType, config, annotations } = JSON.parse(Buffer.from(bytes).toString());
      const kind = artifactType ?? config?.mediaType;
      if (subject?.digest !== digest || (type !== null && kind !== type)) return [];
      return [{ mediaType, digest: digestOf(bytes), size: bytes.length, artifactType: kind, annotations }];
    });
    const { page = Infinity } = this.manners;
    const from = Number(query.get('from') ?? 0);
    const more = from + page < manifests.length;
    return {
      status: 200,
      headers: {
        'content-type': mediaTypes.ociIndex,
        ...(type !== null && { 'oci-filters-applied': 'artifactType' }),
        ...(more && { link: `</v2/${path}/referrers/${digest}?from=${from + page}>; rel="next"` }),
      },
      body: Buffer.from(
        JSON.stringify({
          schemaVersion: 2,
          mediaType: mediaTypes.ociIndex,
          manifests: manifests.slice(from, from + page),
        }),
      ),
    };
  }

  async #upload(
    request: IncomingMessage,
    reading: Promise<Received>,
    { path, id, query }: { path: string; id: string; query: URLSearchParams },
  ): Promise<Answer> {
    const location = `/v2/${path}/blobs/uploads/`;
    const { chunkMinLength } = this.manners;
    const chunked = chunkMinLength !== undefined && { 'oci-chunk-min-length': String(chunkMinLength) };
    if (request.method === 'POST') {
      await reading;
      const [mount, from] = [query.get('mount'), query.get('from')];
      if (mount !== null && this.owned.has(`${from}@${mount}`)) {
        this.owned.add(`${path}@${mount}`);
        return { status: 201, headers: { location: `/v2/${path}/blobs/${mount}` } };
      }
      const name = `upload-${++this.#count}`;
      this.#uploads.set(name, Buffer.alloc(0));
      return {
        status: 202,
        headers: { location: `${location}${name}?${this.manners.state ?? 'state=secret'}`, range: '0-0', ...chunked },
      };
    }
    const held = this.#uploads.get(id);
    const at = (bytes: Buffer) => ({
      location: `${location}${id}?${this.manners.state ?? 'state=secret'}`,
      range: `0-${Math.max(0, bytes.length - 1)}`,
    });
    if (!held) return refusal(404, 'BLOB_UPLOAD_UNKNOWN');
    if (request.method === 'GET') return { status: 204, headers: at(held) };
    if (request.method === 'DELETE') {
      this.#uploads.delete(id);
      return { status: 204 };
    }
    const range = request.headers['content-range'];
    if (range !== undefined && !range.startsWith(`${held.length}-`)) return { status: 416, headers: at(held) };
    // What came before a client broke off counts.
    const received = await reading;
    const bytes = Buffer.concat([held, received.bytes]);
    this.#uploads.set(id, bytes);
    if (request.method === 'PATCH' || !received.whole) return { status: 202, headers: { ...at(bytes), ...chunked } };
    this.#uploads.delete(id);
    const digest = digestOf(bytes);
    if (digest !== query.get('digest')) return refusal(400, 'DIGEST_INVALID');
    this.blobs.set(digest, bytes);
    this.owned.add(`${path}@${digest}`);
    return { status: 201, headers: { location: `/v2/${path}/blobs/${digest}`, 'docker-content-digest': digest } };
  }

  #blob(request: IncomingMessage, digest: string): Answer {
    const whole = this.manners.lies?.get(digest) ?? this.blobs.get(digest);
    if (!whole) return { status: 404 };
    const from = this.manners.rangeless ? undefined : /^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1];
    if (from === undefined) return { status: 200, headers: { 'docker-content-digest': digest }, body: whole };
    const range = `bytes ${from}-${whole.length - 1}/${whole.length}`;
    return { status: 206, headers: { 'content-range': range }, body: whole.subarray(Number(from)) };
  }
}

export interface TestImage {
  readonly layers?: readonly (Uint8Array | string)[];
  readonly platform?: { readonly os: string; readonly architecture: string; readonly variant?: string };
  readonly config?: object;
}

function basic({ username, password }: NonNullable<Manners['auth']>): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
