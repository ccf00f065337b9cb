import { join } from 'node:path';
import { cachePath } from '@monokit/engine/cache-path';

/** The folder of evaluated configurations, for `loadConfig`: what has not changed is not evaluated again. */
export function configState({
  flags,
  env,
}: {
  readonly flags?: { readonly 'cache-dir': string | undefined };
  readonly env: NodeJS.ProcessEnv;
}): string {
  const asked = flags?.['cache-dir'];
  return join(cachePath({ env, ...(asked !== undefined && { asked }) }), 'config');
}
