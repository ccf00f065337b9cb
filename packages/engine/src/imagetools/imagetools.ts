// Images where they are, without building: what a name stands for, several put together as one, and copies with all that
// is said of them. Registries and OCI layouts alike.

import type { RegistryHosts } from '../registry/hosts.ts';
import { Registries } from '../registry/registry.ts';
import type { Credentials } from '../session/session.ts';
import type { Access } from './found.ts';

export { combine, type Annotation, type Combined, type CombineOptions, type Source } from './combine.ts';
export { find, type Access, type Found } from './found.ts';
export { inspect, type Inspected, type InspectedImage } from './inspect.ts';
export { formatLocation, parseLocation, placeOf, withDigest, wrongSource, type Location } from './location.ts';
export { copyImage, publish } from './publish.ts';

/** Opens registries for somebody; the connections are closed with it. */
export function openAccess(options: {
  readonly credentials: (host: string) => Promise<Credentials | undefined>;
  readonly hosts?: RegistryHosts | (() => Promise<RegistryHosts>);
}): Access & AsyncDisposable {
  const registries = new Registries(options.hosts ? { hosts: options.hosts } : {});
  return {
    registries,
    account: { credentials: options.credentials },
    [Symbol.asyncDispose]: () => registries[Symbol.asyncDispose](),
  };
}
