import { formatPlatform, hostPlatform } from '@monokit/engine/oci/platform';
import { shortest } from '../ui/diagnostics.ts';
import type { About } from '../ui/renderer.ts';
import { version } from '../version.ts';
import type { Chosen } from './tasks.ts';

/** What the first line says of a run of these images. */
export function aboutOf({ tasks, file }: Pick<Chosen, 'tasks' | 'file'>, cwd: string): About {
  const asked = tasks.flatMap(({ request }) => request.source.options?.['platform']?.split(',') ?? [here()]);
  return {
    version: version(),
    ...(file !== undefined && { config: shortest(file, cwd) }),
    platforms: [...new Set(asked)],
  };
}

function here(): string {
  return formatPlatform(hostPlatform());
}
