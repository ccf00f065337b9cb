// What a client lends to a build: folders, secrets, ssh agents, credentials, a place for output. This room never asks
// who is asking.

import type { Store } from '../content/store.ts';

export interface Session {
  readonly id: string;
  /** Sessions of one account have the same credentials, and may share what those give access to. */
  readonly account?: string;
  /** A folder on the client by its name in `local://name`, or undefined if it lends none of that name. */
  folder(name: string): LocalFolder | undefined;
  /** A secret's bytes (500 KiB at most), or undefined if the client has none of that id. */
  secret(id: string, options: { readonly signal: AbortSignal }): Promise<Uint8Array | undefined>;
  /** A socket that reaches the client's ssh agent or keys, or undefined if it lends none of that id. */
  ssh(id: string, options: { readonly signal: AbortSignal }): Promise<SshAgent | undefined>;
  /** Who to be at a registry. */
  credentials(host: string): Promise<Credentials | undefined>;
  /** An OCI layout the client lends, by its name in `oci-layout://name@digest`. */
  store(name: string): Promise<LentStore | undefined>;
}

/** Content that a client lends for reading. */
export type LentStore = Pick<Store, 'stat' | 'open'>;

/** A folder that a client lends; here it is on this machine. */
export interface LocalFolder {
  /** Absolute path. */
  readonly root: string;
  /** `git`: files are 0644 or 0755 and folders 0755 as git knows them, whatever the checkout's umask was. */
  readonly modes?: 'git';
}

export interface SshAgent extends AsyncDisposable {
  /** Path of a unix socket that speaks the agent protocol. */
  readonly socket: string;
}

export type Credentials =
  | { readonly kind: 'basic'; readonly username: string; readonly password: string }
  | { readonly kind: 'token'; readonly identityToken: string };
