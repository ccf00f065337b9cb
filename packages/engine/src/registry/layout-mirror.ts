import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Failed } from '../std/failed.ts';
import { collect } from '../std/collect.ts';
import { Digester, encoded, isDigest, type Digest } from '../oci/digest.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Index } from '../oci/manifest.ts';
import { familiar, normalised, type Reference } from '../oci/reference.ts';
import { readManifest } from '../oci/read-manifest.ts';
import type { Provider } from '../content/store.ts';
import type { RegistryFailure } from './failure.ts';
import { manifestLimit } from './pull.ts';
import type { Place } from './registry.ts';

/**
 * An OCI image layout on disk in a registry's place: for people offline. `path` is a layout, or a folder with a layout
 * for each repository (`<path>/library/busybox`). Tags are found by `io.containerd.image.name` or
 * `org.opencontainers.image.ref.name`, the latter as the full name, as people write it, or, in a layout whose folder is
 * called as the repository is, as the tag alone.
 */
export class LayoutMirror implements Place {
  readonly #path: string;
  readonly #reference: Reference;
  readonly blobs: Provider;
  #root: Promise<string | undefined> | undefined;

  constructor(path: string, reference: Reference) {
    this.#path = path;
    this.#reference = reference;
    this.blobs = { open: (descriptor, options) => this.#read(descriptor, options?.signal) };
  }

  async resolve(wanted: string): Promise<Descriptor | undefined> {
    const root = await this.#layout();
    if (root === undefined) return undefined;
    if (isDigest(wanted)) return this.#byDigest(wanted);
    const { tag, ...rest } = this.#reference;
    const manifests = await this.#index(root);
    const own = basename(root) === basename(this.#reference.path);
    const found = findTag(manifests, { ...rest, tag: tag ?? wanted }, { own });
    // An index may name content with a wrong size; the file's own size is what the checks go by.
    return found && { ...found, size: (await this.#size(found.digest)) ?? found.size };
  }

  async manifest(digest: Digest, { signal }: { readonly signal: AbortSignal }): Promise<Uint8Array> {
    const size = await this.#size(digest);
    if (size === undefined) throw this.#missing(digest);
    return collect(this.#read({ digest, size }, signal), manifestLimit);
  }

  async #byDigest(digest: Digest): Promise<Descriptor | undefined> {
    const size = await this.#size(digest);
    if (size === undefined || size > manifestLimit) return undefined;
    const bytes = await collect(this.#read({ digest, size }), manifestLimit);
    try {
      return { mediaType: readManifest(bytes).mediaType, digest, size };
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw this.#wrong(`${digest} is no manifest: ${error.message}`);
    }
  }

  /** The layout that may hold this repository. */
  #layout(): Promise<string | undefined> {
    return (this.#root ??= (async () => {
      const { path, domain } = this.#reference;
      const below = [path, ...(domain === 'docker.io' ? [path.replace(/^library\//, '')] : []), `${domain}/${path}`];
      for (const folder of [...below.map((name) => join(this.#path, name)), this.#path]) {
        if (await stat(join(folder, 'index.json')).catch(() => undefined)) return folder;
      }
      return undefined;
    })());
  }

  async #index(root: string): Promise<readonly Descriptor[]> {
    const file = join(root, 'index.json');
    try {
      const { manifests } = JSON.parse(await readFile(file, 'utf8')) as Partial<Index>;
      if (Array.isArray(manifests))
        return manifests.filter(({ digest }) => typeof digest === 'string' && isDigest(digest));
    } catch (cause) {
      throw this.#wrong(`${file} can't be read`, cause);
    }
    throw this.#wrong(`${file} is no index`);
  }

  async #file(digest: Digest): Promise<string | undefined> {
    const root = await this.#layout();
    return root === undefined ? undefined : join(root, 'blobs', digest.slice(0, digest.indexOf(':')), encoded(digest));
  }

  async #size(digest: Digest): Promise<number | undefined> {
    const file = await this.#file(digest);
    const found = file === undefined ? undefined : await stat(file).catch(() => undefined);
    return found?.isFile() ? found.size : undefined;
  }

  async *#read(descriptor: Pick<Descriptor, 'digest' | 'size'>, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const { digest, size } = descriptor;
    const file = await this.#file(digest);
    if (file === undefined || (await this.#size(digest)) === undefined) throw this.#missing(digest);
    const digester = new Digester(digest.startsWith('sha512:') ? 'sha512' : 'sha256');
    for await (const piece of createReadStream(file, { highWaterMark: 1 << 18 }) as AsyncIterable<Uint8Array>) {
      signal?.throwIfAborted();
      digester.update(piece);
      if (digester.size > size) break;
      yield piece;
    }
    if (digester.size !== size || digester.digest() !== digest) throw this.#wrong(`${digest} is damaged`);
  }

  #missing(digest: Digest): Failed<RegistryFailure> {
    const reference = `${normalised(this.#reference)} (${digest})`;
    return new Failed<RegistryFailure>({
      kind: 'image-not-found',
      reference,
      message: `the OCI layout ${this.#path} does not have ${digest}`,
    });
  }

  #wrong(what: string, cause?: unknown): Failed<RegistryFailure> {
    const message = `the OCI layout ${this.#path}, a mirror of ${this.#reference.domain}, can't be used: ${what}`;
    return new Failed<RegistryFailure>({ kind: 'registry-content', host: this.#path, message }, { cause });
  }
}

/**
 * The manifest that an index calls by this name; the most exact name wins, the first of equals. In a repository's own
 * layout a tag alone is enough, and an only manifest without any name is `latest`.
 */
export function findTag(
  manifests: readonly Descriptor[],
  reference: Reference,
  { own }: { readonly own: boolean },
): Descriptor | undefined {
  const tagged = { domain: reference.domain, path: reference.path, tag: reference.tag ?? 'latest' };
  const names = [normalised(tagged), familiar(tagged), `${tagged.path}:${tagged.tag}`];
  const nameOf = (descriptor: Descriptor) => descriptor.annotations?.['io.containerd.image.name'];
  const refOf = (descriptor: Descriptor) => descriptor.annotations?.['org.opencontainers.image.ref.name'];
  for (const name of names) {
    const found = manifests.find((descriptor) => nameOf(descriptor) === name || refOf(descriptor) === name);
    if (found) return found;
  }
  // Elsewhere a bare `latest` could be anybody's.
  if (!own) return undefined;
  const byTag = manifests.find((descriptor) => refOf(descriptor) === tagged.tag);
  const only = manifests.length === 1 ? manifests[0]! : undefined;
  return byTag ?? (only && tagged.tag === 'latest' && refOf(only) === undefined ? only : undefined);
}
