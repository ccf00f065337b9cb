import { join } from 'node:path';
import type { Cache } from '../cache/api.ts';
import type { ImmutableRef, RefId } from '../cache/ref.ts';
import type { Index } from '../index/index.ts';
import type { Digest } from '../oci/digest.ts';
import type { Download as Awaited } from '../progress/download.ts';
import type { Registries } from '../registry/registry.ts';
import { reason } from '../registry/remote.ts';
import { patient, retrying, type RetryPolicy } from '../registry/retry.ts';
import { isBrokenConnection } from '../registry/transport.ts';
import type { Job } from '../session/job.ts';
import { Failed } from '../std/failed.ts';
import type { SourceFailure } from './failure.ts';
import { httpFailed, isServerError, sendFollowing, toldBody, writeDownload } from './http-download.ts';
import {
  httpFilename,
  httpKey,
  httpTarget,
  readHttpIdentifier,
  withoutSecrets,
  type HttpIdentifier,
} from './http-identifier.ts';
import { memoIn, type Memo } from './memo.ts';
import { SessionMemo } from './session-memo.ts';
import type { Pinned, Source, SourceRequest } from './source.ts';

export interface HttpSourceOptions {
  readonly cache: Cache;
  readonly index: Index;
  /** Whose connections are used. */
  readonly registries: Pick<Registries, 'transport'>;
  readonly retry?: RetryPolicy;
}

/** On whose behalf a server is asked. */
interface Asking {
  readonly job: Job;
  readonly vertex: Digest;
}

/** A download that was made once. */
interface Download {
  readonly ref: RefId;
  readonly digest: Digest;
  readonly filename: string;
  /** Without the mark of weak ones. */
  readonly etag?: string;
  /** Milliseconds since the epoch. */
  readonly lastModified?: number;
}

/**
 * `http://` and `https://`: a tree with one file. With a checksum nothing is asked before the tree is wanted; without
 * one the file is fetched to know its key, unless the server says that it has not changed (ETag). Each URL is asked for
 * once in a session.
 */
export class HttpSource implements Source {
  readonly schemes = ['http', 'https'];
  readonly #options: HttpSourceOptions;
  readonly #memo: Memo;
  readonly #downloads = new SessionMemo<Download>();

  constructor(options: HttpSourceOptions) {
    this.#options = options;
    this.#memo = memoIn(options.index);
  }

  async pin(request: SourceRequest, job: Job): Promise<Pinned> {
    const id = readHttpIdentifier(request);
    const { vertex } = request;
    if (id.checksum !== undefined) {
      const content = { filename: httpFilename(id), digest: id.checksum, lastModified: undefined };
      return {
        pin: id.checksum,
        keys: [{ key: httpKey(id, content) }],
        changedAt: async (job) => seconds(await this.#download(id, { job, vertex })),
        downloads: (job) => this.#awaited(id, job),
        tree: (job) => this.#tree(id, { job, vertex }),
      };
    }
    if (request.reach === 'asking' && !(await this.#stillKnown(id, job))) {
      const tree = async (job: Job) => {
        const { digest } = await this.#download(id, { job, vertex });
        return this.#tree({ ...id, checksum: digest }, { job, vertex });
      };
      return { pin: withoutSecrets(id.url), keys: [], downloads: (job) => this.#awaited(id, job), tree };
    }
    const download = await this.#download(id, { job, vertex });
    const { digest, filename, lastModified } = download;
    return {
      pin: digest,
      keys: [{ key: httpKey(id, { filename, digest, lastModified }) }],
      changedAt: async () => seconds(download),
      tree: (job) => this.#tree({ ...id, checksum: digest }, { job, vertex }),
    };
  }

  /** The tree with these bytes, from the cache or from its server. */
  async #tree(id: HttpIdentifier, asking: Asking): Promise<ImmutableRef> {
    const known = this.#known(id).find(({ digest }) => digest === id.checksum);
    const held = known && (await this.#options.cache.get(known.ref));
    if (held) return held;
    this.#downloads.forget(asking.job.session, httpTarget(id));
    const { digest, ref } = await this.#download(id, asking);
    if (digest !== id.checksum) throw mismatch(id, digest);
    const fetched = await this.#options.cache.get(ref);
    if (!fetched) throw new Error(`the download of ${withoutSecrets(id.url)} is gone from the cache already`);
    return fetched;
  }

  /** Whether the server says that what is here has not changed. */
  async #stillKnown(id: HttpIdentifier, job: Job): Promise<boolean> {
    const known = await this.#alive(id);
    if (known.length === 0) return false;
    const headers = await this.#headers(id, job);
    return (await this.#unchanged(id, { headers, known, job })) !== undefined;
  }

  /** What the server says that it would send; nothing if it is here, or the server does not say. */
  async #awaited(id: HttpIdentifier, job: Job): Promise<readonly Awaited[]> {
    const known = this.#known(id).find(({ digest }) => digest === id.checksum);
    if (known && this.#options.cache.ready(known.ref)) return [];
    try {
      const headers = await this.#headers(id, job);
      const { signal } = job;
      const response = await sendFollowing(this.#options.registries.transport, id, { method: 'HEAD', headers, signal });
      await response.discard();
      const length = response.headers['content-length'];
      const told = response.status === 200 && length !== undefined && /^\d+$/.test(length);
      return told ? [{ id: withoutSecrets(id.url), bytes: Number(length) }] : [];
    } catch (error) {
      // GET says what is wrong.
      if (job.signal.aborted || !(error instanceof Failed || isBrokenConnection(error))) throw error;
      return [];
    }
  }

  async #headers(id: HttpIdentifier, job: Job): Promise<Record<string, string>> {
    const authorization = await this.#authorization(id, job);
    return {
      ...Object.fromEntries(id.headers.map(({ Name, Value }) => [Name.toLowerCase(), Value])),
      ...(authorization !== undefined && { authorization }),
    };
  }

  #download(id: HttpIdentifier, { job, vertex }: Asking): Promise<Download> {
    const { session } = job;
    return this.#downloads.get(job, httpTarget(id), (signal) =>
      this.#ask(id, { job: { session, signal, report: (event) => job.report(event) }, vertex }),
    );
  }

  async #ask(id: HttpIdentifier, { job, vertex }: Asking): Promise<Download> {
    const headers = await this.#headers(id, job);
    const known = await this.#alive(id);
    const unchanged = known.length ? await this.#unchanged(id, { headers, known, job }) : undefined;
    if (unchanged) return unchanged;
    const download = await retrying(
      async () => {
        try {
          return { kind: 'done' as const, value: await this.#fetch(id, { headers, job, vertex }) };
        } catch (error) {
          if (job.signal.aborted || !(isBrokenConnection(error) || isServerError(error))) throw error;
          return { kind: 'again' as const, error };
        }
      },
      { policy: this.#options.retry ?? patient, signal: job.signal },
    ).catch((error: unknown) => {
      if (job.signal.aborted || error instanceof Failed) throw error;
      throw httpFailed(id, `${withoutSecrets(id.url)} can't be fetched: ${reason(error)}`, { cause: error });
    });
    await this.#remember(id, download);
    return download;
  }

  /** Asks for the ETag alone; servers that mishandle If-None-Match still tell it with HEAD. */
  async #unchanged(
    id: HttpIdentifier,
    {
      headers,
      known,
      job,
    }: { readonly headers: Record<string, string>; readonly known: readonly Download[]; readonly job: Job },
  ): Promise<Download | undefined> {
    const tags = known.map(({ etag }) => etag!);
    try {
      const response = await sendFollowing(this.#options.registries.transport, id, {
        method: 'HEAD',
        headers: { ...headers, 'if-none-match': tags.join(', ') },
        signal: job.signal,
      });
      await response.discard();
      if (response.status !== 200 && response.status !== 304) return undefined;
      const told =
        strong(response.headers['etag']) ?? (response.status === 304 && tags.length === 1 ? tags[0] : undefined);
      return known.find(({ etag }) => etag === told);
    } catch (error) {
      // GET says what is wrong.
      if (job.signal.aborted || !(error instanceof Failed || isBrokenConnection(error))) throw error;
      return undefined;
    }
  }

  async #fetch(
    id: HttpIdentifier,
    { headers, job, vertex }: Asking & { readonly headers: Record<string, string> },
  ): Promise<Download> {
    const { cache } = this.#options;
    const response = await sendFollowing(this.#options.registries.transport, id, {
      method: 'GET',
      headers,
      signal: job.signal,
    });
    if (response.status < 200 || response.status >= 300) {
      await response.discard();
      throw httpFailed(id, `${withoutSecrets(id.url)}: invalid response status ${response.status}`, {
        status: response.status,
      });
    }
    const filename = httpFilename(id, response.headers['content-disposition']);
    const modified = Date.parse(response.headers['last-modified'] ?? '');
    const description = `http url ${withoutSecrets(id.url)}`;
    await using ref = await cache.create(undefined, { description, signal: job.signal, report: job.report });
    let digest: Digest;
    {
      await using mounted = await ref.mount();
      digest = await writeDownload(
        join(mounted.path, filename),
        toldBody(response, { job, vertex, id: `downloading ${filename}` }),
        { id, modified },
      );
    }
    if (id.checksum !== undefined && digest !== id.checksum) throw mismatch(id, digest);
    await using committed = await ref.commit();
    const etag = strong(response.headers['etag']);
    return {
      ref: committed.id,
      digest,
      filename,
      ...(etag !== undefined && { etag }),
      ...(!Number.isNaN(modified) && { lastModified: modified }),
    };
  }

  async #authorization(id: HttpIdentifier, { session, signal }: Job): Promise<string | undefined> {
    const text = async (name: string) => {
      const secret = await session.secret(name, { signal });
      return secret && Buffer.from(secret).toString().trim();
    };
    if (id.authHeaderSecret !== undefined) {
      const header = await text(id.authHeaderSecret);
      if (header === undefined)
        throw httpFailed(id, `the client has no secret ${id.authHeaderSecret} for ${withoutSecrets(id.url)}`);
      return header;
    }
    const { hostname } = new URL(id.url);
    const header = await text(`HTTP_AUTH_HEADER_${hostname}`);
    const token = header === undefined ? await text(`HTTP_AUTH_TOKEN_${hostname}`) : undefined;
    return header ?? (token === undefined ? undefined : `Bearer ${token}`);
  }

  #known(id: HttpIdentifier): readonly Download[] {
    const kept = this.#memo.get(memoKey(id));
    return kept === undefined ? [] : (JSON.parse(kept) as Download[]);
  }

  /** Downloads with an ETag that the cache still has. */
  async #alive(id: HttpIdentifier): Promise<readonly Download[]> {
    const alive: Download[] = [];
    for (const download of this.#known(id)) {
      if (download.etag === undefined) continue;
      await using ref = await this.#options.cache.get(download.ref);
      if (ref) alive.push(download);
    }
    return alive;
  }

  async #remember(id: HttpIdentifier, download: Download): Promise<void> {
    const others = this.#known(id).filter(({ digest, etag }) => digest !== download.digest && etag !== download.etag);
    await this.#memo.put(memoKey(id), JSON.stringify([download, ...others].slice(0, 4)));
  }
}

function seconds({ lastModified }: Download): number | undefined {
  return lastModified === undefined ? undefined : Math.floor(lastModified / 1000);
}

function memoKey(id: HttpIdentifier): string {
  return `http ${httpTarget(id)}`;
}

/** An ETag without the mark of weak ones. */
function strong(etag: string | undefined): string | undefined {
  return etag === undefined || etag === '' ? undefined : etag.replace(/^W\//, '');
}

function mismatch(id: HttpIdentifier, actual: Digest): Failed<SourceFailure> {
  const expected = id.checksum!;
  const message = `digest mismatch for ${withoutSecrets(id.url)}: ${actual} (expected: ${expected})`;
  return new Failed<SourceFailure>({ kind: 'checksum-mismatch', expected, actual, message });
}
