// What a compose service says of its container and of `develop.watch`, as an image's `watch`. Nothing of it counts for a
// build, so what is wrong here is told to who watches.

import { resolve } from 'node:path';
import type { Place, ServiceWatch } from '../bake/definition.ts';
import type { ImageWatch } from '../config.ts';
import { checkWatch } from '../watch-schema.ts';
import { readWatch } from '../watch.ts';
import { isMapping, type Mapping } from './merge.ts';
import { absoluteVolumes, declaredVolumes, type DeclaredVolumes } from './volumes.ts';

export interface ServiceWorld {
  /** Absolute. */
  readonly folder: string;
  /** Variables of its `env_file`s. */
  readonly fromFiles: ReadonlyMap<string, string>;
  /** One of them that is not there. */
  readonly missing?: string | undefined;
  /** Top-level `volumes`. */
  readonly volumes: Mapping;
  readonly lookUp: (name: string) => string | undefined;
  readonly placeOf: (...path: readonly (string | number)[]) => Place;
}

/** Keys of a service that its container obeys. */
const obeyed = {
  command: 'command',
  entrypoint: 'entrypoint',
  environment: 'environment',
  env_file: 'environment',
  user: 'user',
  working_dir: 'workingDir',
  network_mode: 'network',
  stop_signal: 'stopSignal',
  stop_grace_period: 'stopGracePeriod',
  depends_on: 'dependsOn',
  restart: 'restart',
  ports: 'ports',
  volumes: 'volumes',
  tmpfs: 'tmpfs',
  develop: 'actions',
} as const;

/** Keys that say nothing of how a single container runs. */
const elsewhere: ReadonlySet<string> = new Set(
  'annotations attach build container_name expose extends image label_file labels logging platform profiles provider pull_policy scale'.split(
    ' ',
  ),
);

export function serviceWatch(definition: Mapping, world: ServiceWorld): ServiceWatch {
  const given = Object.keys(definition).filter((key) => definition[key] !== null && !key.startsWith('x-'));
  const network = networkOf(definition['network_mode']);
  const notObeyed = given.filter(
    (key) => !elsewhere.has(key) && (!Object.hasOwn(obeyed, key) || (key === 'network_mode' && network === undefined)),
  );
  let mounted: DeclaredVolumes;
  try {
    mounted = volumesOf(definition['volumes'], world);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return { notObeyed, wrong: { message: error.message, place: world.placeOf('volumes') } };
  }
  const depends = dependenciesOf(definition['depends_on']);
  const told = { notObeyed: [...notObeyed, ...mounted.without, ...depends.without] };
  if (!given.some((key) => Object.hasOwn(obeyed, key))) return told;
  const { develop } = definition;
  const watch = {
    command: definition['command'] ?? undefined,
    entrypoint: definition['entrypoint'] ?? undefined,
    environment: environmentOf(definition['environment'], world),
    user: textOf(definition['user']),
    workingDir: definition['working_dir'] ?? undefined,
    network,
    stopSignal: definition['stop_signal'] ?? undefined,
    stopGracePeriod: definition['stop_grace_period'] ?? undefined,
    dependsOn: depends.dependsOn,
    restart: textOf(definition['restart']),
    ports: portsOf(definition['ports']),
    volumes: mounted.volumes.length > 0 ? mounted.volumes : undefined,
    tmpfs: definition['tmpfs'] ?? undefined,
    actions: isMapping(develop) ? actionsOf(develop['watch'], world.folder) : undefined,
  };
  const kept = Object.fromEntries(Object.entries(watch).filter(([, value]) => value !== undefined)) as ImageWatch;
  const { missing } = world;
  const wrong =
    missing === undefined
      ? wrongIn(kept, world)
      : { message: `env_file: there is no file ${missing}`, place: world.placeOf('env_file') };
  return wrong ? { ...told, wrong } : { watch: kept, ...told };
}

/** The first thing that is wrong, at the place of the service's key. */
function wrongIn(watch: ImageWatch, { folder, lookUp, placeOf }: ServiceWorld): ServiceWatch['wrong'] {
  const placed = (message: string, [key, ...rest]: readonly (string | number)[]) => {
    const own = Object.entries(obeyed).find(([, name]) => name === key)?.[0];
    const path = own === 'develop' ? [own, 'watch', ...rest] : own === undefined ? [] : [own];
    return { message, place: placeOf(...path) };
  };
  const [problem] = checkWatch(watch);
  if (problem) return placed(problem.message, problem.path ?? []);
  try {
    readWatch(watch, { root: folder, env: { HOME: lookUp('HOME') } });
    return undefined;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const index = /^watch\.actions\[(\d+)\]/.exec(error.message)?.[1];
    const message = error.message.replace(/^watch\.actions\[\d+\](?:: |\.)/, '');
    if (index !== undefined) return placed(message, ['actions', Number(index)]);
    return placed(message, [/^(?:watch\.)?(\w+):/.exec(message)?.[1] ?? '']);
  }
}

function volumesOf(written: unknown, { folder, volumes }: ServiceWorld): DeclaredVolumes {
  const all = Array.isArray(written)
    ? (written as unknown[])
    : written === undefined || written === null
      ? []
      : [written];
  return declaredVolumes(absoluteVolumes(all, folder), volumes);
}

/**
 * Services that it waits for. Nothing here tells whether one is healthy, and a change of one starts no other anew: it
 * does without that.
 */
function dependenciesOf(written: unknown): { readonly dependsOn: unknown; readonly without: readonly string[] } {
  const targets = (name: string) => name.replaceAll('.', '_');
  if (Array.isArray(written)) {
    return {
      dependsOn: (written as unknown[]).map((each) => (typeof each === 'string' ? targets(each) : each)),
      without: [],
    };
  }
  if (!isMapping(written)) return { dependsOn: written ?? undefined, without: [] };
  const without: string[] = [];
  const entries = Object.entries(written).map(([name, each]) => {
    if (!isMapping(each)) return [targets(name), each];
    const { required: _required, restart, condition } = each;
    if (restart === true || restart === 'true') without.push(`depends_on ${name} (restart)`);
    if (condition === 'service_healthy')
      without.push(`depends_on ${name} (service_healthy: it waits until that has started)`);
    return [targets(name), condition === undefined || condition === 'service_healthy' ? {} : { condition }];
  });
  return { dependsOn: Object.fromEntries(entries) as unknown, without };
}

/** Without what changes nothing here: names for people, and how a swarm would publish them. */
function portsOf(written: unknown): unknown {
  if (!Array.isArray(written)) return written ?? undefined;
  const more = ['name', 'mode', 'app_protocol'];
  return (written as unknown[]).map((port) =>
    isMapping(port)
      ? Object.fromEntries(Object.entries(port).filter(([key]) => !more.includes(key) && !key.startsWith('x-')))
      : port,
  );
}

function networkOf(mode: unknown): ImageWatch['network'] {
  if (mode === 'host' || mode === 'none') return mode;
  return mode === 'bridge' || mode === 'default' ? 'default' : undefined;
}

/** Variables of files, under those of the service; one without a value has that of around. */
function environmentOf(written: unknown, { fromFiles, lookUp }: ServiceWorld): unknown {
  if (written !== undefined && written !== null && !isMapping(written)) return written;
  const own = Object.entries(isMapping(written) ? written : {}).flatMap(([name, value]): [string, unknown][] => {
    const found = value === null ? lookUp(name) : value;
    return found === undefined ? [] : [[name, found]];
  });
  const all = Object.fromEntries([...fromFiles, ...own]);
  return Object.keys(all).length > 0 ? all : undefined;
}

function actionsOf(written: unknown, folder: string): unknown {
  if (!Array.isArray(written)) return written ?? undefined;
  return (written as unknown[]).map((each) => {
    if (!isMapping(each)) return each;
    const { path, ...rest } = Object.fromEntries(Object.entries(each).filter(([key]) => !key.startsWith('x-')));
    return { ...rest, ...(path !== undefined && { path: typeof path === 'string' ? resolve(folder, path) : path }) };
  });
}

function textOf(value: unknown): unknown {
  return typeof value === 'number' ? String(value) : (value ?? undefined);
}
