// From pushed images to a release.

import type { SolveResponse } from '@monokit/engine';
import { pushManifest, type ReleasedImage, type ReleaseManifest } from './manifest.ts';
import type { TagMove } from './move-tags.ts';
import type { OpenRelease } from './open.ts';

/** What the release is, once all images are in their registries. */
export function manifestOf(
  { facts, tags, images, previous, ids }: Pick<OpenRelease, 'facts' | 'tags' | 'images' | 'previous' | 'ids'>,
  responses: ReadonlyMap<string, SolveResponse>,
): ReleaseManifest {
  const left = [...(previous?.images ?? []), ...(previous?.others ?? [])].filter(
    ({ id }) => ids.has(id) && !images.some((image) => image.id === id),
  );
  const others = left.map((image) => ({ ...image, carriedFrom: image.carriedFrom ?? previous!.version }));
  return {
    schemaVersion: 1,
    version: tags.version!,
    commit: facts.commit,
    ...(facts.url !== undefined && { source: facts.url }),
    tags: tags.tags,
    images: images.map(({ id, repositories, target, fingerprint, decision }): ReleasedImage => {
      const carried = decision.kind === 'carry';
      return {
        id,
        repositories,
        digest: carried ? decision.digest : responses.get(id)!.digest!,
        platforms: target.platforms,
        fingerprint: fingerprint!,
        // What the same release built when it was tried before is its own.
        ...(carried && decision.from !== tags.version && { carriedFrom: decision.from }),
      };
    }),
    ...(others.length > 0 && { others }),
  };
}

/** The tags in the order in which they move: the version of all images first, and the release itself last. */
export async function roundsOf(
  { client, artifact }: Pick<OpenRelease, 'client' | 'artifact'>,
  manifest: ReleaseManifest,
  signal: AbortSignal,
): Promise<readonly (readonly TagMove[])[]> {
  const rounds = manifest.tags.map((tag) =>
    manifest.images.flatMap(({ repositories, digest }) =>
      repositories.map((repository): TagMove => ({ repository, tag, to: digest })),
    ),
  );
  if (!artifact) return rounds;
  const { domain, path, tag } = artifact;
  const to = await pushManifest(client, artifact, manifest, signal);
  return [
    ...rounds,
    [...new Set([...manifest.tags, tag])].map((tag) => ({ repository: `${domain}/${path}`, tag, to })),
  ];
}
