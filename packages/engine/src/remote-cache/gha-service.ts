import { digestOf } from '../oci/digest.ts';
import { wait } from '../registry/retry.ts';
import { isBrokenConnection } from '../registry/transport.ts';
import { failedOf } from '../std/failed.ts';
import { type GhaHttp, refused } from './gha-http.ts';
import type { GhaService } from './gha-options.ts';

/** The cache service of GitHub Actions, as both of its versions have it. Entries never change, and are found by prefix. */
export interface GhaEntries {
  /** The newest entry whose key begins with this. */
  find(key: string, options: Options): Promise<GhaEntry | undefined>;
  /** Takes a key for an upload; undefined if it is taken. */
  reserve(key: string, options: Options): Promise<GhaUpload | undefined>;
}

export interface GhaEntry {
  readonly key: string;
  /** Authorizes whoever has it; it may run out. */
  readonly url: string;
}

export interface GhaUpload {
  /** Sends all bytes; then they can be found. */
  send(bytes: AsyncIterable<Uint8Array>, options: Options & { readonly size: number }): Promise<void>;
}

export interface Options {
  readonly signal: AbortSignal;
}

/** Bytes of one request of an upload. */
export const pieceSize = 16 * 1024 * 1024;

/** What entries of this client are kept apart by; the same as of BuildKit's, to share them. */
export const entryVersion = digestOf('|go-actionscache-1.0').slice('sha256:'.length);

export async function openGha(service: GhaService, http: GhaHttp): Promise<GhaEntries> {
  if (service.version === 1) return new (await import('./gha-v1.ts')).GhaV1(service, http);
  return new (await import('./gha-v2.ts')).GhaV2(service, http);
}

/** Bytes of the newest entry whose key begins with this. A stream that breaks off goes on where it was; an address that ran out is asked for anew. */
export async function* readEntry(
  key: string,
  {
    entries,
    http,
    newest,
    signal,
  }: Options & { readonly entries: GhaEntries; readonly http: GhaHttp; readonly newest?: GhaEntry },
): AsyncGenerator<Uint8Array> {
  let offset = 0;
  let renewed = false;
  let entry = newest ?? (await entries.find(key, { signal }));
  for (let breaks = 1; ;) {
    if (!entry) throw refused({ method: 'GET', url: `gha:${key}` }, 'there is no such entry', { status: 404 });
    const { url } = entry;
    try {
      const headers: Record<string, string> = offset > 0 ? { range: `bytes=${offset}-` } : {};
      const response = await http.send({ method: 'GET', url, headers, signal });
      // A server that ignores ranges starts over.
      let skip = response.status === 206 ? 0 : offset;
      for await (const piece of response.body) {
        const rest = piece.subarray(Math.min(skip, piece.length));
        skip -= piece.length - rest.length;
        offset += rest.length;
        yield rest;
      }
      return;
    } catch (error) {
      signal.throwIfAborted();
      const status = failedOf(error, 'cache-refused')?.failure as { readonly status?: number } | undefined;
      const expired = status?.status === 401 || status?.status === 403;
      if (expired && !renewed) {
        renewed = true;
        entry = await entries.find(key, { signal });
      } else if (isBrokenConnection(error) && breaks < http.retry.tries) {
        await wait(http.retry.delay(++breaks), signal);
      } else throw error;
    }
  }
}
