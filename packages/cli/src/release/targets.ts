// The images of a release as targets: pushed by digest, so that no tag moves yet.

import type { ResolvedTarget, Settings } from '@monokit/config';
import { formatPlatform, parsePlatform } from '@monokit/engine/oci/platform';
import { parseReference } from '@monokit/engine/oci/reference';
import { Mistake } from '../mistake.ts';

export interface ReleaseTarget {
  readonly target: ResolvedTarget;
  /** `ghcr.io/acme/api`, one or several. */
  readonly repositories: readonly string[];
}

/** The chosen images with their repositories, platforms and attestations. */
export function releaseTargets(
  chosen: readonly ResolvedTarget[],
  { release }: Settings,
  { platformsGiven }: { readonly platformsGiven: boolean },
): readonly ReleaseTarget[] {
  const taken = new Map<string, string>();
  return chosen.map((target) => {
    const repositories = repositoriesOf(target, release.repository);
    for (const repository of repositories) {
      const other = taken.get(repository);
      if (other !== undefined) {
        throw new Mistake(
          `${other} and ${target.id} would both be released as ${repository}`,
          'write {id} into release.repository',
        );
      }
      taken.set(repository, target.id);
    }
    const platforms =
      platformsGiven || release.platforms.length === 0 ? target.platforms : release.platforms.map(platformOf);
    const attested = target.attests.some(({ type }) => type === 'provenance');
    return {
      repositories,
      target: {
        ...target,
        platforms: [...new Set(platforms)],
        attests: attested
          ? target.attests
          : [...target.attests, { type: 'provenance', disabled: false, attrs: { mode: 'min' } }],
        outputs: [
          {
            type: 'registry',
            attrs: { ...imageAttrs(target), name: repositories.join(','), 'push-by-digest': 'true', store: 'false' },
          },
        ],
      },
    };
  });
}

/** How the config wants its images made, where it says so of an image that goes to a registry. */
function imageAttrs({ outputs }: ResolvedTarget): Readonly<Record<string, string>> {
  return outputs.find(({ type }) => type === 'registry' || type === 'image')?.attrs ?? {};
}

function repositoriesOf({ id, names }: ResolvedTarget, pattern: string | undefined): readonly string[] {
  if (pattern === undefined) {
    const own = names.map((name) => repositoryOf(name));
    if (own.length > 0) return [...new Set(own)];
    throw new Mistake(
      `${id} has no repository to be released to`,
      'write release.repository into the config (as in ghcr.io/acme/{id}), or tags of the image',
    );
  }
  try {
    return [repositoryOf(pattern.replaceAll('{id}', id.toLowerCase().replaceAll('#', '-')))];
  } catch (error) {
    if (error instanceof TypeError) throw new Mistake(`release.repository of ${id}: ${error.message}`);
    throw error;
  }
}

function repositoryOf(name: string): string {
  const { domain, path } = parseReference(name);
  return `${domain}/${path}`;
}

function platformOf(text: string): string {
  try {
    return formatPlatform(parsePlatform(text.trim()));
  } catch (error) {
    if (error instanceof TypeError) throw new Mistake(`release.platforms: ${error.message}`);
    throw error;
  }
}

/** The target as it is built: with labels and annotations of this very release. */
export function labelled(target: ResolvedTarget, labels: Readonly<Record<string, string>>): ResolvedTarget {
  const annotations = Object.entries(labels).flatMap(([key, value]) => [
    [`annotation.${key}`, value],
    ...(target.platforms.length > 1 ? [[`annotation-index.${key}`, value]] : []),
  ]);
  return {
    ...target,
    labels: { ...labels, ...target.labels },
    annotations: { ...Object.fromEntries(annotations), ...target.annotations },
  };
}
