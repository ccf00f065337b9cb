// An image by bake's names, exactly as `docker buildx bake --print` has it.

import { isAbsolute, relative } from 'node:path';
import type { ResolvedTarget } from '@monokit/config';

/** Names of targets in bake have no dots or hashes. */
export function bakeName(id: string): string {
  return id.replace(/[^\w-]/g, '_');
}

/** A target by bake's keys, in bake's order, without those that say nothing. Paths as people would type them in `cwd`. */
export function bakeTarget(target: ResolvedTarget, cwd: string): Readonly<Record<string, unknown>> {
  const path = (absolute: string) => {
    if (!isAbsolute(absolute)) return absolute;
    const short = relative(cwd, absolute) || '.';
    return short.startsWith('../../') ? absolute : short;
  };
  const entry = (type: string, { dest, ...attrs }: Readonly<Record<string, string | undefined>>) =>
    inOrder({ ...attrs, type, ...(dest !== undefined && { dest: path(dest) }) });
  const cache = ({ type, attrs }: ResolvedTarget['cacheFrom'][number]) => {
    const { src, dest } = attrs;
    const local = type === 'local' ? { ...(src && { src: path(src) }), ...(dest && { dest: path(dest) }) } : {};
    return inOrder({ ...attrs, ...local, type });
  };
  const { context, origins } = target;
  const keys: Record<string, unknown> = {
    description: target.description,
    annotations: Object.entries(target.annotations).map(([attr, value]) => {
      const [, places = '', key = ''] = /^annotation(?:-([^.]*))?\.(.*)$/.exec(attr) ?? [];
      return literally(`${places ? `${places}:` : ''}${key}=${value}`);
    }),
    attest: target.attests
      .map(({ type, disabled, attrs }) => ({ ...inOrder({ ...attrs, type }), ...(disabled && { disabled }) }))
      .map(inOrder),
    context: context.kind === 'folder' ? path(context.path) : context.url,
    contexts: inOrder(
      Object.fromEntries(Object.entries(target.contexts).map(([name, named]) => [name, contextText(named, path)])),
    ),
    dockerfile: dockerfileName(target),
    'dockerfile-inline': target.recipe.kind === 'inline-dockerfile' ? literally(target.recipe.text) : undefined,
    args: inOrder(literalEntries(argsOf(target))),
    labels: inOrder(literalEntries(target.labels)),
    tags: target.tags,
    'cache-from': target.cacheFrom.map(cache),
    'cache-to': target.cacheTo.map(cache),
    target: target.target,
    secret: target.secrets.map(({ id, source }) =>
      source.kind === 'env' ? { id, env: source.name } : { id, src: path(source.path) },
    ),
    ssh: target.ssh.map(({ id, paths }) => ({ id, ...(paths.length > 0 && { paths: paths.map(path) }) })),
    platforms: target.platforms,
    output: target.outputs.map(({ type, dest, attrs }) => entry(type, { ...attrs, dest })),
    // What is false by itself is told only where somebody said so.
    pull: target.pull || (origins.has('pull') ? false : undefined),
    'no-cache': target.noCache || (origins.has('noCache') ? false : undefined),
    network: target.network === 'default' && !origins.has('network') ? undefined : target.network,
    'no-cache-filter': target.noCacheFilter,
    'shm-size': target.shmSize === undefined ? undefined : String(target.shmSize),
    ulimits: Object.entries(target.ulimits).map(([name, { soft, hard }]) => `${name}=${soft}:${hard}`),
    resources: resourcesOf(target),
    call: target.sourced?.call,
    entitlements: target.entitlements,
    'extra-hosts': inOrder(literalEntries(target.extraHosts)),
    policy: target.sourced?.policy,
  };
  return Object.fromEntries(Object.entries(keys).filter(([, value]) => !isEmpty(value)));
}

/** As the bake file has them; by its names where they were said elsewhere. */
function resourcesOf({ resources, sourced, origins }: ResolvedTarget): Readonly<Record<string, string | number>> {
  const own = [...origins].some(([key, { kind }]) => key.startsWith('resources.') && kind === 'config');
  if (sourced?.resources && !own) return sourced.resources;
  const { memory, memorySwap, cpuShares, cpuPeriod, cpuQuota, cpusetCpus, cpusetMems } = resources;
  return {
    ...(memory && { memory: String(memory) }),
    ...(memorySwap && { 'memory-swap': String(memorySwap) }),
    ...(cpuShares && { 'cpu-shares': cpuShares }),
    ...(cpuPeriod && { 'cpu-period': cpuPeriod }),
    ...(cpuQuota && { 'cpu-quota': cpuQuota }),
    ...(cpusetCpus && { 'cpuset-cpus': cpusetCpus }),
    ...(cpusetMems && { 'cpuset-mems': cpusetMems }),
  };
}

/** Build arguments, with the time that the environment gives to all builds. */
function argsOf({ args, sourceDateEpoch, origins }: ResolvedTarget): Readonly<Record<string, string>> {
  const fromEnv = origins.get('sourceDateEpoch')?.kind === 'env' && sourceDateEpoch !== undefined;
  return fromEnv ? { ...args, SOURCE_DATE_EPOCH: sourceDateEpoch } : args;
}

function contextText(named: ResolvedTarget['contexts'][string], path: (absolute: string) => string): string {
  switch (named.kind) {
    case 'folder':
      return path(named.path);
    case 'remote':
      return named.url;
    case 'target':
      return `target:${bakeName(named.id)}`;
    case 'image':
      return `docker-image://${named.reference}`;
    case 'oci-layout': {
      const tag = named.tag === undefined ? '' : `:${named.tag}`;
      return `oci-layout://${named.path}${tag}${named.digest === undefined ? '' : `@${named.digest}`}`;
    }
  }
}

/** Relative to the context, as bake has it. */
function dockerfileName({ recipe, context }: ResolvedTarget): string {
  if (recipe.kind === 'remote-dockerfile') return recipe.path;
  if (recipe.kind !== 'dockerfile') return 'Dockerfile';
  const file = `${recipe.folder}/${recipe.name}`;
  return context.kind === 'folder' ? relative(context.path, file) : file;
}

/** By name, as Go prints maps. */
function inOrder<T>(entries: Readonly<Record<string, T>>): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function literalEntries(entries: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(entries).map(([name, value]) => [name, literally(value)]));
}

/** A text that bake reads as what it is. */
function literally(text: string): string {
  return text.replaceAll('${', () => '$${').replaceAll('%{', '%%{');
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (typeof value === 'object' && value !== null && Object.keys(value).length === 0);
}
