// The emulators of one engine. Nothing is looked for before somebody wants another architecture's programs, and then
// once for each.

import { join } from 'node:path';
import { hostPlatform, normalise, type Platform } from '../oci/platform.ts';
import { EmulatorNamespace } from './emulator-namespace.ts';
import { emulationOf, unsupported, unsupportedInsecure, type Emulation } from './emulator.ts';

export class Emulators implements AsyncDisposable {
  readonly #found = new Map<string, Promise<Emulation>>();
  #namespace: Promise<EmulatorNamespace> | undefined;

  /**
   * The user namespace that a container for this platform has to be in; undefined where any will do. Nothing in one is
   * as mighty as `insecure` processes are meant to be. `folder` is the lease's. Throws `platform-unsupported`.
   */
  async namespaceFor(
    platform: Platform,
    { folder, insecure }: { readonly folder: string; readonly insecure: boolean },
  ): Promise<string | undefined> {
    const { os, architecture } = normalise(platform);
    if (os !== 'linux') throw unsupported(platform, { kind: 'none' });
    if (architecture === hostPlatform().architecture) return undefined;
    const found = this.#found.get(architecture) ?? emulationOf(platform, { folder });
    this.#found.set(architecture, found);
    const emulation = await found;
    if (emulation.kind === 'native' || emulation.kind === 'registered') return undefined;
    if (emulation.kind !== 'unregistered') throw unsupported(platform, emulation);
    if (insecure) throw unsupportedInsecure(platform);
    try {
      this.#namespace ??= EmulatorNamespace.open(join(folder, 'emulators'));
      const namespace = await this.#namespace;
      namespace.register(architecture, emulation.path);
      return namespace.path;
    } catch (cause) {
      throw unsupported(platform, emulation, cause);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const namespace = this.#namespace;
    this.#namespace = undefined;
    // One that could not be made has told so already.
    await (await namespace?.catch(() => undefined))?.[Symbol.asyncDispose]();
  }
}
