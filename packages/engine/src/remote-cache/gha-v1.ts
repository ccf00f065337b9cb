// The first version of the service, behind ACTIONS_CACHE_URL: numbered uploads in ranges. GitHub Enterprise has it.

import { piecesOf } from '../std/pieces.ts';
import { type GhaHttp, refused } from './gha-http.ts';
import type { GhaService } from './gha-options.ts';
import {
  entryVersion,
  pieceSize,
  type GhaEntries,
  type GhaEntry,
  type GhaUpload,
  type Options,
} from './gha-service.ts';

export class GhaV1 implements GhaEntries {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #http: GhaHttp;

  constructor({ url, token }: GhaService, http: GhaHttp) {
    this.#base = `${url.replace(/\/+$/, '')}/_apis/artifactcache`;
    this.#headers = { authorization: `Bearer ${token}`, accept: 'application/json;api-version=6.0-preview.1' };
    this.#http = http;
  }

  async find(key: string, { signal }: Options): Promise<GhaEntry | undefined> {
    const url = `${this.#base}/cache?${new URLSearchParams({ keys: key, version: entryVersion })}`;
    const { said } = await this.#http.ask({ method: 'GET', url, headers: this.#headers, signal });
    const { cacheKey, archiveLocation } = said ?? {};
    if (typeof cacheKey !== 'string' || typeof archiveLocation !== 'string') return undefined;
    return { key: cacheKey, url: archiveLocation };
  }

  async reserve(key: string, { signal }: Options): Promise<GhaUpload | undefined> {
    const request = { method: 'POST', url: `${this.#base}/caches`, headers: this.#headers } as const;
    const { status, said } = await this.#http.ask({
      ...request,
      json: { key, version: entryVersion },
      accept: [409],
      signal,
    });
    if (status === 409) return undefined;
    const id = said?.['cacheId'] ?? said?.['cacheID'];
    if (typeof id !== 'number') throw refused(request, 'the answer has no cacheId');
    return { send: (bytes, options) => this.#upload(`${this.#base}/caches/${id}`, bytes, options) };
  }

  async #upload(
    url: string,
    bytes: AsyncIterable<Uint8Array>,
    { size, signal }: Options & { readonly size: number },
  ): Promise<void> {
    let offset = 0;
    for await (const body of piecesOf(bytes, pieceSize)) {
      const headers = {
        ...this.#headers,
        'content-type': 'application/octet-stream',
        'content-range': `bytes ${offset}-${offset + body.length - 1}/*`,
      };
      await (await this.#http.send({ method: 'PATCH', url, headers, body, signal })).discard();
      offset += body.length;
    }
    await this.#http.ask({ method: 'POST', url, headers: this.#headers, json: { size }, signal });
  }
}
