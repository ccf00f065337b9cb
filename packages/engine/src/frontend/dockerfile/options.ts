// The frontend's options: BuildKit's `--opt` names → what the conversion asks for.

import { isIP } from 'node:net';
import type { HostIp, NetworkMode, Ulimit } from '../../llb/exec.ts';
import type { LinuxResources } from '../../llb/metadata.ts';
import { normalise, type Platform } from '../../oci/platform.ts';
import { splitCsv } from '../../std/csv.ts';
import { Failed } from '../../std/failed.ts';
import { parseGoBool } from '../../std/go-bool.ts';
import { nearest } from '../../std/nearest.ts';
import type { DockerfileFailure } from './failure.ts';
import { readPlatform } from './platform.ts';

/** One request, read. */
export interface Options {
  readonly target: string;
  /** Empty: the build machine's platform, or what the base image is for. */
  readonly platforms: readonly Platform[];
  readonly multiPlatform: boolean;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
  /** Names of stages that are built anew; 'all' of them; or none. */
  readonly noCache: 'all' | ReadonlySet<string>;
  readonly resolveMode: 'default' | 'pull' | 'local';
  readonly network: NetworkMode;
  readonly extraHosts: readonly HostIp[];
  readonly hostname: string;
  /** Bytes of `/dev/shm`; 0 is the runtime's own size. */
  readonly shmSize: number;
  readonly ulimits: readonly Ulimit[];
  readonly cgroupParent: string;
  readonly resources: LinuxResources | undefined;
  readonly cacheNamespace: string;
  /** Path of the Dockerfile in its folder. */
  readonly filename: string;
  /**
   * The value of the option named by `contextkey`: a git or http(s) address if the context is remote, or `local:name` for
   * a folder of the client that is taken whole, as what is fetched is: its ignore file is a file like others.
   */
  readonly contextAddress: string;
  readonly contextSubdir: string;
  readonly dockerfileName: string;
  /** The Dockerfile comes from a folder of the client even if the context is remote. */
  readonly dockerfileIsLocal: boolean;
  readonly keepGitDir: boolean;
  /** Named contexts, `name` or `name::platform` → what stands for it. */
  readonly contexts: ReadonlyMap<string, string>;
  readonly inputMetadata: ReadonlyMap<string, string>;
  readonly localSessions: ReadonlyMap<string, string>;
  readonly sharedKeys: ReadonlyMap<string, string>;
  /** `--build-arg BUILDKIT_SYNTAX`. */
  readonly syntax: string | undefined;
  readonly cmdline: string | undefined;
  /** Rules for the checks, in the form of `# check=`. */
  readonly check: string | undefined;
  readonly request: string | undefined;
  /** An SBOM is asked for, which may tell of the context and of other stages. */
  readonly scans: boolean;
}

const plain = new Set(['target', 'platform', 'no-cache', 'image-resolve-mode', 'add-hosts', 'shm-size', 'ulimit']);
for (const name of ['cgroup-parent', 'force-network-mode', 'hostname', 'multi-platform', 'filename', 'contextsubdir']) {
  plain.add(name);
}
for (const name of [
  'contextkey',
  'dockerfilekey',
  'requestid',
  'cmdline',
  'source',
  'memory',
  'memswap',
  'cpushares',
]) {
  plain.add(name);
}
for (const name of ['cpuperiod', 'cpuquota', 'cpusetcpus', 'cpusetmems', 'context', 'frontend.caps']) plain.add(name);
/** Read by the engine around the frontend, which passes all options on. */
for (const name of ['cache-from', 'cache-imports']) plain.add(name);

const prefixes = [
  'build-arg:',
  'label:',
  'context:',
  'input-metadata:',
  'local-sessionid:',
  'sharedkey:localdir:',
  'attest:',
  'vcs:',
];

/** Reads options; an unknown one, or a value that cannot be, is a failure. */
export function readOptions(given: Readonly<Record<string, string>>): Options {
  const values = new Map(Object.entries(given));
  const groups = new Map<string, Map<string, string>>(prefixes.map((prefix) => [prefix, new Map()]));
  const contextKey = values.get('contextkey');
  for (const [name, value] of values) {
    const prefix = prefixes.find((start) => name.startsWith(start));
    if (prefix) groups.get(prefix)!.set(name.slice(prefix.length), value);
    else if (name === 'override-copy-image') {
      throw refused(name, 'support for "override-copy-image" was removed in BuildKit 0.11');
    } else if (!plain.has(name) && name !== contextKey) {
      const meant = nearest(name, [...plain, ...prefixes]);
      throw refused(name, `unknown option ${name}${meant ? ` (did you mean ${meant}?)` : ''}`);
    }
  }
  const buildArgs = groups.get('build-arg:')!;
  if (parseGoBool(buildArgs.get('BUILDKIT_DISABLE_FILEOP') ?? '') === true) {
    throw refused('build-arg', 'support for "BUILDKIT_DISABLE_FILEOP" build-arg was removed in BuildKit 0.11');
  }
  requireCapabilities(values.get('frontend.caps'), { forwarded: true });
  const text = (name: string) => values.get(name) ?? '';
  const list = (name: string) => {
    try {
      return splitCsv(text(name));
    } catch (error) {
      throw refused(name, `invalid ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const platforms = text('platform') === '' ? [] : text('platform').split(',').map(platformOf);
  return {
    target: text('target'),
    platforms,
    multiPlatform: several(buildArgs.get('BUILDKIT_MULTI_PLATFORM') || text('multi-platform'), platforms.length),
    buildArgs,
    labels: groups.get('label:')!,
    noCache: noCache(values.get('no-cache')),
    resolveMode: resolveMode(text('image-resolve-mode')),
    network: networkMode(text('force-network-mode')),
    extraHosts: list('add-hosts').map(extraHost),
    hostname: buildArgs.get('BUILDKIT_SANDBOX_HOSTNAME') || text('hostname'),
    shmSize: text('shm-size') === '' ? 0 : whole('shm-size', text('shm-size'), () => true),
    ulimits: list('ulimit').map(ulimit),
    cgroupParent: text('cgroup-parent'),
    resources: resources(values),
    cacheNamespace: buildArgs.get('BUILDKIT_CACHE_MOUNT_NS') ?? '',
    filename: values.get('filename') ?? 'Dockerfile',
    contextAddress: text(contextKey ?? 'context'),
    contextSubdir: text('contextsubdir'),
    dockerfileName: values.get('dockerfilekey') ?? 'dockerfile',
    dockerfileIsLocal: values.has('dockerfilekey'),
    keepGitDir: parseGoBool(buildArgs.get('BUILDKIT_CONTEXT_KEEP_GIT_DIR') ?? '') ?? false,
    contexts: groups.get('context:')!,
    inputMetadata: groups.get('input-metadata:')!,
    localSessions: groups.get('local-sessionid:')!,
    sharedKeys: groups.get('sharedkey:localdir:')!,
    syntax: buildArgs.get('BUILDKIT_SYNTAX'),
    cmdline: values.get('cmdline'),
    check: buildArgs.get('BUILDKIT_DOCKERFILE_CHECK'),
    request: values.get('requestid'),
    scans: groups.get('attest:')!.has('sbom') || buildArgs.has('BUILDKIT_ATTEST_SBOM'),
  };
}

export function refused(option: string, message: string): Failed<DockerfileFailure> {
  return new Failed<DockerfileFailure>({ kind: 'dockerfile-option', option, message });
}

function platformOf(text: string): Platform {
  try {
    return normalise(readPlatform(text));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw refused('platform', `failed to parse target platform ${text}: ${why}`);
  }
}

function several(asked: string, count: number): boolean {
  if (asked === '') return count > 1;
  const wanted = parseGoBool(asked);
  if (wanted === undefined) throw refused('multi-platform', `invalid boolean value for multi-platform: ${asked}`);
  if (!wanted && count > 1) {
    throw refused('multi-platform', 'conflicting config: returning multiple target platforms is not allowed');
  }
  return wanted;
}

function noCache(value: string | undefined): Options['noCache'] {
  if (value === '') return 'all';
  return new Set(value?.toLowerCase().split(','));
}

function resolveMode(value: string): Options['resolveMode'] {
  if (value === '') return 'default';
  if (value === 'default' || value === 'pull' || value === 'local') return value;
  throw refused('image-resolve-mode', `invalid image-resolve-mode: ${value}`);
}

function networkMode(value: string): NetworkMode {
  if (value === '') return 'sandbox';
  if (value === 'none' || value === 'host' || value === 'sandbox') return value;
  throw refused('force-network-mode', `invalid netmode ${value}`);
}

function extraHost(field: string): HostIp {
  const [host, ip] = cut(field.toLowerCase(), '=');
  if (ip === undefined) throw refused('add-hosts', `failed to parse additional hosts: invalid key-value pair ${field}`);
  if (isIP(ip) === 0) throw refused('add-hosts', `failed to parse additional hosts: failed to parse IP ${ip}`);
  return { host, ip };
}

const ulimitNames = new Set([
  'core',
  'cpu',
  'data',
  'fsize',
  'locks',
  'memlock',
  'msgqueue',
  'nice',
  'nofile',
  'nproc',
]);
for (const name of ['rss', 'rtprio', 'rttime', 'sigpending', 'stack']) ulimitNames.add(name);

/** `name=soft[:hard]`, as docker's units read it. */
function ulimit(field: string): Ulimit {
  const [name, limits] = cut(field, '=');
  const invalid = (why: string) => refused('ulimit', `failed to parse ulimit: ${why}`);
  if (limits === undefined) throw invalid(`invalid ulimit argument: ${field}`);
  if (!ulimitNames.has(name)) throw invalid(`invalid ulimit type: ${name}`);
  const numbers = limits.split(':').map((limit) => (/^-?\d+$/.test(limit) ? BigInt(limit) : undefined));
  const [soft, hard = soft, ...more] = numbers;
  if (more.length > 0)
    throw invalid(`too many limit value arguments - ${limits}, can only have up to two, \`soft[:hard]\``);
  if (soft === undefined || hard === undefined) throw invalid(`invalid limits ${limits}`);
  if (hard !== -1n && (soft === -1n || soft > hard)) {
    throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${soft} > ${hard}`);
  }
  return { name, soft, hard };
}

function resources(values: ReadonlyMap<string, string>): LinuxResources | undefined {
  const positive = (value: number) => value > 0;
  const number = (name: string, allowed: (value: number) => boolean = positive) => {
    const value = values.get(name);
    return value ? whole(name, value, allowed) : undefined;
  };
  const cpus = (name: string) => {
    const value = values.get(name);
    if (value && !/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(value)) throw refused(name, `invalid ${name} value: ${value}`);
    return value || undefined;
  };
  const memory = number('memory');
  const memorySwap = number('memswap', (value) => value > 0 || value === -1);
  const [cpuShares, cpuPeriod, cpuQuota] = [number('cpushares'), number('cpuperiod'), number('cpuquota')];
  const [cpusetCpus, cpusetMems] = [cpus('cpusetcpus'), cpus('cpusetmems')];
  const all: LinuxResources = {
    ...(memory !== undefined && { memory }),
    ...(memorySwap !== undefined && { memorySwap }),
    ...(cpuShares !== undefined && { cpuShares }),
    ...(cpuPeriod !== undefined && { cpuPeriod }),
    ...(cpuQuota !== undefined && { cpuQuota }),
    ...(cpusetCpus !== undefined && { cpusetCpus }),
    ...(cpusetMems !== undefined && { cpusetMems }),
  };
  return Object.keys(all).length > 0 ? all : undefined;
}

function whole(name: string, text: string, allowed: (value: number) => boolean): number {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value) || !allowed(value)) {
    throw refused(name, `invalid ${name} value: ${text}`);
  }
  return value;
}

const knownCaps = new Set(['moby.buildkit.frontend.inputs', 'moby.buildkit.frontend.subrequests']);
knownCaps.add('moby.buildkit.frontend.contexts').add('moby.buildkit.frontend.gitquerystring');

/**
 * Refuses capabilities that the client needs and this frontend lacks; with `forwarded`, only those that a frontend that
 * it leaves the work to may not have instead (`+forward`).
 */
export function requireCapabilities(list = '', { forwarded = false } = {}): void {
  for (const cap of list.split(',').filter(Boolean)) {
    const [name = '', forward] = cap.split('+');
    if (knownCaps.has(name) || (forwarded && forward === 'forward')) continue;
    throw refused('frontend.caps', `unsupported frontend capability ${name}`);
  }
}

function cut(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
