import type { Descriptor } from '../oci/descriptor.ts';
import type { Remote } from './remote.ts';
import { pushScope } from './upload.ts';

export interface NamedManifest {
  readonly path: string;
  /** A tag, or the digest itself. */
  readonly name: string;
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
  readonly signal: AbortSignal;
}

/** Puts a manifest under a name. `subjectKnown`: the registry itself lists it among its subject's referrers. */
export async function putManifest(
  remote: Remote,
  { path, name, descriptor, bytes, signal }: NamedManifest,
): Promise<{ readonly subjectKnown: boolean }> {
  const response = await remote.request({
    method: 'PUT',
    to: `${path}/manifests/${name}`,
    headers: { 'content-type': descriptor.mediaType },
    body: () => bytes,
    scopes: [pushScope(path)],
    accept: [200, 201, 202],
    signal,
  });
  await response.discard();
  const said = response.headers['docker-content-digest'];
  if (said !== undefined && said !== descriptor.digest) {
    throw remote.lies(`digest ${said} for the manifest ${descriptor.digest} that was pushed`);
  }
  return { subjectKnown: response.headers['oci-subject'] !== undefined };
}
