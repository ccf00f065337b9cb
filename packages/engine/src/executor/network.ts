// Which network a container gets. A mode `sandbox` means a namespace behind a bridge where the engine was asked for that,
// and the machine's own network else, as buildkitd without CNI has it.

import { dirname } from 'node:path';
import { Bridge, bridgeTools } from './bridge.ts';
import type { Process } from './executor.ts';
import type { SpecInput } from './spec.ts';

/** `auto` is a namespace of its own where the machine has the tools, else the machine's own network. */
export type NetworkChoice = 'host' | 'bridge' | 'auto';

/** A container's network; disposing takes it down. */
export interface Network extends AsyncDisposable {
  readonly namespace: SpecInput['network'];
  /** Where this machine reaches what listens in it; undefined where nothing does. */
  readonly address?: string;
}

export interface NetworkOptions {
  /** That of the container, if it is not the machine's: only networks made in it can be joined from there. */
  readonly userNamespace?: string | undefined;
}

/** The networks of one engine. */
export class Networks implements AsyncDisposable {
  readonly #choice: NetworkChoice;
  readonly #leaseId: string;
  #bridge: Promise<Bridge> | undefined;

  constructor({ choice, leaseId }: { readonly choice: NetworkChoice; readonly leaseId: string }) {
    this.#choice = choice;
    this.#leaseId = leaseId;
  }

  /** For a container whose folder is `bundle`, below the lease's. Throws `network-unavailable`. */
  async open(mode: Process['network'], bundle: string, options: NetworkOptions = {}): Promise<Network> {
    if (mode === 'none') return { namespace: { kind: 'own' }, async [Symbol.asyncDispose]() {} };
    if (mode === 'host' || this.#choice === 'host' || (this.#choice === 'auto' && !bridgeTools())) {
      return { namespace: { kind: 'host' }, address: 'localhost', async [Symbol.asyncDispose]() {} };
    }
    this.#bridge ??= Bridge.open(this.#leaseId, dirname(bundle));
    return (await this.#bridge).connect(bundle, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const bridge = this.#bridge;
    this.#bridge = undefined;
    // One that could not be made has told so already.
    await (await bridge?.catch(() => undefined))?.[Symbol.asyncDispose]();
  }
}
