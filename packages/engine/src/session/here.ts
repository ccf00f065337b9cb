// The session of a client in the same process: it lends what lies on this machine.

import { randomUUID } from 'node:crypto';
import type { Layout } from '../content/layout.ts';
import { checkSecret, readSecret, type SecretSource } from './secrets.ts';
import type { Credentials, LocalFolder, Session } from './session.ts';
import { SshAgents, type SshSource } from './ssh.ts';

/** What a client lends. Nothing is lent that isn't named here. */
export interface Lent {
  /** Folders by the names that `local://` has for them. */
  readonly folders?: Readonly<Record<string, LocalFolder>>;
  /** Absolute paths of OCI layouts (folders or tars), by the names that `oci-layout://` has for them. */
  readonly stores?: Readonly<Record<string, string>>;
  readonly secrets?: readonly SecretSource[];
  readonly ssh?: readonly SshSource[];
  /** Docker's config and credential helpers when left out. */
  readonly credentials?: (host: string) => Promise<Credentials | undefined>;
  /** The process's own when left out. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** Lends until it is disposed. Throws at once for secrets that are not there or too large. */
export function openSession({
  folders,
  stores,
  secrets = [],
  ssh = [],
  env = process.env,
  ...lent
}: Lent): Session & AsyncDisposable {
  for (const secret of secrets) checkSecret(secret);
  const opened = new AsyncDisposableStack();
  const lentFolders = new Map(Object.entries(folders ?? {}));
  const lentStores = new Map(Object.entries(stores ?? {}));
  const layouts = new Map<string, Promise<Layout>>();
  const agents = opened.use(new SshAgents(ssh));
  let credentials = lent.credentials;
  return {
    id: randomUUID(),
    ...(!lent.credentials && { account: `docker ${env['DOCKER_CONFIG'] ?? ''} ${env['HOME'] ?? ''}` }),
    folder: (name) => lentFolders.get(name),
    async credentials(host) {
      credentials ??= (await import('../registry/docker-config.ts')).dockerCredentials(env);
      return credentials(host);
    },
    async secret(id, { signal }) {
      const secret = secrets.find((each) => each.id === id);
      return secret && readSecret(secret, { env, signal });
    },
    ssh: (id, options) => agents.open(id, options),
    async store(name) {
      const path = lentStores.get(name);
      if (path === undefined) return undefined;
      let layout = layouts.get(name);
      if (!layout) {
        layout = import('../content/layout.ts').then(({ openLayout }) => openLayout(path));
        layouts.set(name, layout);
        opened.use(await layout);
      }
      return layout;
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}
