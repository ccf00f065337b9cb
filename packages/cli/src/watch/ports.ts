// How the ports of a container are reached. In the network of this machine what it listens on is there by itself, on all
// addresses that it asks for; from other numbers, and into a network of its own, something has to lead.

import type { PortSpec, WatchSpec } from '@monokit/config';

/** Where a container's network is. */
export type Reach = 'machine' | 'own' | 'nowhere';

/** What is reached at `localhost` is in the network of this machine. */
export function isForwarded(port: PortSpec, address: string): boolean {
  return !lacks(port, address === 'localhost' ? 'machine' : 'own') && !isThere(port, address === 'localhost');
}

/** Whether a port can't be as it is written. */
export function lacks(port: PortSpec, reach: Reach): boolean {
  if (reach === 'nowhere') return true;
  if (isThere(port, reach === 'machine')) return false;
  if (port.protocol === 'udp') return true;
  // Something of ours in front would not keep others from where it listens itself.
  return reach === 'machine' && port.published === port.target;
}

function isThere({ published = 0, target, address }: PortSpec, onMachine: boolean): boolean {
  return onMachine && (published === 0 || (published === target && address === undefined));
}

/** Ports of this machine that several containers listen on by themselves, each with whom: only one of them can. */
export function contested(
  specs: ReadonlyMap<string, Pick<WatchSpec, 'ports'>>,
): ReadonlyMap<number, readonly string[]> {
  const listeners = new Map<number, Set<string>>();
  for (const [image, { ports }] of specs) {
    for (const { target } of ports) listeners.set(target, (listeners.get(target) ?? new Set()).add(image));
  }
  return new Map([...listeners].filter(([, images]) => images.size > 1).map(([port, images]) => [port, [...images]]));
}
