import { isDigest, type Digest } from './digest.ts';

/** A name of an image: `docker.io/library/busybox:latest`, `localhost:5000/app@sha256:…`. */
export interface Reference {
  /** Registry host with port, `docker.io` when none was written. */
  readonly domain: string;
  /** Repository in the registry, `library/…` added for docker.io's own. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

const component = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const host =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/;
const tagPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** Reads a name as Docker does, filling in `docker.io` and `library/`. Throws a `TypeError` that says what is wrong. */
export function parseReference(text: string): Reference {
  const wrong = (why: string) => new TypeError(`invalid reference ${JSON.stringify(text)}: ${why}`);
  let rest = text;
  let digest: Digest | undefined;
  let tag: string | undefined;
  const at = rest.indexOf('@');
  if (at >= 0) {
    const given = rest.slice(at + 1);
    if (!isDigest(given)) throw wrong('the part after @ is not a digest such as sha256:…');
    digest = given;
    rest = rest.slice(0, at);
  }
  const colon = rest.lastIndexOf(':');
  if (colon > rest.lastIndexOf('/')) {
    tag = rest.slice(colon + 1);
    if (!tagPattern.test(tag)) throw wrong(`${JSON.stringify(tag)} is not a tag`);
    rest = rest.slice(0, colon);
  }
  if (rest === '') throw wrong('it has no repository');
  const slash = rest.indexOf('/');
  const first = slash < 0 ? '' : rest.slice(0, slash);
  const hasDomain = slash > 0 && (/[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first);
  let domain = hasDomain ? first : 'docker.io';
  let path = hasDomain ? rest.slice(slash + 1) : rest;
  if (domain === 'index.docker.io') domain = 'docker.io';
  if (domain === 'docker.io' && !path.includes('/')) path = `library/${path}`;
  if (!host.test(domain)) throw wrong(`${JSON.stringify(domain)} is not a host`);
  if (path.toLowerCase() !== path) throw wrong('repository name must be lowercase');
  if (!isRepository(path)) throw wrong(`${JSON.stringify(path)} is not a repository`);
  return { domain, path, ...(tag !== undefined && { tag }), ...(digest && { digest }) };
}

/** Whether this may be a repository's name in a registry. */
export function isRepository(path: string): boolean {
  return path.split('/').every((part) => component.test(part));
}

/** The full form, `docker.io/library/busybox:latest`: `:latest` is added where there is neither tag nor digest. */
export function normalised(reference: Reference): string {
  const { domain, path, tag, digest } = reference;
  const tagged = tag ?? (digest ? undefined : 'latest');
  return `${domain}/${path}${tagged === undefined ? '' : `:${tagged}`}${digest ? `@${digest}` : ''}`;
}

/** The form people write: without `docker.io/` and `library/`. */
export function familiar(reference: Reference): string {
  const { domain, path, tag, digest } = reference;
  const name = domain === 'docker.io' ? path.replace(/^library\/(?=[^/]+$)/, '') : `${domain}/${path}`;
  return `${name}${tag === undefined ? '' : `:${tag}`}${digest ? `@${digest}` : ''}`;
}
