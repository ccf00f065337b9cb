// Which Dockerfiles the workspace's images are discovered by, and what is wrong with them.

import { join } from 'node:path';
import type { Image } from './config.ts';
import type { Discovery } from './discover.ts';
import type { LoadedConfig } from './load.ts';
import type { Problem } from './problem.ts';

/**
 * The discovered images: all Dockerfiles that no image in `images` names and that are not `taken`, if the configuration
 * wants them.
 */
export async function discoveredIn(
  { config, root, file, sources }: LoadedConfig,
  { state, taken }: { readonly state?: string; readonly taken: readonly string[] },
  report: (problem: Problem) => void,
): Promise<Discovery> {
  const { images, discover: written = images === undefined && sources === undefined } = config;
  if (written === false) {
    if (images === undefined && sources === undefined)
      report({ code: 'config/nothing-found', message: 'there are no images, and discover is false' });
    return { found: [], seen: [], known: [] };
  }
  const { discover, soughtBy } = await import('./discover.ts');
  const wanted = written === true ? {} : written;
  const named = new Set([...Object.values(images ?? {}).flatMap(dockerfileOf), ...taken]);
  const { found: all, ...looked } = await discover(root, wanted, state === undefined ? {} : { state });
  // A Dockerfile that an image names belongs to that image.
  const found = all.filter(({ dockerfile }) => !named.has(dockerfile));
  if (all.length === 0 && images === undefined) {
    report({
      code: 'config/nothing-found',
      ...(config.discover !== undefined && { path: ['discover'] }),
      message: `no Dockerfile found below ${root}: looked for ${soughtBy(wanted).join(', ')}, except in node_modules, .git, folders that begin with a dot and what .gitignore names`,
      hint:
        file === undefined
          ? 'write a Dockerfile, or a buildkit.config.ts with images'
          : 'write images, or say what discover should include',
    });
  }
  for (const [id, same] of Map.groupBy(found, (one) => one.id)) {
    if (same.length < 2) continue;
    report({
      code: 'config/duplicate-id',
      ...(config.discover !== undefined && { path: ['discover'] }),
      message: `${JSON.stringify(id)} would be the id of ${same.map(({ dockerfile }) => dockerfile).join(' and ')}`,
      hint: `set discover.name to '{parent}-{dir}' or '{path}', or name them in images with their dockerfile`,
    });
  }
  return { found, ...looked };
}

/** The Dockerfile that an image's own keys name, relative to the root. */
function dockerfileOf({ context = '.', dockerfile, dockerfileInline, define }: Image): readonly string[] {
  if (dockerfileInline !== undefined || define || (dockerfile === undefined && context === '.')) return [];
  return [join(context, dockerfile ?? 'Dockerfile')];
}
