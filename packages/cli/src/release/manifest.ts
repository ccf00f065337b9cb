// What a release is, written down: for people, for deployments, and for the next release.

import { readFile, rename, writeFile } from 'node:fs/promises';
import type { RegistryClient } from '@monokit/engine';
import { digestOf, isDigest, type Digest } from '@monokit/engine/oci/digest';
import { mediaTypes } from '@monokit/engine/oci/media-type';
import type { Reference } from '@monokit/engine/oci/reference';
import { collect } from '@monokit/engine/std/collect';
import { failedOf } from '@monokit/engine/std/failed';
import { Mistake } from '../mistake.ts';

export interface ReleaseManifest {
  readonly schemaVersion: 1;
  readonly version: string;
  readonly commit: string;
  readonly source?: string;
  /** Those of every image. */
  readonly tags: readonly string[];
  readonly images: readonly ReleasedImage[];
  /** Images of the workspace that were left out of this release, as they were released before. */
  readonly others?: readonly ReleasedImage[];
}

export interface ReleasedImage {
  readonly id: string;
  readonly repositories: readonly string[];
  readonly digest: Digest;
  readonly platforms: readonly string[];
  /** Of all that it is made of. */
  readonly fingerprint: Digest;
  /** The release whose build it is, if not this one's. */
  readonly carriedFrom?: string;
}

const artifactType = 'application/vnd.monokit.release.v1+json';
const empty = Buffer.from('{}');
const limit = 8 * 1024 * 1024;

function manifestText(manifest: ReleaseManifest): string {
  return `${JSON.stringify(manifest, null, 2)}\n`;
}

/** Whole or not at all. */
export async function writeManifest(path: string, manifest: ReleaseManifest): Promise<void> {
  await writeFile(`${path}.new`, manifestText(manifest));
  await rename(`${path}.new`, path);
}

/** The manifest in a file; undefined if there is none. */
export async function readManifestFile(path: string): Promise<ReleaseManifest | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : parsed(text, path);
}

/** The manifest that a registry keeps under this name; undefined if there is none. */
export async function pullManifest(
  client: RegistryClient,
  reference: Reference,
  { name, signal }: { readonly name: string; readonly signal: AbortSignal },
): Promise<ReleaseManifest | undefined> {
  let found;
  try {
    found = await client.resolve(reference, { signal });
  } catch (error) {
    if (failedOf(error, 'image-not-found')) return undefined;
    throw error;
  }
  const { artifactType: type, layers } = JSON.parse(
    Buffer.from(await found.manifest(found.descriptor.digest, { signal })).toString(),
  ) as { readonly artifactType?: string; readonly layers?: readonly { digest: Digest; size: number }[] };
  const [layer] = layers ?? [];
  if (type !== artifactType || !layer)
    throw new Mistake(`${name} is something other than a release`, 'release.artifact names where releases are kept');
  return parsed(Buffer.from(await collect(found.blobs.open(layer, { signal }), limit)).toString(), name);
}

/** Keeps the manifest in a registry, by its digest; tags come later. */
export async function pushManifest(
  client: RegistryClient,
  { domain, path }: Reference,
  manifest: ReleaseManifest,
  signal: AbortSignal,
): Promise<Digest> {
  const content = new Map<Digest, Uint8Array>();
  const add = (mediaType: string, bytes: Uint8Array) => {
    const digest = digestOf(bytes);
    content.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const config = add('application/vnd.oci.empty.v1+json', empty);
  const layer = add(artifactType, Buffer.from(manifestText(manifest)));
  const document = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, artifactType, config, layers: [layer] };
  const root = add(mediaTypes.ociManifest, Buffer.from(JSON.stringify(document)));
  await client.push(
    { domain, path },
    {
      root,
      children: async ({ digest }) => (digest === root.digest ? [config, layer] : []),
      provider: {
        async *open({ digest }) {
          yield content.get(digest)!;
        },
      },
      signal,
    },
  );
  return root.digest;
}

/** Others may have written it, so only what it takes to compare is believed, and that only in its form. */
function parsed(text: string, where: string): ReleaseManifest {
  let manifest: Partial<ReleaseManifest> | null;
  try {
    manifest = JSON.parse(text) as typeof manifest;
  } catch {
    manifest = null;
  }
  const { schemaVersion, version, images, others = [] } = manifest ?? {};
  const fine =
    schemaVersion === 1 &&
    typeof version === 'string' &&
    Array.isArray(images) &&
    Array.isArray(others) &&
    [...images, ...others].every(
      (image: Partial<ReleasedImage> | null) =>
        typeof image?.id === 'string' &&
        typeof image.digest === 'string' &&
        isDigest(image.digest) &&
        typeof image.fingerprint === 'string' &&
        Array.isArray(image.repositories) &&
        Array.isArray(image.platforms),
    );
  if (!fine)
    throw new Mistake(`${where} is not the manifest of a release`, 'remove it, or name another one with --from FILE');
  return manifest as ReleaseManifest;
}
