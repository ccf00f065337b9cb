// Images in registries, by OCI's distribution protocol: what a name stands for, its manifests and blobs, and pushing.
// Mirrors are asked first, and may be OCI layouts on disk. This room knows no builds; credentials are handed in.

import type { Provider } from '../content/store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { readManifest } from '../oci/read-manifest.ts';
import { normalised, type Reference } from '../oci/reference.ts';
import { Failed } from '../std/failed.ts';
import type { CredentialsOf } from './docker-config.ts';
import type { RegistryFailure } from './failure.ts';
import { endpointsOf, ownEndpoint, type Endpoint, type RegistryHosts, type RemoteEndpoint } from './hosts.ts';
import { LayoutMirror } from './layout-mirror.ts';
import { blobProvider, fetchManifest, resolveManifest } from './pull.ts';
import { pushGraph, type PushRequest } from './push.ts';
import { putManifest } from './put-manifest.ts';
import { listReferrers } from './referrers.ts';
import { Remote, type RegistryWarning } from './remote.ts';
import { patient, type RetryPolicy } from './retry.ts';
import { Transport } from './transport.ts';

/** Whoever has credentials; a Session is one. Who has the same account (or else id) is the same. */
export interface Account {
  readonly id?: string;
  readonly account?: string;
  readonly credentials: CredentialsOf;
}

export interface RegistryOptions {
  /** How hosts are reached; a function is asked once, when somebody first has to be reached. */
  readonly hosts?: RegistryHosts | (() => Promise<RegistryHosts>);
  readonly transport?: Transport;
  readonly retry?: RetryPolicy;
  /** Told of each path of this machine that is looked at in a registry's place. */
  readonly onLook?: (path: string) => void;
  /** Told what registries want their users to know, each once. */
  readonly onWarning?: (warning: RegistryWarning) => void;
}

/** All registries; connections are shared by everybody, tokens only by those with the same credentials. */
export class Registries implements AsyncDisposable {
  readonly #hosts: () => Promise<RegistryHosts>;
  readonly #transport: Transport;
  readonly #retry: RetryPolicy;
  readonly #onLook: (path: string) => void;
  readonly #onWarning: (warning: RegistryWarning) => void;
  readonly #clients = new Map<string | Account, RegistryClient>();

  constructor(options: RegistryOptions = {}) {
    const { hosts = {}, transport = new Transport(), retry = patient } = options;
    const { onLook = () => {}, onWarning = () => {} } = options;
    let known: Promise<RegistryHosts> | undefined;
    this.#hosts = () => (known ??= typeof hosts === 'function' ? hosts() : Promise.resolve(hosts));
    this.#transport = transport;
    this.#retry = retry;
    this.#onLook = onLook;
    this.#onWarning = onWarning;
  }

  /**
   * A client with somebody's credentials, a Session's for one; one client for each somebody. `insecure` names hosts
   * that are to be treated so beyond what is configured (`registry.insecure` of an export).
   */
  as(who: Account, { insecure = [] }: { readonly insecure?: readonly string[] } = {}): RegistryClient {
    const key = who.account ?? who.id ?? who;
    const known = insecure.length ? undefined : this.#clients.get(key);
    if (known) return known;
    const client = new RegistryClient({
      hosts: async () => {
        const hosts = await this.#hosts();
        const extra = insecure.map((host) => [host, { ...hosts[host], insecure: true }] as const);
        return { ...hosts, ...Object.fromEntries(extra) };
      },
      transport: this.#transport,
      retry: this.#retry,
      onLook: this.#onLook,
      onWarning: this.#onWarning,
      credentials: (host) => who.credentials(host),
    });
    if (insecure.length) return client;
    // Who has not been seen for so many others is gone, as far as one can tell.
    if (this.#clients.size === 100) this.#clients.delete(this.#clients.keys().next().value!);
    this.#clients.set(key, client);
    return client;
  }

  /** Plain requests over the same connections. */
  get transport(): Transport {
    return this.#transport;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport[Symbol.asyncDispose]();
  }
}

interface ClientOptions extends Required<Omit<RegistryOptions, 'hosts'>> {
  readonly hosts: () => Promise<RegistryHosts>;
  readonly credentials: CredentialsOf;
}

/** An image as it was found: what the name stands for, and where its content is. */
export interface FoundImage {
  /** Of a manifest or an index. */
  readonly descriptor: Descriptor;
  /** Bytes of a manifest or index, checked against the digest. */
  manifest(digest: Digest, options: { readonly signal: AbortSignal }): Promise<Uint8Array>;
  /** Configs and layers. */
  readonly blobs: Provider;
}

export class RegistryClient {
  readonly #options: ClientOptions;
  readonly #remotes = new Map<string, Remote>();
  readonly #pushes = new Map<string, Map<Digest, ReadonlySet<string>>>();

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  /** What the reference names right now. Without tag and digest it is `latest`; a digest goes before a tag. */
  async resolve(reference: Reference, { signal }: { readonly signal: AbortSignal }): Promise<FoundImage> {
    const endpoints = endpointsOf(reference.domain, await this.#options.hosts());
    const places = endpoints.map((endpoint) => this.#place(endpoint, reference));
    const wanted = reference.digest ?? reference.tag ?? 'latest';
    const mirrors: string[] = [];
    for (const [i, place] of places.entries()) {
      const mirror = i < places.length - 1;
      try {
        const descriptor = await place.resolve(wanted, signal);
        // A place that does not have it may still have a part of it, so the others stay in line behind.
        if (descriptor) return foundAt([place, ...places.filter((other) => other !== place)], descriptor);
        if (mirror) mirrors.push(`the mirror ${nameOf(endpoints[i]!)} does not have it`);
      } catch (error) {
        if (signal.aborted || !(error instanceof Failed)) throw error;
        if (!mirror) throw withMirrors(error, mirrors);
        mirrors.push(error.message);
      }
    }
    const name = normalised(reference);
    const message = `${name} does not exist, or it takes \`docker login\` to see it`;
    throw withMirrors(new Failed<RegistryFailure>({ kind: 'image-not-found', reference: name, message }), mirrors);
  }

  /** Pushes a graph to the registry itself, never to a mirror. The reference's tag is set to its root. */
  async push(reference: Reference, request: Omit<PushRequest, 'path' | 'tag'>): Promise<void> {
    const { domain, path, tag } = reference;
    const pushed = this.#pushed(domain);
    const sources = (digest: Digest) => [
      ...new Set([...(pushed.get(digest) ?? []), ...(request.sources?.(digest) ?? [])]),
    ];
    const remote = await this.#own(domain);
    const visited: Digest[] = [];
    const children = async (descriptor: Descriptor) => {
      const found = await request.children(descriptor);
      visited.push(...found.map(({ digest }) => digest));
      return found;
    };
    await pushGraph(remote, { ...request, children, sources, path, ...(tag !== undefined && { tag }) });
    for (const digest of visited) pushed.set(digest, new Set([path, ...(pushed.get(digest) ?? [])]));
  }

  /**
   * Makes a tag mean a manifest that the repository has already, byte for byte; nothing else is sent. The manifest is
   * read and checked first.
   */
  async tag(reference: Reference, digest: Digest, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    const { domain, path, tag: name = 'latest' } = reference;
    const remote = await this.#own(domain);
    const bytes = await fetchManifest(remote, { path, digest, signal });
    const { mediaType } = readManifest(bytes);
    await putManifest(remote, { path, name, descriptor: { mediaType, digest, size: bytes.length }, bytes, signal });
  }

  /** What a tag (or digest) means at the registry itself, mirrors left aside; undefined if there is no such thing. */
  async current(reference: Reference, { signal }: { readonly signal: AbortSignal }): Promise<Descriptor | undefined> {
    const { domain, path, tag, digest } = reference;
    return resolveManifest(await this.#own(domain), { path, wanted: digest ?? tag ?? 'latest', signal });
  }

  /** Manifests whose subject is the reference's digest, at the registry itself. */
  async referrers(
    { domain, path, digest }: Reference & { readonly digest: Digest },
    options: { readonly artifactType?: string; readonly signal: AbortSignal },
  ): Promise<readonly Descriptor[]> {
    return listReferrers(await this.#own(domain), { path, subject: digest, ...options });
  }

  async #own(domain: string): Promise<Remote> {
    return this.#remote(ownEndpoint(domain, await this.#options.hosts()));
  }

  /** Repositories of a registry that got a blob from us, by digest: the next one can have it mounted. */
  #pushed(domain: string): Map<Digest, ReadonlySet<string>> {
    let pushed = this.#pushes.get(domain);
    if (!pushed) this.#pushes.set(domain, (pushed = new Map()));
    return pushed;
  }

  #place(endpoint: Endpoint, reference: Reference): Place {
    if (endpoint.kind === 'layout') return new LayoutMirror(endpoint.path, reference, this.#options.onLook);
    const remote = this.#remote(endpoint);
    const { path } = reference;
    return {
      resolve: (wanted, signal) => resolveManifest(remote, { path, wanted, signal }),
      manifest: (digest, { signal }) => fetchManifest(remote, { path, digest, signal }),
      blobs: blobProvider(remote, path),
    };
  }

  #remote(endpoint: RemoteEndpoint): Remote {
    const key = digestOf(JSON.stringify(endpoint));
    let remote = this.#remotes.get(key);
    if (!remote) this.#remotes.set(key, (remote = new Remote(endpoint, this.#options)));
    return remote;
  }
}

/** Where a repository's content may be. */
export interface Place {
  /** The descriptor of a tag or digest, or undefined if there is no such thing here. */
  resolve(wanted: string, signal: AbortSignal): Promise<Descriptor | undefined>;
  manifest(digest: Digest, options: { readonly signal: AbortSignal }): Promise<Uint8Array>;
  readonly blobs: Provider;
}

function foundAt(places: readonly Place[], descriptor: Descriptor): FoundImage {
  return {
    descriptor,
    manifest: (digest, options) => firstOf(places, (place) => place.manifest(digest, options)),
    blobs: {
      async *open(blob, options) {
        // Whatever has arrived stays: only a place that fails before its first byte is passed over.
        const { stream, first } = await firstOf(places, async (place) => {
          const stream = place.blobs.open(blob, options)[Symbol.asyncIterator]();
          return { stream, first: await stream.next() };
        });
        try {
          for (let next = first; !next.done; next = await stream.next()) yield next.value;
        } finally {
          await stream.return?.();
        }
      },
    },
  };
}

/** The first answer; where there is none, why the first place, at which the image was found, had none. */
async function firstOf<T>(places: readonly Place[], ask: (place: Place) => Promise<T>): Promise<T> {
  let refusal: unknown;
  for (const place of places) {
    try {
      return await ask(place);
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      refusal ??= error;
    }
  }
  throw refusal;
}

/** The registry's own failure is the one that counts; what its mirrors said is told beside it. */
function withMirrors(error: Failed, mirrors: readonly string[]): Failed {
  if (mirrors.length === 0) return error;
  return new Failed(
    { ...error.failure, message: `${error.message} (before that: ${mirrors.join('; ')})` },
    { cause: error },
  );
}

function nameOf(endpoint: Endpoint): string {
  return endpoint.kind === 'layout' ? endpoint.path : endpoint.host;
}
