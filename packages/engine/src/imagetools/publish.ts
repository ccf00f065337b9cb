import { childrenIn, hasChildren, readDocument } from '../content/children.ts';
import { refName, writeLayout } from '../content/layout.ts';
import type { Provider } from '../content/store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import type { Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { combine, refused, type Combined } from './combine.ts';
import { find, type Access, type Found } from './found.ts';
import { placeOf, type Location } from './location.ts';

interface PublishOptions {
  readonly signal: AbortSignal;
  /** Told of each name that is there now. */
  readonly report?: (target: Location, descriptor: Descriptor) => void;
}

/** Types of artifacts that go with an image: what is said of it, and who vouches for it. */
const going = new Set<string | undefined>([
  mediaTypes.attestationManifest,
  'application/vnd.dev.cosign.artifact.sig.v1+json',
  'application/vnd.dev.sigstore.bundle.v0.3+json',
]);

/**
 * Puts what was made under its names, with all below it and what refers to that. What a repository has is not sent, and
 * what another repository of the same registry has is mounted from there.
 */
export async function publish(
  combined: Combined,
  targets: readonly Location[],
  access: Access,
  { signal, report }: PublishOptions,
): Promise<void> {
  const graph = new Graph(combined, signal);
  const places = Map.groupBy(targets, placeOf);
  for (const names of places.values()) {
    for (const [i, target] of names.entries()) {
      const { digest } = target.kind === 'registry' ? target.reference : target;
      if (digest !== undefined && digest !== combined.descriptor.digest)
        throw refused(`${placeOf(target)}@${digest} was asked for, and what was made is ${combined.descriptor.digest}`);
      if (target.kind === 'layout') await toLayout(graph, target, signal);
      else await toRegistry(graph, target, access, { signal, first: i === 0 });
      report?.(target, combined.descriptor);
    }
  }
}

/** Copies an image as it is, byte for byte. */
export async function copyImage(
  source: Location,
  targets: readonly Location[],
  access: Access,
  options: PublishOptions,
): Promise<Combined> {
  await using scope = new AsyncDisposableStack();
  const found = await find(source, access, { signal: options.signal, scope });
  const { descriptor } = found;
  const combined = await combine(
    [{ found, descriptor }],
    { annotations: [], preferIndex: false, platforms: [] },
    options,
  );
  await publish(combined, targets, access, options);
  return combined;
}

/** All that was made leads to, read from wherever each part is. */
class Graph implements Provider {
  readonly root: Descriptor;
  readonly #bytes: Uint8Array;
  readonly #signal: AbortSignal;
  /** Where each piece of content is; what leads to it is there too. */
  readonly #homes = new Map<Digest, Found>();
  readonly #manifests = new Set<Digest>();

  constructor({ bytes, descriptor, parts }: Combined, signal: AbortSignal) {
    this.root = plain(descriptor);
    this.#bytes = bytes;
    this.#signal = signal;
    for (const { descriptor: part, found } of parts) this.#homes.set(part.digest, found);
  }

  async children(descriptor: Descriptor): Promise<readonly Descriptor[]> {
    if (!hasChildren(descriptor.mediaType)) return [];
    this.#manifests.add(descriptor.digest);
    const isRoot = descriptor.digest === this.root.digest;
    const bytes = isRoot ? this.#bytes : await readDocument(descriptor, this, { signal: this.#signal });
    const below = childrenIn(descriptor, bytes);
    const home = this.#homes.get(descriptor.digest);
    for (const { digest } of below) if (home && !this.#homes.has(digest)) this.#homes.set(digest, home);
    return below;
  }

  async *open(
    descriptor: Pick<Descriptor, 'digest' | 'size'>,
    options?: { readonly signal?: AbortSignal },
  ): AsyncGenerator<Uint8Array> {
    if (descriptor.digest === this.root.digest) yield this.#bytes;
    else yield* this.#homes.get(descriptor.digest)!.open(descriptor, options);
  }

  /** The repository of this registry that has it. */
  sources(domain: string, digest: Digest): readonly string[] {
    const location = this.#homes.get(digest)?.location;
    return location?.kind === 'registry' && location.reference.domain === domain ? [location.reference.path] : [];
  }

  /** What refers to the manifests that were gone through, and is none of them. */
  async referrers(): Promise<readonly Descriptor[]> {
    const found = new Map<Digest, Descriptor>();
    for (const digest of this.#manifests) {
      const home = this.#homes.get(digest);
      for (const each of (await home?.referrers(digest)) ?? []) {
        if (!going.has(each.artifactType) || this.#manifests.has(each.digest)) continue;
        found.set(each.digest, each);
        this.#homes.set(each.digest, home!);
      }
    }
    return [...found.values()];
  }
}

async function toRegistry(
  graph: Graph,
  { reference }: Extract<Location, { kind: 'registry' }>,
  { registries, account }: Access,
  { signal, first }: { readonly signal: AbortSignal; readonly first: boolean },
): Promise<void> {
  const client = registries.as(account);
  const { domain, path, digest } = reference;
  const tag = reference.tag ?? (digest ? undefined : 'latest');
  if (!first && tag !== undefined) return client.tag({ domain, path, tag }, graph.root.digest, { signal });
  const request = {
    children: (descriptor: Descriptor) => graph.children(descriptor),
    provider: graph,
    sources: (each: Digest) => graph.sources(domain, each),
    signal,
  };
  await client.push({ domain, path, ...(tag !== undefined && { tag }) }, { ...request, root: graph.root });
  for (const root of await graph.referrers()) await client.push({ domain, path }, { ...request, root: plain(root) });
}

async function toLayout(
  graph: Graph,
  { path, tag, digest }: Extract<Location, { kind: 'layout' }>,
  signal: AbortSignal,
): Promise<void> {
  const { root } = graph;
  // Finds out where everything is.
  const open = [root];
  for (let next = open.pop(); next; next = open.pop()) open.push(...(await graph.children(next)));
  const name = tag ?? (digest ? undefined : 'latest');
  const named = name === undefined ? root : { ...root, annotations: { [refName]: name } };
  await writeLayout(path, { roots: [named, ...(await graph.referrers()).map(plain)], from: graph, signal });
}

/** As the document itself is named, without what an index or layout says of it. */
function plain({ mediaType, digest, size, artifactType }: Descriptor): Descriptor {
  return { mediaType, digest, size, ...(artifactType && { artifactType }) };
}
