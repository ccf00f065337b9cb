import { resolve } from 'node:path';
import { isDigest, type Digest } from '../oci/digest.ts';
import { normalised, parseReference, type Reference } from '../oci/reference.ts';
import { Failed } from '../std/failed.ts';
import type { ImageToolsFailure } from './failure.ts';

/** Where an image is, or shall be. */
export type Location =
  | { readonly kind: 'registry'; readonly reference: Reference }
  /** A folder or a tar; without tag and digest the only image there is, or `latest`. */
  | { readonly kind: 'layout'; readonly path: string; readonly tag?: string; readonly digest?: Digest };

/** Reads `registry/repository[:tag][@digest]` or `oci-layout://PATH[:tag][@digest]`. Fails with `image-source`. */
export function parseLocation(text: string, { cwd }: { readonly cwd: string }): Location {
  if (!text.startsWith('oci-layout://')) {
    try {
      return { kind: 'registry', reference: parseReference(text) };
    } catch (error) {
      throw wrongSource(text, (error as Error).message);
    }
  }
  const body = text.slice('oci-layout://'.length);
  const [, path = '', tag, digest] = /^(.*?)(?::([\w][\w.-]{0,127}))?(?:@([^@/]+))?$/.exec(body) ?? [];
  if (path === '') throw wrongSource(text, `${text} names no layout: write oci-layout://PATH[:TAG][@DIGEST]`);
  if (digest !== undefined && !isDigest(digest)) throw wrongSource(text, `${JSON.stringify(digest)} is not a digest`);
  return { kind: 'layout', path: resolve(cwd, path), ...(tag !== undefined && { tag }), ...(digest && { digest }) };
}

/** The repository or layout, without tag and digest. */
export function placeOf(location: Location): string {
  if (location.kind === 'layout') return location.path;
  return `${location.reference.domain}/${location.reference.path}`;
}

/** The same place, and in it what has this digest alone. */
export function withDigest(location: Location, digest: Digest): Location {
  if (location.kind === 'layout') return { kind: 'layout', path: location.path, digest };
  const { domain, path } = location.reference;
  return { kind: 'registry', reference: { domain, path, digest } };
}

/** In full, for people. */
export function formatLocation(location: Location): string {
  if (location.kind === 'registry') return normalised(location.reference);
  const { path, tag, digest } = location;
  const tagged = tag ?? (digest ? undefined : 'latest');
  return `oci-layout://${path}${tagged === undefined ? '' : `:${tagged}`}${digest ? `@${digest}` : ''}`;
}

export function wrongSource(source: string, message: string): Failed<ImageToolsFailure> {
  return new Failed<ImageToolsFailure>({ kind: 'image-source', source, message });
}
