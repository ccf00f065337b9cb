// Build arguments: what every build has, what stands before the first FROM, and what the caller says.

import { EnvList } from '../../llb/env.ts';
import type { ProxyEnv } from '../../llb/exec.ts';
import { formatPlatform, type Platform } from '../../oci/platform.ts';
import type { AskedArg } from './asked.ts';
import { placed } from './failure.ts';
import type { Arg } from './instructions/arg.ts';
import { formatPlatformFully } from './platform.ts';
import { expand } from './words.ts';

export interface Platforms {
  readonly build: Platform;
  readonly target: Platform;
}

/** Arguments that nobody has to declare before FROM. The caller may override them. */
export function predefinedArgs(
  { build, target }: Platforms,
  targetStage: string,
  given: ReadonlyMap<string, string>,
): EnvList {
  const values = {
    BUILDPLATFORM: formatPlatform(build),
    BUILDOS: build.os,
    BUILDOSVERSION: build['os.version'] ?? '',
    BUILDARCH: build.architecture,
    BUILDVARIANT: build.variant ?? '',
    TARGETPLATFORM: formatPlatformFully(target),
    TARGETOS: target.os,
    TARGETOSVERSION: target['os.version'] ?? '',
    TARGETARCH: target.architecture,
    TARGETVARIANT: target.variant ?? '',
    TARGETSTAGE: targetStage || 'default',
  };
  let args = EnvList.empty;
  for (const [name, value] of Object.entries(values)) args = args.set(name, given.get(name) ?? value);
  return args;
}

/** ARGs before the first FROM, by name. */
export type GlobalArgs = ReadonlyMap<string, GlobalArg>;

export interface GlobalArg extends AskedArg {
  /** Names that its default uses. */
  readonly uses: ReadonlySet<string>;
}

/** Adds ARGs before the first FROM, in order; defaults may name those before them. */
export function withGlobalArgs(
  predefined: EnvList,
  declared: readonly Arg[],
  about: { readonly given: ReadonlyMap<string, string>; readonly escape: string },
): { readonly args: EnvList; readonly globals: GlobalArgs } {
  let args = predefined;
  const globals = new Map<string, GlobalArg>();
  for (const { declared: names, node } of declared) {
    const { range } = node;
    for (const { key, value: written, description } of names) {
      let value = about.given.get(key);
      let uses: ReadonlySet<string> = new Set();
      if (value === undefined && written !== undefined) {
        const expanded = placed(range, () => expand(written, args, about));
        value = expanded.text;
        uses = expanded.matched;
        // One that adds to itself uses what it used before.
        if (uses.has(key)) uses = uses.union(globals.get(key)?.uses ?? new Set());
      }
      if (value !== undefined) args = args.set(key, value);
      globals.set(key, { key, value, description, range, uses });
    }
  }
  return { args, globals };
}

/** Proxies that the caller names, in whatever case; they reach processes, but neither caches nor images. */
export function proxyOf(given: ReadonlyMap<string, string>): ProxyEnv | undefined {
  const proxy: { -readonly [K in keyof ProxyEnv]: ProxyEnv[K] } = {};
  const names: Readonly<Record<string, keyof ProxyEnv>> = {
    http_proxy: 'httpProxy',
    https_proxy: 'httpsProxy',
    ftp_proxy: 'ftpProxy',
    no_proxy: 'noProxy',
    all_proxy: 'allProxy',
  };
  let any = false;
  for (const key of [...given.keys()].sort()) {
    const name = names[key.toLowerCase()];
    if (!name) continue;
    proxy[name] = given.get(key)!;
    any = true;
  }
  return any ? proxy : undefined;
}
