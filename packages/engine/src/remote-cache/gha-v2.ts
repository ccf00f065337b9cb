// The second version of the service, behind ACTIONS_RESULTS_URL: it gives out signed addresses of Azure blobs.

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

export class GhaV2 implements GhaEntries {
  readonly #base: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #http: GhaHttp;

  constructor({ url, token }: GhaService, http: GhaHttp) {
    this.#base = `${url.replace(/\/+$/, '')}/twirp/github.actions.results.api.v1.CacheService`;
    this.#headers = { authorization: `Bearer ${token}` };
    this.#http = http;
  }

  async find(key: string, options: Options): Promise<GhaEntry | undefined> {
    const json = { key, restore_keys: [key], version: entryVersion };
    const { said } = await this.#call('GetCacheEntryDownloadURL', json, options);
    const { ok, matched_key: found, signed_download_url: url } = said ?? {};
    return ok === true && typeof found === 'string' && typeof url === 'string' ? { key: found, url } : undefined;
  }

  async reserve(key: string, options: Options): Promise<GhaUpload | undefined> {
    const entry = { key, version: entryVersion };
    const { status, said } = await this.#call('CreateCacheEntry', entry, { ...options, accept: [409] });
    if (status === 409) return undefined;
    const url = said?.['signed_upload_url'];
    if (said?.['ok'] !== true || typeof url !== 'string') throw this.#not('CreateCacheEntry');
    return {
      send: async (bytes, { size, signal }) => {
        await this.#upload(url, bytes, { size, signal });
        const { said } = await this.#call('FinalizeCacheEntryUpload', { ...entry, size_bytes: size }, { signal });
        if (said?.['ok'] !== true) throw this.#not('FinalizeCacheEntryUpload');
      },
    };
  }

  /** As an Azure block blob: in one request, or in blocks and then the list of them. */
  async #upload(
    url: string,
    bytes: AsyncIterable<Uint8Array>,
    { size, signal }: Options & { readonly size: number },
  ): Promise<void> {
    const blocks: string[] = [];
    for await (const body of piecesOf(bytes, pieceSize)) {
      if (size <= pieceSize) return this.#put(url, { body, signal, headers: { 'x-ms-blob-type': 'BlockBlob' } });
      // Ids of one blob have to be of one length.
      const id = Buffer.from(String(blocks.length).padStart(10, '0')).toString('base64');
      await this.#put(withQuery(url, { comp: 'block', blockid: id }), { body, signal });
      blocks.push(id);
    }
    const list = blocks.map((id) => `<Latest>${id}</Latest>`).join('');
    const body = Buffer.from(`<?xml version="1.0" encoding="utf-8"?><BlockList>${list}</BlockList>`);
    await this.#put(withQuery(url, { comp: 'blocklist' }), { body, signal, headers: { 'content-type': 'text/xml' } });
  }

  async #put(
    url: string,
    { body, headers = {}, signal }: Options & { readonly body: Uint8Array; readonly headers?: Record<string, string> },
  ): Promise<void> {
    const sent = { 'content-type': 'application/octet-stream', ...headers };
    await (await this.#http.send({ method: 'PUT', url, headers: sent, body, signal })).discard();
  }

  #call(method: string, json: unknown, options: Options & { readonly accept?: readonly number[] }) {
    return this.#http.ask({ method: 'POST', url: `${this.#base}/${method}`, headers: this.#headers, json, ...options });
  }

  #not(method: string) {
    return refused({ method: 'POST', url: `${this.#base}/${method}` }, 'the service says no');
  }
}

function withQuery(url: string, query: Readonly<Record<string, string>>): string {
  const whole = new URL(url);
  for (const [name, value] of Object.entries(query)) whole.searchParams.set(name, value);
  return whole.href;
}
