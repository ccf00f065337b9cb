// The files that containers find as /etc/hosts and /etc/resolv.conf: shared where they are equal.

import { chmodSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Process } from './executor.ts';
import { hostsText } from './hosts.ts';
import { resolvSource, resolvText, type Dns } from './resolv.ts';
import { defaultHostname } from './spec.ts';

export class LeaseFiles {
  readonly #folder: string;
  readonly #dns: Dns | undefined;
  readonly #written = new Map<string, number>();

  constructor(folder: string, dns?: Dns) {
    this.#folder = folder;
    this.#dns = dns;
  }

  /** Written anew when the machine's own has changed. */
  resolvConf(network: 'host' | 'own'): string {
    const path = join(this.#folder, network === 'host' ? 'resolv-host.conf' : 'resolv.conf');
    const { text, mtime } = resolvSource(network);
    if (this.#written.get(path) !== mtime) {
      write(path, resolvText(text, network, this.#dns));
      this.#written.set(path, mtime);
    }
    return path;
  }

  /** In the container's own folder where it differs from what most have. */
  hosts(bundle: string, { hostname, extraHosts }: Pick<Process, 'hostname' | 'extraHosts'>): string {
    const common = extraHosts.length === 0 && (hostname || defaultHostname) === defaultHostname;
    const path = join(common ? this.#folder : bundle, 'hosts');
    if (common && this.#written.has(path)) return path;
    write(path, hostsText(hostname, extraHosts));
    this.#written.set(path, 0);
    return path;
  }
}

/** Containers that run keep the old file, whole. */
function write(path: string, text: string): void {
  writeFileSync(`${path}.new`, text);
  chmodSync(`${path}.new`, 0o644);
  renameSync(`${path}.new`, path);
}
