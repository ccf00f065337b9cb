import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openLayout, type Layout } from '../content/layout.ts';
import type { Provider } from '../content/store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import { readManifest } from '../oci/read-manifest.ts';
import { familiar, normalised, type Reference } from '../oci/reference.ts';
import { collect } from '../std/collect.ts';
import { Failed } from '../std/failed.ts';
import type { RegistryFailure } from './failure.ts';
import { manifestLimit } from './pull.ts';
import type { Place } from './registry.ts';

/**
 * An OCI image layout on disk in a registry's place: for people offline. `path` is a layout (folder or tar), or a
 * folder with a layout for each repository (`<path>/library/busybox`). Tags are found by `io.containerd.image.name` or
 * `org.opencontainers.image.ref.name`, the latter as the full name, as people write it, or, in a layout whose folder is
 * called as the repository is, as the tag alone.
 */
export class LayoutMirror implements Place {
  readonly #path: string;
  readonly #reference: Reference;
  readonly #onLook: (path: string) => void;
  readonly blobs: Provider;

  constructor(path: string, reference: Reference, onLook: (path: string) => void = () => {}) {
    this.#onLook = onLook;
    this.#path = path;
    this.#reference = reference;
    this.blobs = { open: (descriptor, options) => this.#read(descriptor, options) };
  }

  async resolve(wanted: string): Promise<Descriptor | undefined> {
    await using opened = await this.#open();
    if (!opened) return undefined;
    const { layout, own } = opened;
    const found = isDigest(wanted) ? { digest: wanted } : findTag(layout.roots, this.#reference, { own });
    const size = found && (await layout.stat(found.digest));
    if (!found || size === undefined || size > manifestLimit) return undefined;
    const bytes = await collect(layout.open({ digest: found.digest, size }), manifestLimit);
    try {
      return { mediaType: readManifest(bytes).mediaType, digest: found.digest, size };
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      const message = `${found.digest} of the OCI layout ${this.#path} is no manifest: ${error.message}`;
      throw new Failed<RegistryFailure>({ kind: 'registry-content', host: this.#path, message });
    }
  }

  async manifest(digest: Digest, { signal }: { readonly signal: AbortSignal }): Promise<Uint8Array> {
    await using opened = await this.#open();
    const size = await opened?.layout.stat(digest);
    if (!opened || size === undefined) throw this.#missing(digest);
    return collect(opened.layout.open({ digest, size }, { signal }), manifestLimit);
  }

  async *#read(
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    options: Parameters<Provider['open']>[1],
  ): AsyncGenerator<Uint8Array> {
    await using opened = await this.#open();
    if ((await opened?.layout.stat(descriptor.digest)) === undefined) throw this.#missing(descriptor.digest);
    yield* opened!.layout.open(descriptor, options);
  }

  /** The layout that may hold this repository; undefined if there is none. */
  async #open(): Promise<(AsyncDisposable & { readonly layout: Layout; readonly own: boolean }) | undefined> {
    const { path, domain } = this.#reference;
    const below = [path, ...(domain === 'docker.io' ? [path.replace(/^library\//, '')] : []), `${domain}/${path}`];
    for (const root of [...below.map((name) => join(this.#path, name)), this.#path]) {
      this.#onLook(root);
      this.#onLook(join(root, 'index.json'));
      const found = await stat(root).catch(() => undefined);
      const marker = found?.isDirectory() ? await stat(join(root, 'index.json')).catch(() => undefined) : found;
      if (!marker) continue;
      const layout = await openLayout(root);
      const own = basename(root).replace(/\.tar$/, '') === basename(path);
      return { layout, own, [Symbol.asyncDispose]: () => layout[Symbol.asyncDispose]() };
    }
    return undefined;
  }

  #missing(digest: Digest): Failed<RegistryFailure> {
    const reference = `${normalised(this.#reference)} (${digest})`;
    const message = `the OCI layout ${this.#path} does not have ${digest}`;
    return new Failed<RegistryFailure>({ kind: 'image-not-found', reference, message });
  }
}

/**
 * The manifest that an index calls by this name; the most exact name wins, the first of equals. In a repository's own
 * layout a tag alone is enough, and an only manifest without any name is `latest`.
 */
function findTag(
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
