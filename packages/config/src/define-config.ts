import type { Config, ConfigExport, ConfigScope } from './config.ts';

/** Gives a configuration its types; does nothing else, and imports nothing, so that loading one stays instant. */
export function defineConfig(config: Config): Config;
export function defineConfig(
  config: (scope: ConfigScope) => Config | Promise<Config>,
): (scope: ConfigScope) => Config | Promise<Config>;
export function defineConfig(config: ConfigExport): ConfigExport {
  return config;
}
