import { Failed } from '../std/failed.ts';
import type { LoaderFailure } from './failure.ts';
import type { LoadableImage, Loader, Stop } from './loader.ts';
import { refusedBy, runProgram, type Ended } from './program.ts';

/** Into containerd, by its own `ctr`, in the namespace that CONTAINERD_NAMESPACE names. */
export class ContainerdLoader implements Loader {
  readonly name = 'containerd';
  readonly #env: NodeJS.ProcessEnv;
  readonly #namespace: string;

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
    this.#namespace = env['CONTAINERD_NAMESPACE'] || 'default';
  }

  async check(stop: Stop): Promise<void> {
    const ended = await this.#ctr(['version'], stop);
    if (ended.code === 0) return;
    const said = ended.stderr.trim().split('\n').at(-1);
    const message = `containerd can't be reached: ${said}; start it, or say where it is by CONTAINERD_ADDRESS`;
    throw new Failed<LoaderFailure>({ kind: 'loader-missing', loader: this.name, message });
  }

  async load(image: LoadableImage, stop: Stop): Promise<'loaded' | 'there'> {
    if (image.names.length === 0) {
      const message = 'containerd keeps images by their names; give it one: -t NAME';
      throw new Failed<LoaderFailure>({ kind: 'loader-refused', loader: this.name, message });
    }
    if (await this.#has(image, stop)) return 'there';
    const loaded = await this.#ctr(['images', 'import', '--all-platforms', '-'], stop, image.archive());
    if (loaded.code !== 0) throw refusedBy(this.name, loaded);
    return 'loaded';
  }

  /** Whether all names mean this very image. */
  async #has({ names, digest }: LoadableImage, stop: Stop): Promise<boolean> {
    const listed = await this.#ctr(['images', 'list', ...names.map((name) => `name==${name}`)], stop);
    if (listed.code !== 0) throw refusedBy(this.name, listed);
    // NAME, TYPE, DIGEST, …
    const rows = listed.stdout.split('\n').map((line) => line.split(/\s+/));
    return names.every((name) => rows.some((row) => row[0] === name && row[2] === digest));
  }

  #ctr(args: readonly string[], { signal }: Stop, input?: AsyncIterable<Uint8Array>): Promise<Ended> {
    const install = 'install containerd, which brings it: apt-get install -y containerd';
    const command = ['ctr', '--namespace', this.#namespace, ...args] as const;
    return runProgram(command, { env: this.#env, install, signal, ...(input && { input }) });
  }
}
