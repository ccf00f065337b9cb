// Package URLs. The home of packageurl-js, which knows the rules of each type of package; names of images are written as
// BuildKit writes them.

import { PackageURL } from 'packageurl-js';
import { formatPlatform, normalise, type Platform } from '../oci/platform.ts';
import { familiar, type Reference } from '../oci/reference.ts';

/** A package of a distribution or of npm. */
export interface PackageName {
  readonly type: 'deb' | 'apk' | 'npm';
  /** The distribution (`debian`), or npm's scope (`@types`). */
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly version?: string | undefined;
  readonly qualifiers?: Readonly<Record<string, string>>;
}

export function packagePurl({ type, namespace, name, version, qualifiers = {} }: PackageName): string {
  const given = Object.keys(qualifiers).length > 0 ? { ...qualifiers } : undefined;
  return new PackageURL(type, namespace, name, version, given, undefined).toString();
}

/** `pkg:docker/alpine@3.20?platform=linux%2Famd64`; type `oci` is an image that is in no registry. */
export function imagePurl(type: 'docker' | 'oci', reference: Reference, platform?: Platform): string {
  const { digest } = reference;
  const tag = reference.tag ?? (digest ? undefined : 'latest');
  const path = familiar({ domain: reference.domain, path: reference.path }).split('/').map(encodeURIComponent);
  const qualifiers = [
    ...(digest ? [`digest=${digest}`] : []),
    ...(platform ? [`platform=${encodeURIComponent(formatPlatform(normalise(platform)))}`] : []),
  ];
  const version = tag === undefined ? '' : `@${encodeURIComponent(tag)}`;
  return `pkg:${type}/${path.join('/')}${version}${qualifiers.length > 0 ? `?${qualifiers.join('&')}` : ''}`;
}
