import { isAbsolute } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Failed } from '../std/failed.ts';
import type { RegistryFailure } from './failure.ts';
import type { Trust } from './transport.ts';

/** How one registry is reached. */
export interface RegistryHost {
  /**
   * Asked before the registry itself, in order: `https://host[/path]`, `http://host[/path]`, `host[/path]`, or the
   * absolute path (or `file://` URL) of an OCI image layout, or of a folder with a layout for each repository.
   */
  readonly mirrors?: readonly string[];
  /** Plain HTTP. Loopback hosts are reached so anyway, unless they have a `ca`. */
  readonly http?: boolean;
  /** PEM files (absolute) of authorities that vouch for it and for where it sends us, beyond the system's. */
  readonly ca?: readonly string[];
  /** Don't check certificates, and fall back to plain HTTP where there is no TLS at all. */
  readonly insecure?: boolean;
  /** Upload blobs in pieces of so many bytes, for proxies that limit a request's size. */
  readonly chunkSize?: number;
}

/** By the host that image names carry: `docker.io`, `ghcr.io`, `localhost:5000`. */
export type RegistryHosts = Readonly<Record<string, RegistryHost>>;

/** One place to ask for an image. */
export type Endpoint = RemoteEndpoint | LayoutEndpoint;

export interface RemoteEndpoint {
  readonly kind: 'remote';
  /** What credentials are kept under, and what failures name. */
  readonly host: string;
  /** Base of all requests, ends in `/v2` (and a mirror's path). */
  readonly url: string;
  readonly trust: Trust;
  /** Set for mirrors: the registry they stand in for, told as `?ns=`. */
  readonly mirrorOf?: string;
  readonly chunkSize?: number;
}

export interface LayoutEndpoint {
  readonly kind: 'layout';
  readonly path: string;
}

/** Where to ask for images named `domain/…`: mirrors first, the registry itself last. */
export function endpointsOf(domain: string, hosts: RegistryHosts): readonly Endpoint[] {
  return [
    ...(hosts[domain]?.mirrors ?? []).map((mirror) => mirrorEndpoint(mirror, domain, hosts)),
    ownEndpoint(domain, hosts),
  ];
}

/** The registry itself; the only one to push to. */
export function ownEndpoint(domain: string, hosts: RegistryHosts): RemoteEndpoint {
  const { chunkSize } = hosts[domain] ?? {};
  if (chunkSize !== undefined && !(Number.isSafeInteger(chunkSize) && chunkSize > 0)) {
    throw wrong(domain, `chunkSize of registry ${domain} must be a positive number of bytes`);
  }
  const address = domain === 'docker.io' ? 'registry-1.docker.io' : domain;
  return {
    kind: 'remote',
    host: domain,
    url: `${isPlain(domain, hosts[domain]) ? 'http' : 'https'}://${address}/v2`,
    trust: trustOf(hosts[domain]),
    ...(chunkSize !== undefined && { chunkSize }),
  };
}

function mirrorEndpoint(mirror: string, domain: string, hosts: RegistryHosts): Endpoint {
  if (isAbsolute(mirror)) return { kind: 'layout', path: mirror };
  if (mirror.startsWith('file://')) return { kind: 'layout', path: fileURLToPath(mirror) };
  const schemed = /^https?:\/\//.test(mirror);
  const named = schemed ? mirror : `https://${mirror}`;
  if (!URL.canParse(named) || /^\.{0,2}\//.test(mirror)) {
    throw wrong(domain, `mirror ${JSON.stringify(mirror)} of ${domain} is neither a URL, a host, nor an absolute path`);
  }
  const { protocol, host, pathname, username, password } = new URL(named);
  if (username || password) {
    throw wrong(
      domain,
      `the mirror ${host} of ${domain} has credentials in its URL; \`docker login\` keeps them better`,
    );
  }
  const own = hosts[host];
  const http = schemed ? protocol === 'http:' : isPlain(host, own);
  return {
    kind: 'remote',
    host,
    url: `${http ? 'http' : 'https'}://${host}/v2${pathname.replace(/\/+$/, '')}`,
    trust: trustOf(own),
    mirrorOf: domain,
  };
}

/** Whether it is reached by plain HTTP. */
function isPlain(host: string, { http, ca }: RegistryHost = {}): boolean {
  if (http && ca?.length) {
    throw wrong(host, `registry ${host} is configured with both http and ca: plain HTTP has no certificates`);
  }
  return http ?? (isLoopback(host) && !ca?.length);
}

function trustOf({ insecure = false, ca = [] }: RegistryHost = {}): Trust {
  return { insecure, ca };
}

/** Whether a host (with or without port) is this machine's loopback. */
export function isLoopback(host: string): boolean {
  const name = host.replace(/:\d+$/, '');
  return name === 'localhost' || name === '[::1]' || name === '::1' || /^127(?:\.\d{1,3}){3}$/.test(name);
}

function wrong(host: string, message: string): Failed<RegistryFailure> {
  return new Failed<RegistryFailure>({ kind: 'registry-config', host, message });
}
