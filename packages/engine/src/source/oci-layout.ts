import type { Cache } from '../cache/api.ts';
import type { Store } from '../content/store.ts';
import type { Digest } from '../oci/digest.ts';
import { hostPlatform, type Platform } from '../oci/platform.ts';
import type { Job } from '../session/job.ts';
import { Failed } from '../std/failed.ts';
import type { SourceFailure } from './failure.ts';
import { digestOfIdentifier, layerLimit, localImage, pinnedImage } from './image.ts';
import { pullImage, type PulledImage } from './pulled-image.ts';
import type { ImageResolver, Pinned, Source } from './source.ts';

/** `oci-layout://name@digest`: an image in an OCI layout that the session lends. Layers are read when they are used. */
export class OciLayoutSource implements Source, ImageResolver {
  readonly schemes = ['oci-layout'];
  readonly #options: { readonly cache: Cache; readonly content: Store };

  constructor(options: { readonly cache: Cache; readonly content: Store }) {
    this.#options = options;
  }

  /** `reference` is `name@digest`; the mode is always as `pull`. */
  async resolve(
    reference: string,
    { platform = hostPlatform() }: { readonly platform?: Platform },
    job: Job,
  ): Promise<{ readonly digest: Digest; readonly config: Uint8Array }> {
    const { digest, config } = await this.#pull(reference, { platform, store: storeOf(reference) }, job);
    return { digest, config };
  }

  async pin({ name, attrs, platform = hostPlatform() }: Parameters<Source['pin']>[0], job: Job): Promise<Pinned> {
    const limit = layerLimit(attrs['oci.layerlimit']);
    const store = attrs['oci.store'] || storeOf(name);
    const image = await this.#pull(name, { platform, store }, job);
    return pinnedImage(image, { cache: this.#options.cache, description: `from OCI layout ${store}`, platform, limit });
  }

  async #pull(
    name: string,
    { platform, store }: { platform: Platform; store: string },
    job: Job,
  ): Promise<PulledImage> {
    const digest = digestOfIdentifier(name);
    const layout = await job.session.store(store);
    if (!layout) {
      const message = `the client lends no OCI layout named ${JSON.stringify(store)}`;
      throw new Failed<SourceFailure>({ kind: 'store-missing', name: store, message });
    }
    const size = await layout.stat(digest);
    if (size === undefined) {
      const message = `OCI layout ${JSON.stringify(store)} does not have ${digest}`;
      throw new Failed<SourceFailure>({ kind: 'source-identifier', identifier: name, message });
    }
    const found = localImage(layout, { mediaType: '', digest, size });
    return pullImage(found, {
      name: `oci-layout://${name}`,
      platform,
      content: this.#options.content,
      signal: job.signal,
    });
  }
}

/** BuildKit's client writes names of stores as if they were image names. */
function storeOf(name: string): string {
  return name.slice(0, name.indexOf('@')).replace(/:[^:/]*$/, '');
}
