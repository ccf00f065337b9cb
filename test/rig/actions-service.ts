import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text, buffer } from 'node:stream/consumers';

interface Entry {
  readonly id: number;
  readonly key: string;
  readonly version: string;
  readonly scope: string;
  /** Set once the upload is finished. */
  bytes?: Buffer;
  readonly pieces: Map<number, Buffer>;
  readonly blocks: Map<string, Buffer>;
}

interface Call {
  readonly key: string;
  readonly version: string;
  readonly restore_keys?: readonly string[];
  readonly size_bytes?: number;
}

/** Which branch's caches a workflow may read (1), write (2) or both (3). */
export type Access = readonly (readonly [scope: string, permission: 1 | 2 | 3])[];

/**
 * GitHub's cache service in both versions with the storage behind it, and what its REST API says of caches: made for
 * these tests from how BuildKit's client and GitHub's own use it, on loopback.
 */
export class ActionsService implements AsyncDisposable {
  /** Everything that was asked, without what authorizes. */
  readonly log: string[] = [];
  /** Answers these with a status, so many times. */
  refuse: { readonly on: RegExp; readonly status: number; times: number } | undefined;
  readonly #entries: Entry[] = [];
  /** Signatures of addresses that count, by themselves. */
  readonly #signatures = new Set<string>();
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch(() => response.destroy());
  });

  static async open(): Promise<ActionsService> {
    const service = new ActionsService();
    await new Promise<void>((resolve) => service.#server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** What a workflow's environment says. */
  env(version: 1 | 2, access: Access, { expires = Date.now() + 3_600_000 } = {}): Readonly<Record<string, string>> {
    const ac = JSON.stringify(access.map(([Scope, Permission]) => ({ Scope, Permission })));
    const claims = { ac, exp: Math.floor(expires / 1000), nbf: 0 };
    const part = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url');
    return {
      ACTIONS_RUNTIME_TOKEN: `${part({ alg: 'none' })}.${part(claims)}.secret`,
      GITHUB_API_URL: this.origin,
      ...(version === 2
        ? { ACTIONS_CACHE_SERVICE_V2: 'True', ACTIONS_RESULTS_URL: `${this.origin}/` }
        : { ACTIONS_CACHE_URL: `${this.origin}/` }),
    };
  }

  /** The keys of what is finished. */
  get keys(): readonly string[] {
    return this.#entries.filter(({ bytes }) => bytes).map(({ key }) => key);
  }

  /** Spoils what is kept. */
  corrupt(key: RegExp): void {
    for (const entry of this.#entries) {
      if (!entry.bytes || !key.test(entry.key)) continue;
      entry.bytes = Buffer.from(entry.bytes);
      entry.bytes[entry.bytes.length >> 1]! ^= 1;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET' } = request;
    const url = new URL(request.url!, this.origin);
    const asked = `${method} ${url.pathname}${url.searchParams.get('comp') ?? ''}`;
    this.log.push(asked);
    if (this.refuse && this.refuse.times > 0 && this.refuse.on.test(asked)) {
      this.refuse.times--;
      await buffer(request);
      return json(response, this.refuse.status, { message: 'refused by the test' }, { 'retry-after': '0' });
    }
    if (url.pathname.startsWith('/storage/')) return this.#storage(request, response, url);
    const authorization = request.headers.authorization ?? '';
    if (url.pathname.startsWith('/repos/')) {
      if (authorization !== 'Bearer github-token') return json(response, 401, { message: 'Bad credentials' });
      const keys = this.#entries.filter(({ scope }) => scope === url.searchParams.get('ref'));
      const listed = keys.filter(({ key, bytes }) => bytes && key.startsWith(url.searchParams.get('key')!));
      const [size, page] = ['per_page', 'page'].map((name) => Number(url.searchParams.get(name))) as [number, number];
      const caches = listed.slice((page - 1) * size, page * size).map(({ key }) => ({ key }));
      return json(response, 200, { total_count: listed.length, actions_caches: caches });
    }
    const claims = /^Bearer [^.]+\.([^.]+)\.secret$/.exec(authorization)?.[1];
    if (!claims) return json(response, 401, { message: 'no token' });
    const { ac } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { ac: string };
    const access = JSON.parse(ac) as { readonly Scope: string; readonly Permission: number }[];
    const own = access.find(({ Permission }) => Permission & 2)?.Scope;
    const readable = access.filter(({ Permission }) => Permission & 1).map(({ Scope }) => Scope);
    const twirp = /^\/twirp\/github\.actions\.results\.api\.v1\.CacheService\/(\w+)$/.exec(url.pathname)?.[1];
    if (twirp) return this.#second(twirp, JSON.parse(await text(request)) as Call, { own, readable }, response);
    return this.#first(request, response, { url, own, readable });
  }

  /** Version 1: numbered uploads. */
  async #first(
    request: IncomingMessage,
    response: ServerResponse,
    {
      url,
      own,
      readable,
    }: { readonly url: URL; readonly own: string | undefined; readonly readable: readonly string[] },
  ): Promise<void> {
    const path = url.pathname.replace('/_apis/artifactcache/', '');
    if (path === 'cache') {
      const { keys, version } = Object.fromEntries(url.searchParams) as { keys: string; version: string };
      const entry = this.#find(keys.split(','), version, readable);
      if (!entry) return void response.writeHead(204).end();
      return json(response, 200, { cacheKey: entry.key, scope: entry.scope, archiveLocation: this.#address(entry) });
    }
    if (path === 'caches') {
      const { key, version } = JSON.parse(await text(request)) as { key: string; version: string };
      const entry = this.#reserve(key, version, own);
      if (entry) return json(response, 201, { cacheId: entry.id });
      const typeKey = 'ArtifactCacheItemAlreadyExistsException';
      return json(response, 409, { typeKey, message: 'Cache already exists.' });
    }
    const entry = this.#entries[Number(/^caches\/(\d+)$/.exec(path)?.[1])];
    if (!entry) return json(response, 404, { message: 'no such cache' });
    if (request.method === 'PATCH') {
      const start = Number(/^bytes (\d+)-/.exec(request.headers['content-range']!)![1]);
      entry.pieces.set(start, await buffer(request));
      return void response.writeHead(204).end();
    }
    const bytes = Buffer.concat([...entry.pieces].sort(([a], [b]) => a - b).map(([, piece]) => piece));
    const { size } = JSON.parse(await text(request)) as { size: number };
    if (bytes.length !== size) return json(response, 400, { message: 'not the size that was promised' });
    entry.bytes = bytes;
    response.writeHead(204).end();
  }

  /** Version 2: signed addresses of Azure blobs. */
  #second(
    call: string,
    { key, restore_keys: prefixes = [], version, size_bytes: size }: Call,
    { own, readable }: { readonly own: string | undefined; readonly readable: readonly string[] },
    response: ServerResponse,
  ): void {
    switch (call) {
      case 'GetCacheEntryDownloadURL': {
        const entry = this.#find([key, ...prefixes], version, readable);
        if (!entry) return json(response, 200, { ok: false });
        return json(response, 200, { ok: true, matched_key: entry.key, signed_download_url: this.#address(entry) });
      }
      case 'CreateCacheEntry': {
        const entry = this.#reserve(key, version, own);
        if (!entry) return json(response, 409, { code: 'already_exists', msg: 'cache entry already exists' });
        return json(response, 200, { ok: true, signed_upload_url: this.#address(entry) });
      }
      default: {
        const entry = this.#entries.find((each) => each.key === key && each.version === version && each.scope === own);
        const whole = entry?.pieces.get(0);
        if (!entry || whole?.length !== Number(size)) return json(response, 200, { ok: false });
        entry.bytes = whole;
        return json(response, 200, { ok: true, entry_id: String(entry.id) });
      }
    }
  }

  async #storage(request: IncomingMessage, response: ServerResponse, url: URL): Promise<void> {
    const bytes = await buffer(request);
    if (!this.#signatures.has(url.searchParams.get('sig') ?? ''))
      return void response.writeHead(403).end('<Error><Code>AuthenticationFailed</Code></Error>');
    const entry = this.#entries[Number(url.pathname.slice('/storage/'.length))]!;
    if (request.method === 'GET') {
      const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
      return void response.writeHead(start > 0 ? 206 : 200).end(entry.bytes!.subarray(start));
    }
    const comp = url.searchParams.get('comp');
    if (comp === 'block') entry.blocks.set(url.searchParams.get('blockid')!, bytes);
    else if (comp === 'blocklist') {
      const ids = [...bytes.toString().matchAll(/<Latest>([^<]+)<\/Latest>/g)].map(([, id]) => id!);
      entry.pieces.set(0, Buffer.concat(ids.map((id) => entry.blocks.get(id)!)));
    } else if (request.headers['x-ms-blob-type'] === 'BlockBlob') entry.pieces.set(0, bytes);
    else return void response.writeHead(400).end('<Error><Code>MissingRequiredHeader</Code></Error>');
    response.writeHead(201).end();
  }

  /** In the order of the branches; of one branch the newest. */
  #find(prefixes: readonly string[], version: string, scopes: readonly string[]): Entry | undefined {
    for (const scope of scopes) {
      const matches = (entry: Entry) => prefixes.some((prefix) => entry.key.startsWith(prefix));
      const found = this.#entries.findLast(
        (each) => each.bytes && each.scope === scope && each.version === version && matches(each),
      );
      if (found) return found;
    }
    return undefined;
  }

  #reserve(key: string, version: string, scope: string | undefined): Entry | undefined {
    if (scope === undefined) return undefined;
    if (this.#entries.some((each) => each.key === key && each.version === version && each.scope === scope))
      return undefined;
    const entry = { id: this.#entries.length, key, version, scope, pieces: new Map(), blocks: new Map() };
    this.#entries.push(entry);
    return entry;
  }

  #address({ id }: Entry): string {
    const signature = `a+b/${this.#signatures.size}=`;
    this.#signatures.add(signature);
    return `${this.origin}/storage/${id}?${new URLSearchParams({ sv: '2024', sig: signature })}`;
  }
}

function json(response: ServerResponse, status: number, value: object, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(value));
}
