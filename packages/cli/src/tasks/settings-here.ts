import { resolve } from 'node:path';
import type { Invocation } from '../command.ts';
import type { cacheDirFlag } from '../flags/workspace.ts';
import { configState } from './config-state.ts';
import type { EngineSettings } from './tasks.ts';

/** Where the config that rules this folder keeps the cache, for commands that look at nothing else of the workspace. */
export async function settingsHere({
  flags,
  cwd,
  env,
}: Pick<Invocation<typeof cacheDirFlag>, 'flags' | 'cwd' | 'env'>): Promise<Pick<EngineSettings, 'cacheDir'>> {
  if (flags['cache-dir'] !== undefined) return {};
  const { loadConfig } = await import('@monokit/config');
  const { loaded } = await loadConfig({ cwd, env, state: configState({ flags, env }) });
  const folder = loaded?.config.cache?.dir;
  return loaded && folder !== undefined ? { cacheDir: resolve(loaded.root, folder) } : {};
}
