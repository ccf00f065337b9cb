import { posix } from 'node:path';
import { digestOf, isDigest, type Digest } from '../oci/digest.ts';
import { Failed } from '../std/failed.ts';
import { goJson } from '../std/go-json.ts';
import type { SourceFailure } from './failure.ts';
import type { SourceRequest } from './source.ts';

/** What an `http://` or `https://` source asks for (LLB-059). */
export interface HttpIdentifier {
  readonly url: string;
  readonly checksum: Digest | undefined;
  /** '' takes it from the answer or the URL. */
  readonly filename: string;
  /** 0 is BuildKit's default, 0600. */
  readonly perm: number;
  readonly uid: number;
  readonly gid: number;
  /** Name of the secret that is the `Authorization` header. */
  readonly authHeaderSecret: string | undefined;
  /** Sorted by name, which is written as Go does. */
  readonly headers: readonly { readonly Name: string; readonly Value: string }[];
}

export function readHttpIdentifier({ scheme, name, attrs }: SourceRequest): HttpIdentifier {
  const url = `${scheme}://${name}`;
  if (!URL.canParse(url)) throw wrong(withoutSecrets(url), 'it is no URL');
  const number = (attr: string) => {
    const value = attrs[attr];
    if (value === undefined) return 0;
    const octal = /^0[0-7]+$/.test(value) ? `0o${value.slice(1)}` : value;
    if (!/^(?:\d+|0[xX][0-9a-fA-F]+|0[oO][0-7]+)$/.test(octal))
      throw wrong(withoutSecrets(url), `${attr}=${value} is no number`);
    return Number(octal);
  };
  const checksum = attrs['http.checksum'] || undefined;
  if (checksum !== undefined && !isDigest(checksum))
    throw wrong(withoutSecrets(url), `http.checksum=${checksum} is no digest`);
  if (attrs['http.sig.pubkey'] !== undefined || attrs['http.sig.signature'] !== undefined) {
    throw wrong(withoutSecrets(url), 'signatures of downloads cannot be verified yet');
  }
  // As in BuildKit, others are dropped.
  const headers = ['Accept', 'User-Agent'].flatMap((Name) => {
    const Value = attrs[`http.header.${Name.toLowerCase()}`];
    return Value === undefined ? [] : [{ Name, Value }];
  });
  return {
    url,
    checksum,
    filename: attrs['http.filename'] ?? '',
    perm: number('http.perm'),
    uid: number('http.uid'),
    gid: number('http.gid'),
    authHeaderSecret: attrs['http.authheadersecret'] || undefined,
    headers,
  };
}

/** BuildKit's cache key of a download (LLB-064). `lastModified` in milliseconds since the epoch. */
export function httpKey(
  id: HttpIdentifier,
  content: { readonly filename: string; readonly digest: Digest; readonly lastModified: number | undefined },
): Digest {
  const { perm, uid, gid, authHeaderSecret, headers } = id;
  const { filename, digest, lastModified } = content;
  return digestOf(
    goJson({
      Filename: filename,
      Perm: perm,
      UID: uid,
      GID: gid,
      Checksum: digest,
      ...(lastModified !== undefined && { LastModTime: new Date(lastModified).toUTCString() }),
      ...(authHeaderSecret && { AuthHeaderSecret: authHeaderSecret }),
      ...(headers.length && { Header: headers }),
    }),
  );
}

/** Names everything that a download's tree depends on but the content. */
export function httpTarget({ url, filename, perm, uid, gid, authHeaderSecret, headers }: HttpIdentifier): Digest {
  return digestOf(JSON.stringify([url, filename, perm, uid, gid, authHeaderSecret, headers]));
}

/** What to call the file: what was asked for, what the answer says, or the end of the URL's path; one safe name. */
export function httpFilename({ url, filename }: HttpIdentifier, contentDisposition?: string): string {
  if (filename !== '') return safeName(filename);
  const told = contentDisposition && dispositionFilename(contentDisposition);
  if (told && !told.endsWith('/')) return safeName(told);
  const { pathname } = new URL(url);
  let decoded = pathname;
  try {
    decoded = decodeURIComponent(pathname);
  } catch {
    // A stray percent sign stays what it is.
  }
  return safeName(decoded);
}

/** The last name of a path; `download` where it has none that a file could have. */
function safeName(path: string): string {
  const name = posix.basename(path);
  return name === '' || name === '.' || name === '..' || name.includes('\0') || Buffer.byteLength(name) > 255
    ? 'download'
    : name;
}

function dispositionFilename(header: string): string | undefined {
  const extended = /;\s*filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(header)?.[1];
  if (extended !== undefined) {
    try {
      return decodeURIComponent(extended);
    } catch {
      return undefined;
    }
  }
  const [, quoted, bare] = /;\s*filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]+))/i.exec(header) ?? [];
  return quoted?.replace(/\\(.)/g, '$1') ?? bare;
}

/** A URL for people: without password and query, which may hold keys. */
export function withoutSecrets(url: string): string {
  if (!URL.canParse(url)) return 'the URL';
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

function wrong(identifier: string, why: string): Failed<SourceFailure> {
  return new Failed<SourceFailure>({
    kind: 'source-identifier',
    identifier,
    message: `${identifier} can't be fetched: ${why}`,
  });
}
