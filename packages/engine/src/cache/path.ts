import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/** Where the cache is: what was asked for, else `MONOKIT_CACHE_DIR`, else `monokit` in the user's XDG cache folder. */
export function cachePath({
  asked,
  env = process.env,
}: { readonly asked?: string; readonly env?: Readonly<Record<string, string | undefined>> } = {}): string {
  const given = asked ?? env['MONOKIT_CACHE_DIR'];
  if (given) return resolve(given);
  const xdg = env['XDG_CACHE_HOME'];
  // The XDG specification: a path that is not absolute is to be ignored.
  return join(xdg && isAbsolute(xdg) ? xdg : join(env['HOME'] || homedir(), '.cache'), 'monokit');
}
