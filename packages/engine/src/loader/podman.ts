import { Failed } from '../std/failed.ts';
import type { LoaderFailure } from './failure.ts';
import type { LoadableImage, Loader, Stop } from './loader.ts';
import { refusedBy, runProgram, type Ended } from './program.ts';

/** Into podman's store, by its program. */
export class PodmanLoader implements Loader {
  readonly name = 'podman';
  readonly #env: NodeJS.ProcessEnv;

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
  }

  async check(stop: Stop): Promise<void> {
    await this.#podman(['--version'], stop);
  }

  async load(image: LoadableImage, stop: Stop): Promise<'loaded' | 'there'> {
    if (image.config === undefined) {
      const message =
        'podman load takes one platform of an image, and no attestations; build for one platform and without';
      throw new Failed<LoaderFailure>({ kind: 'loader-refused', loader: this.name, message });
    }
    const there = await this.#podman(['image', 'exists', image.config], stop);
    if (there.code === 0) {
      const tagged = image.names.length ? await this.#podman(['tag', image.config, ...image.names], stop) : there;
      if (tagged.code !== 0) throw refusedBy(this.name, tagged);
      return 'there';
    }
    const loaded = await this.#podman(['load', '--quiet'], stop, image.archive());
    if (loaded.code !== 0) throw refusedBy(this.name, loaded);
    return 'loaded';
  }

  #podman(args: readonly string[], { signal }: Stop, input?: AsyncIterable<Uint8Array>): Promise<Ended> {
    const install = 'install it: apt-get install -y podman';
    return runProgram(['podman', ...args], { env: this.#env, install, signal, ...(input && { input }) });
  }
}
