// A service's `build` as a target by bake's names.

import { nearest } from '@monokit/engine/std/nearest';
import { parseBytes } from '@monokit/engine/std/quantity';
import type { Attributes, BakeTarget, Place, SecretEntry, SshEntry } from '../bake/definition.ts';
import { attestEntry, cacheEntries, outputEntry, secretEntry, sshEntry } from '../bake/entries.ts';
import { distinct, lastOf } from '../bake/merge.ts';
import { isMapping, type Mapping } from './merge.ts';

export interface ServiceWorld {
  /** Top-level `secrets`. */
  readonly secrets: Mapping;
  /** The value of a build argument that has none: the service's environment, then the one around. */
  readonly valueOf: (name: string) => string | undefined;
  /** Where a key of the build, or without one the service, was written. */
  readonly placeOf: (key?: string, inner?: string) => Place;
  /** Absolute. */
  readonly folder: string;
  /** Reports a mistake at a key of the build. */
  readonly report: (key: string | undefined, message: string, hint?: string) => void;
}

const keys = [
  'additional_contexts',
  'args',
  'cache_from',
  'cache_to',
  'context',
  'dockerfile',
  'dockerfile_inline',
  'entitlements',
  'extra_hosts',
  'isolation',
  'labels',
  'network',
  'no_cache',
  'no_cache_filter',
  'platforms',
  'privileged',
  'provenance',
  'pull',
  'sbom',
  'secrets',
  'shm_size',
  'ssh',
  'tags',
  'target',
  'ulimits',
] as const;

/** The target of a service; undefined for one that builds nothing. What is wrong is reported. */
export function targetOf(service: string, definition: Mapping, world: ServiceWorld): BakeTarget | undefined {
  const { build, image, platform } = definition;
  if (build === undefined || build === null) return undefined;
  if (!isMapping(build)) {
    world.report(undefined, `build of ${service} must be a folder or a mapping`);
    return undefined;
  }
  const name = targetName(service);
  if (!/^[a-zA-Z0-9_-]+$/.test(name)) {
    world.report(undefined, `${JSON.stringify(service)} is not a name: letters, digits, "_", "-" and "."`);
    return undefined;
  }
  const places: Record<string, Place> = { '': world.placeOf() };
  const attributes: Record<string, unknown> = {};

  /** Reads a key; what its reader throws is reported there. */
  const read = <T>(key: string, attribute: string, reader: (value: unknown) => T | undefined) => {
    const value = build[key];
    if (value === undefined || value === null) return;
    try {
      const made = reader(value);
      if (made !== undefined) attributes[attribute] = made;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      world.report(key, `${key} of ${service}: ${error.message}`);
    }
    places[attribute] = world.placeOf(key);
    if (isMapping(value))
      for (const inner of Object.keys(value)) places[`${attribute}.${inner}`] = world.placeOf(key, inner);
  };

  for (const key of Object.keys(build)) {
    if (key.startsWith('x-') || (keys as readonly string[]).includes(key)) continue;
    const meant = nearest(key, keys);
    world.report(key, `build of ${service} has no key ${key}`, meant && `did you mean ${meant}?`);
  }
  read('context', 'context', (value) => text(value) || undefined);
  read('dockerfile', 'dockerfile', (value) => text(value) || undefined);
  read('dockerfile_inline', 'dockerfile-inline', (value) => text(value) || undefined);
  read('target', 'target', (value) => text(value) || undefined);
  read('network', 'network', (value) => text(value) || undefined);
  read('additional_contexts', 'contexts', (value) => contextsOf(textsOf(value)));
  read('args', 'args', (value) => argsOf(value, world.valueOf));
  read('labels', 'labels', textsOf);
  read('extra_hosts', 'extra-hosts', hostsOf);
  read('cache_from', 'cache-from', (value) => list(value).flatMap((each) => cacheEntries(text(each))));
  read('cache_to', 'cache-to', (value) => list(value).flatMap((each) => cacheEntries(text(each))));
  read('platforms', 'platforms', (value) => list(value).map(text));
  read('tags', 'tags', (value) => list(value).map(text));
  read('entitlements', 'entitlements', (value) => list(value).map(text));
  read('no_cache_filter', 'no-cache-filter', (value) => (typeof value === 'string' ? [value] : list(value).map(text)));
  read('no_cache', 'no-cache', (value) => truth(value) || undefined);
  read('pull', 'pull', (value) => truth(value) || undefined);
  read('shm_size', 'shm-size', (value) => sizeText(bytes(value)));
  read('ulimits', 'ulimits', ulimitsOf);
  read('ssh', 'ssh', sshOf);
  read('secrets', 'secret', (value) => list(value).map((each) => secretOf(each, world.secrets)));
  const attests = (['sbom', 'provenance'] as const).flatMap((key): Attributes[] => {
    let made: Attributes[] = [];
    read(key, 'attest', (value) => {
      made = [attestOf(key, value)];
      return made;
    });
    return made;
  });
  if (attests.length > 0) attributes['attest'] = attests;
  const refuse = (key: string, isRefused: (value: unknown) => boolean, message: string) => {
    if (build[key] !== undefined && build[key] !== null && isRefused(build[key])) world.report(key, message);
  };
  refuse(
    'privileged',
    (value) => value !== false && value !== 'false',
    `build of ${service} cannot be privileged as a whole: write RUN --security=insecure in the Dockerfile, and entitlements: [security.insecure]`,
  );
  refuse(
    'isolation',
    (value) => value !== '' && value !== 'default',
    `isolation of ${service}: Linux has only the default one`,
  );
  read('x-bake', '', (value) => {
    if (!isMapping(value)) throw new TypeError('x-bake must be a mapping');
    Object.assign(attributes, extended(attributes, value));
    return undefined;
  });
  if (attributes['tags'] === undefined || (attributes['tags'] as readonly string[]).length === 0) {
    if (typeof image === 'string' && image !== '') attributes['tags'] = [image];
  }
  if (typeof platform === 'string' && platform !== '' && attributes['platforms'] === undefined)
    attributes['platforms'] = [platform];
  places[''] = world.placeOf();
  return { name, attributes, places, folder: world.folder };
}

/** Names of targets have no dots. */
function targetName(service: string): string {
  return service.replaceAll('.', '_');
}

/** What bake's own extension says over the rest; lists add up. */
function extended(attributes: Readonly<Record<string, unknown>>, written: Mapping): Record<string, unknown> {
  const more: Record<string, unknown> = {};
  const before = <T>(name: string) => (attributes[name] as readonly T[] | undefined) ?? [];
  const lists: Readonly<Record<string, (given: readonly string[]) => unknown>> = {
    tags: (given) => [...new Set([...before<string>('tags'), ...given])],
    'cache-from': (given) => distinct([...before<Attributes>('cache-from'), ...given.flatMap(cacheEntries)]),
    'cache-to': (given) => distinct([...before<Attributes>('cache-to'), ...given.flatMap(cacheEntries)]),
    secret: (given) => lastOf([...before<SecretEntry>('secret'), ...given.map(secretEntry)], ({ id }) => id),
    ssh: (given) => {
      const all = lastOf([...before<SshEntry>('ssh'), ...given.map(sshEntry)], ({ id }) => id);
      return [...all].sort((a, b) => (a.id < b.id ? -1 : 1));
    },
    platforms: (given) => [...new Set([...before<string>('platforms'), ...given])],
    output: (given) => distinct([...before<Attributes>('output'), ...given.map(outputEntry)]),
    'no-cache-filter': (given) => [...new Set([...before<string>('no-cache-filter'), ...given])],
  };
  const known = [...Object.keys(lists), 'pull', 'no-cache', 'contexts'];
  for (const [key, value] of Object.entries(written)) {
    if (value === null) continue;
    if (Object.hasOwn(lists, key)) {
      const given = typeof value === 'string' ? value.split(/\s+/).filter(Boolean) : list(value).map(text);
      more[key] = lists[key]!(given);
    } else if (key === 'pull' || key === 'no-cache') more[key] = truth(value);
    else if (key === 'contexts') {
      const own = attributes['contexts'] as Readonly<Record<string, string>> | undefined;
      more[key] = { ...contextsOf(textsOf(value)), ...own };
    } else {
      const meant = nearest(key, known);
      throw new TypeError(
        `there is no ${key}${meant ? `; did you mean ${meant}?` : `: write one of ${known.join(', ')}`}`,
      );
    }
  }
  return more;
}

/** Another service is a target. */
function contextsOf(written: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(written).map(([name, context]) => {
      const [, service] = /^(?:service|target):(.*)$/.exec(context) ?? [];
      return [name, service === undefined ? context : `target:${targetName(service)}`];
    }),
  );
}

function argsOf(value: unknown, valueOf: ServiceWorld['valueOf']): Readonly<Record<string, string>> | undefined {
  const entries = Object.entries(mapping(value)).flatMap(([name, each]): [string, string][] => {
    const found = each === null || each === undefined ? valueOf(name) : text(each);
    return found === undefined ? [] : [[name, found]];
  });
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}

function hostsOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(mapping(value)).map(([host, each]) => {
      const all = (Array.isArray(each) ? (each as unknown[]) : [each]).map(text);
      return [host, all.map((address) => address.replace(/^\[(.*)\]$/, '$1')).join(',')];
    }),
  );
}

function ulimitsOf(value: unknown): readonly string[] {
  return Object.entries(mapping(value)).map(([name, each]) => {
    const { soft, hard } = isMapping(each) ? each : { soft: each, hard: each };
    const [low, high] = [soft, hard].map((limit) => {
      const whole = Number(limit);
      if (limit === undefined || limit === null || !Number.isInteger(whole))
        throw new TypeError(`${name} needs a number, or soft and hard`);
      return whole;
    });
    return `${name}=${low}:${high}`;
  });
}

function sshOf(value: unknown): readonly SshEntry[] {
  return Object.entries(mapping(value))
    .map(([id, path]): SshEntry => ({ id, ...(path !== null && path !== '' && { paths: [text(path)] }) }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

function secretOf(value: unknown, secrets: Mapping): SecretEntry {
  const { source, target, ...more } = isMapping(value) ? value : { source: value };
  const [unknown] = Object.keys(more).filter((key) => !key.startsWith('x-'));
  if (unknown !== undefined) {
    const own = ['uid', 'gid', 'mode'].includes(unknown);
    throw new TypeError(
      own ? `${unknown} is said by the Dockerfile: RUN --mount=type=secret,${unknown}=…` : `a secret has no ${unknown}`,
    );
  }
  const name = text(source);
  const found = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
  if (found === undefined) {
    const meant = nearest(name, Object.keys(secrets));
    throw new TypeError(
      `there is no secret ${name}${meant ? `; did you mean ${meant}?` : ': declare it in secrets, at the top of the file'}`,
    );
  }
  const { file, environment, external } = isMapping(found) ? found : ({} as Mapping);
  if (external) throw new TypeError(`the secret ${name} is external, and nothing here could give it`);
  return {
    id: target === undefined ? name : text(target),
    ...(typeof file === 'string' && file !== '' && { src: file }),
    ...(typeof environment === 'string' && environment !== '' && { env: environment }),
  };
}

function attestOf(type: string, value: unknown): Attributes {
  const written = text(value);
  if (/^(1|t|true)$/i.test(written)) return attestEntry(`type=${type}`);
  if (/^(0|f|false)$/i.test(written)) return attestEntry(`type=${type},disabled=true`);
  return attestEntry(`type=${type},${written}`);
}

function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  throw new TypeError(
    `a text is required, not ${value === null ? 'null' : Array.isArray(value) ? 'a list' : 'a mapping'}`,
  );
}

function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value as unknown[];
  throw new TypeError('a list is required');
}

function mapping(value: unknown): Mapping {
  if (isMapping(value)) return value;
  throw new TypeError('a mapping or a list is required');
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(mapping(value)).map(([name, each]) => [name, each === null ? '' : text(each)]),
  );
}

function truth(value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  const written = text(value).toLowerCase();
  if (['true', 'yes', 'on', 'y', '1'].includes(written)) return true;
  if (['false', 'no', 'off', 'n', '0', ''].includes(written)) return false;
  throw new TypeError(`${JSON.stringify(value)} is neither true nor false`);
}

function bytes(value: unknown): number {
  const size = parseBytes(typeof value === 'number' ? value : text(value));
  if (size === undefined) throw new TypeError(`${JSON.stringify(value)} is not a size such as 64m`);
  return size;
}

/** As Docker tells sizes: four digits at most, and the largest unit. */
function sizeText(size: number): string | undefined {
  if (size === 0) return undefined;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let [value, unit] = [size, 0];
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Number(value.toPrecision(4))}${units[unit]}`;
}
