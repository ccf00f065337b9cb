// The door of @monokit/config.

export { defineConfig } from './define-config.ts';
export { loadConfig, type LoadedConfig, type Loading, type LoadOptions } from './load.ts';
export {
  resolveTargets,
  withNeeds,
  type Purpose,
  type Resolution,
  type ResolveOptions,
  type Workspace,
} from './resolve.ts';
export { limitOptions, readLimit } from './limits.ts';
export { namesOf, requestOf, type Requested, type RequestOptions } from './request.ts';
export { needsOf } from './links.ts';
export { readNamedContext } from './contexts.ts';
export { attestOptions, latestOfType, readAttest, readCache, readOutput, readSecret, readSsh } from './specs.ts';
export { filtered, parseFilter, type ChangeRange } from './filter.ts';
export { gitLock, gitTop, readGit } from './git.ts';
export { reproducibleAttrs } from './reproducible.ts';
export { vcsOptions } from './vcs.ts';
export type { ConfigFailure } from './failure.ts';
export { settingsOf, type Settings } from './settings.ts';
export type {
  ActionSpec,
  AttestSpec,
  Dependency,
  ExecSpec,
  Origin,
  PortSpec,
  ResolvedTarget,
  RestartSpec,
  VolumeSpec,
  WatchSpec,
} from './target.ts';
export type { Config, ConfigExport, ConfigScope, DefineScope, Image } from './config.ts';
export { csvPairs } from './csv.ts';
