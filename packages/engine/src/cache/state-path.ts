import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { cachePath } from './path.ts';

/**
 * Where is kept what is no cache, for nothing can make it again: records of runs. `MONOKIT_STATE_DIR`, else `state` in a
 * cache folder that was named (`asked` or `MONOKIT_CACHE_DIR`), else `monokit` in the user's XDG state folder. Pruning
 * the cache never touches it.
 */
export function statePath({
  asked,
  env = process.env,
}: {
  /** The cache folder that a flag or the config names. */
  readonly asked?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
} = {}): string {
  const given = env['MONOKIT_STATE_DIR'];
  if (given) return resolve(given);
  if (asked ?? env['MONOKIT_CACHE_DIR'])
    return join(cachePath({ env, ...(asked !== undefined && { asked }) }), 'state');
  const xdg = env['XDG_STATE_HOME'];
  // The XDG specification: a path that is not absolute is to be ignored.
  return join(xdg && isAbsolute(xdg) ? xdg : join(env['HOME'] || homedir(), '.local/state'), 'monokit');
}
