// Manifests that have another one as their `subject`: signatures, attestations, release notes. Registries list them;
// for those that can't, clients keep the list under a tag.

import type { Descriptor } from '../oci/descriptor.ts';
import { isDigest, digestOf, encoded, type Digest } from '../oci/digest.ts';
import { mediaTypes } from '../oci/media-type.ts';
import { readManifest } from '../oci/read-manifest.ts';
import { collect } from '../std/collect.ts';
import { manifestLimit, pullScope } from './pull.ts';
import { putManifest, type NamedManifest } from './put-manifest.ts';
import type { Remote } from './remote.ts';

export interface ReferrersRequest {
  readonly path: string;
  readonly subject: Digest;
  /** Only those of this type. */
  readonly artifactType?: string;
  readonly signal: AbortSignal;
}

/** More pages than that are no list. */
const mostPages = 1000;

/** What refers to a manifest; nothing if the registry knows nothing of it. */
export async function listReferrers(remote: Remote, request: ReferrersRequest): Promise<readonly Descriptor[]> {
  const { path, subject, artifactType, signal } = request;
  const wanted = ({ artifactType: type }: Descriptor) => artifactType === undefined || type === artifactType;
  const query = artifactType === undefined ? '' : `?artifactType=${encodeURIComponent(artifactType)}`;
  const found: Descriptor[] = [];
  let to: string | undefined = `${path}/referrers/${subject}${query}`;
  for (let page = 0; to !== undefined; page++) {
    if (page === mostPages) throw remote.lies('a list of referrers that does not end');
    const response = await remote.request({ method: 'GET', to, scopes: [pullScope(path)], accept: [200, 404], signal });
    if (response.status === 404) {
      await response.discard();
      return (await taggedReferrers(remote, request)).manifests.filter(wanted);
    }
    found.push(...indexed(remote, await collect(response.body, manifestLimit)));
    const link = /<([^>]*)>\s*;[^,]*\brel="?next"?/i.exec(response.headers['link'] ?? '')?.[1];
    to = link === undefined ? undefined : await remote.locate(link, signal);
  }
  // A registry may not filter.
  return found.filter(wanted);
}

/** The tag under which clients keep the list: `sha256-…`. */
export function referrersTag(subject: Digest): string {
  const algorithm = subject.slice(0, subject.indexOf(':')).slice(0, 32);
  return `${algorithm}-${encoded(subject).slice(0, 64)}`.replace(/[^A-Za-z0-9_.-]/g, '-');
}

/** Puts a manifest that was pushed into the list of its subject, if it has one, as a registry without the API needs it. */
export async function addReferrer(remote: Remote, manifest: NamedManifest): Promise<void> {
  const { path, descriptor, bytes, signal } = manifest;
  const { subject, artifactType, config, annotations } = JSON.parse(Buffer.from(bytes).toString()) as {
    readonly subject?: { readonly digest?: unknown };
    readonly artifactType?: string;
    readonly config?: { readonly mediaType?: string };
    readonly annotations?: Readonly<Record<string, string>>;
  };
  if (typeof subject?.digest !== 'string' || !isDigest(subject.digest)) return;
  const list = await taggedReferrers(remote, { path, subject: subject.digest, signal });
  if (list.other) throw remote.lies(`something else than an index under the tag ${referrersTag(subject.digest)}`);
  if (list.manifests.some(({ digest }) => digest === descriptor.digest)) return;
  const type = artifactType || config?.mediaType;
  const { mediaType, digest, size } = descriptor;
  const entry = { mediaType, digest, size, ...(type && { artifactType: type }), ...(annotations && { annotations }) };
  const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: [...list.manifests, entry] };
  const listBytes = Buffer.from(JSON.stringify(index));
  const listDescriptor = { mediaType: mediaTypes.ociIndex, digest: digestOf(listBytes), size: listBytes.length };
  const name = referrersTag(subject.digest);
  await putManifest(remote, { path, name, descriptor: listDescriptor, bytes: listBytes, signal });
}

/** The list as clients keep it. `other` if the tag is something else, which is no list. */
async function taggedReferrers(
  remote: Remote,
  { path, subject, signal }: Pick<ReferrersRequest, 'path' | 'subject' | 'signal'>,
): Promise<{ readonly manifests: readonly Descriptor[]; readonly other: boolean }> {
  const response = await remote.request({
    method: 'GET',
    to: `${path}/manifests/${referrersTag(subject)}`,
    headers: { accept: mediaTypes.ociIndex },
    scopes: [pullScope(path)],
    accept: [200, 404],
    signal,
  });
  if (response.status === 404) {
    await response.discard();
    return { manifests: [], other: false };
  }
  const bytes = await collect(response.body, manifestLimit);
  try {
    const read = readManifest(bytes);
    return read.kind === 'index' ? { manifests: read.index.manifests, other: false } : { manifests: [], other: true };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { manifests: [], other: true };
  }
}

function indexed(remote: Remote, bytes: Uint8Array): readonly Descriptor[] {
  try {
    const read = readManifest(bytes);
    if (read.kind === 'index') return read.index.manifests;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  throw remote.lies('a list of referrers that is no image index');
}
