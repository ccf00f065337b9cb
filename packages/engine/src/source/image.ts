import type { Cache } from '../cache/api.ts';
import type { RecordType } from '../cache/ref.ts';
import type { Store } from '../content/store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { isDigest, type Digest } from '../oci/digest.ts';
import { hostPlatform, type Platform } from '../oci/platform.ts';
import { normalised, parseReference, type Reference } from '../oci/reference.ts';
import type { FoundImage, Registries } from '../registry/registry.ts';
import type { Job } from '../session/job.ts';
import type { LentStore } from '../session/session.ts';
import { collect } from '../std/collect.ts';
import { Failed } from '../std/failed.ts';
import type { SourceFailure } from './failure.ts';
import { imageKeys, pullImage, type PulledImage } from './pulled-image.ts';
import { SessionMemo } from './session-memo.ts';
import type { ImageResolver, Pinned, Source } from './source.ts';

/** Images that builds left under their tags, by normalised name. */
export interface ImageNames {
  get(name: string): Promise<Descriptor | undefined>;
}

export interface ImageSourceOptions {
  readonly cache: Cache;
  readonly content: Store;
  readonly registries: Registries;
  readonly images: ImageNames;
}

type Mode = 'default' | 'pull' | 'local';

/**
 * `docker-image://`. Names of images that were built here stand for those, unless the mode is `pull`; all others are
 * asked for at their registry, once for each session. By digest, an image whose manifest is here needs no network.
 */
export class ImageSource implements Source, ImageResolver {
  readonly schemes = ['docker-image'];
  readonly #options: ImageSourceOptions;
  readonly #found = new SessionMemo<FoundImage>();
  /** Sessions of one invocation ask for the same few images within moments. */
  readonly #lately = new SessionMemo<FoundImage>({ sharing: 'account', keep: 10_000 });
  readonly #pulled = new SessionMemo<PulledImage>({ sharing: 'account', keep: 10_000 });

  constructor(options: ImageSourceOptions) {
    this.#options = options;
  }

  async resolve(
    reference: string,
    options: Parameters<ImageResolver['resolve']>[1],
    job: Job,
  ): Promise<{ readonly digest: Digest; readonly config: Uint8Array }> {
    const { digest, config } = await this.#pull(readReference(reference), options, job);
    return { digest, config };
  }

  async pin(request: Parameters<Source['pin']>[0], job: Job): Promise<Pinned> {
    const { name, attrs } = request;
    const here = request.reach === 'here';
    const reference = readReference(name);
    const platform = request.platform ?? hostPlatform();
    const limit = layerLimit(attrs['image.layerlimit']);
    const recordType = recordTypeOf(attrs['image.recordtype']);
    const image = await this.#pull(reference, { platform, mode: modeOf(attrs['image.resolvemode']), here }, job);
    const expected = attrs['image.checksum'];
    if (expected !== undefined && expected !== image.digest) {
      const message = `image digest ${image.digest} for ${normalised(reference)} does not match expected checksum ${expected}`;
      throw new Failed<SourceFailure>({ kind: 'checksum-mismatch', expected, actual: image.digest, message });
    }
    return pinnedImage(image, {
      cache: this.#options.cache,
      description: `pulled from ${normalised(reference)}`,
      platform,
      limit,
      recordType,
    });
  }

  async #pull(
    reference: Reference,
    options: { readonly platform?: Platform; readonly mode: Mode; readonly here?: boolean },
    job: Job,
  ): Promise<PulledImage> {
    const { content } = this.#options;
    const { platform = hostPlatform(), mode } = options;
    const name = normalised(reference);
    const pull = (found: FoundImage, place: 'here' | 'there') =>
      this.#pulled.get(job, JSON.stringify([place, found.descriptor.digest, name, platform]), (signal) =>
        pullImage(found, { name, platform, content, repository: reference, signal }),
      );
    const here = await this.#here(reference, mode);
    if (here) {
      try {
        // Its layers may not have been wanted so far.
        return await pull({ ...here, blobs: this.#elsewhere(reference, job) }, 'here');
      } catch (error) {
        // Built here for another platform, or gc took a part of it.
        if (!(error instanceof Failed)) throw error;
      }
    }
    if (options.here) throw wrong(name, `${name} is not on this machine`);
    return pull(await this.#remote(reference, job), 'there');
  }

  /** The image as this machine has it, by digest or by the tag of a build. */
  async #here(reference: Reference, mode: Mode): Promise<FoundImage | undefined> {
    const { content, images } = this.#options;
    if (reference.digest) {
      const size = await content.stat(reference.digest);
      return size === undefined ? undefined : localImage(content, { mediaType: '', digest: reference.digest, size });
    }
    const descriptor = mode === 'pull' ? undefined : await images.get(normalised(reference));
    return descriptor && localImage(content, descriptor);
  }

  /** The registry's content, asked only for what is not here. */
  #elsewhere(reference: Reference, job: Job): FoundImage['blobs'] {
    const found = () => this.#remote(reference, job);
    return {
      async *open(descriptor, options) {
        yield* (await found()).blobs.open(descriptor, options);
      },
    };
  }

  /** A tag is settled once in a session, so that a build doesn't see it move. */
  #remote(reference: Reference, job: Job): Promise<FoundImage> {
    const { session } = job;
    const name = normalised(reference);
    return this.#found.get(job, name, (signal) =>
      this.#lately.get({ session, signal }, name, (signal) =>
        this.#options.registries.as(session).resolve(reference, { signal }),
      ),
    );
  }
}

/** What a pulled image is to the solver. */
export function pinnedImage(
  image: PulledImage,
  options: {
    readonly cache: Cache;
    readonly description: string;
    readonly platform: Platform;
    readonly limit: number | undefined;
    readonly recordType?: RecordType | undefined;
  },
): Pinned {
  const { cache, description, platform, limit, recordType } = options;
  if (limit !== undefined && limit > image.layers.length) {
    throw wrong(
      description,
      `layer limit ${limit} is greater than the number of layers in the image ${image.layers.length}`,
    );
  }
  const layers = image.layers.slice(0, limit);
  return {
    pin: image.digest,
    keys: imageKeys(image, { platform, ...(limit !== undefined && { limit }) }).map((key) => ({ key })),
    downloads: async () =>
      (await cache.missing(layers)).map(({ descriptor: { digest, size } }) => ({ id: digest, bytes: size })),
    tree: async () =>
      layers.length
        ? cache.fromLayers(layers, { description, ...(recordType && { recordType }) })
        : cache.scratch.clone(),
  };
}

/** Content that is in a store here, under the interface of what registries have. */
export function localImage(content: LentStore, descriptor: Descriptor): FoundImage {
  return {
    descriptor,
    blobs: content,
    manifest: async (digest, { signal }) => {
      const size = await content.stat(digest);
      return collect(content.open({ digest, size: size ?? 0 }, { signal }), 8 * 1024 * 1024);
    },
  };
}

/** `image.layerlimit` and `oci.layerlimit`. */
export function layerLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d{0,5}$/.test(text)) throw wrong(text, `invalid layer limit ${text}`);
  return Number(text);
}

function readReference(text: string): Reference {
  try {
    return parseReference(text);
  } catch (error) {
    throw wrong(text, (error as Error).message);
  }
}

function modeOf(text = 'default'): Mode {
  if (text === '' || text === 'default') return 'default';
  if (text === 'pull' || text === 'local') return text;
  throw wrong(text, `invalid resolvemode: ${text}`);
}

function recordTypeOf(text: string | undefined): RecordType | undefined {
  if (text === undefined || text === '') return undefined;
  if (text === 'regular' || text === 'internal' || text === 'frontend') return text;
  throw wrong(text, `invalid record type ${text}`);
}

/** A digest out of an identifier, or a failure that names it. */
export function digestOfIdentifier(text: string): Digest {
  const digest = text.slice(text.indexOf('@') + 1);
  if (!text.includes('@') || !isDigest(digest))
    throw wrong(text, `reference ${JSON.stringify(text)} must have a digest`);
  return digest;
}

function wrong(identifier: string, message: string): Failed<SourceFailure> {
  return new Failed<SourceFailure>({ kind: 'source-identifier', identifier, message });
}
