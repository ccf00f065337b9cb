// What a configuration says about the workspace as a whole.

import { availableParallelism } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { parseBytes, parseMemory, parseSeconds } from '@monokit/engine/std/quantity';
import type { Config, Registry } from './config.ts';
import type { Problem } from './problem.ts';

export interface Settings {
  /** By host. */
  readonly registries: Readonly<Record<string, SettledRegistry>>;
  readonly run: {
    /** Steps at once. */
    readonly concurrency?: number;
    /** What is still built after a failure. */
    readonly continue?: 'never' | 'dependencies-successful' | 'always';
    /** What RUN steps may take together: bytes, or a share of what is available. */
    readonly memory?: { readonly share: number } | { readonly bytes: number };
  };
  readonly cache: {
    /** Absolute. */
    readonly dir?: string;
    /** Bytes. */
    readonly maxSize?: number;
    /** Seconds. */
    readonly maxAge?: number;
  };
  readonly release: {
    readonly images: readonly string[];
    readonly repository?: string;
    readonly platforms: readonly string[];
    readonly tags: readonly string[];
    readonly flavor: readonly string[];
    readonly labels: boolean;
    readonly carryForward: boolean;
    /** Absolute. */
    readonly manifest: string;
    readonly artifact?: string;
  };
}

export interface SettledRegistry extends Pick<Registry, 'http' | 'insecure'> {
  /** URLs, hosts, or absolute folders of OCI layouts. */
  readonly mirrors?: readonly string[];
  /** Absolute. */
  readonly ca?: readonly string[];
  /** Bytes. */
  readonly chunkSize?: number;
}

/** Settings with their quantities read and their paths settled. */
export function settingsOf(config: Config, root: string, report: (problem: Problem) => void): Settings {
  const { run = {}, cache = {}, release = {} } = config;
  const quantity = <T>(
    path: readonly string[],
    written: string | number | undefined,
    read: (text: string | number) => T | undefined,
    like: string,
  ) => {
    const value = written === undefined ? undefined : read(written);
    if (written !== undefined && value === undefined) {
      report({
        code: 'config/wrong-value',
        path,
        message: `${path.join('.')} is ${JSON.stringify(written)}: write ${like}`,
      });
    }
    return value;
  };
  const concurrency = quantity(
    ['run', 'concurrency'],
    run.concurrency,
    readConcurrency,
    'a number, or a share such as "50%"',
  );
  const maxSize = quantity(['cache', 'maxSize'], cache.maxSize, parseBytes, 'bytes, or a text such as "20GB"');
  const maxAge = quantity(['cache', 'maxAge'], cache.maxAge, parseSeconds, 'seconds, or a text such as "30d"');
  const settled = (host: string, { mirrors, ca, chunkSize, ...registry }: Registry): SettledRegistry => {
    const path = ['registries', host, 'chunkSize'];
    const bytes = quantity(path, chunkSize, parseBytes, 'bytes, or a text such as "50MB"');
    return {
      ...registry,
      ...(mirrors && { mirrors: mirrors.map((mirror) => mirrorOf(mirror, root)) }),
      ...(ca !== undefined && { ca: [ca].flat().map((file) => resolve(root, file)) }),
      ...(bytes !== undefined && { chunkSize: bytes }),
    };
  };
  const memory = quantity(['run', 'memory'], run.memory, parseMemory, 'bytes, or a text such as "4GiB" or "80%"');
  const mode = run.continue === true ? 'always' : run.continue === false ? 'never' : run.continue;
  return {
    registries: Object.fromEntries(
      Object.entries(config.registries ?? {}).map(([host, registry]) => [host, settled(host, registry)]),
    ),
    run: {
      ...(concurrency !== undefined && { concurrency }),
      ...(memory && { memory }),
      ...(mode !== undefined && { continue: mode }),
    },
    cache: {
      ...(cache.dir !== undefined && { dir: resolve(root, cache.dir) }),
      ...(maxSize !== undefined && { maxSize }),
      ...(maxAge !== undefined && { maxAge }),
    },
    release: {
      images: listOf(release.images),
      ...(release.repository !== undefined && { repository: release.repository }),
      platforms: listOf(release.platforms).flatMap((line) => line.split(',')),
      tags: listOf(release.tags),
      flavor: listOf(release.flavor),
      labels: release.labels ?? true,
      carryForward: release.carryForward ?? true,
      manifest: resolve(root, release.manifest ?? 'release.json'),
      ...(release.artifact !== undefined && { artifact: release.artifact }),
    },
  };
}

function listOf(written: string | readonly string[] | undefined): readonly string[] {
  return written === undefined ? [] : [written].flat();
}

function readConcurrency(written: string | number): number | undefined {
  const share = typeof written === 'string' ? /^(\d+)%$/.exec(written.trim())?.[1] : undefined;
  if (share !== undefined)
    return Number(share) > 0 ? Math.max(1, Math.floor((availableParallelism() * Number(share)) / 100)) : undefined;
  const number = Number(written);
  return Number.isSafeInteger(number) && number > 0 ? number : undefined;
}

/** A folder begins with `.` or `/`, as on the command line; all else is a host or URL. */
function mirrorOf(mirror: string, root: string): string {
  return mirror.startsWith('.') || isAbsolute(mirror) ? resolve(root, mirror) : mirror;
}
