// One image's keys as they were written become what they mean: names checked, paths absolute, quantities numbers.

import { join } from 'node:path';
import { formatPlatform, parsePlatform } from '@monokit/engine/oci/platform';
import { normalised, parseReference } from '@monokit/engine/oci/reference';
import { nearest } from '@monokit/engine/std/nearest';
import { parseBytes, parseSeconds } from '@monokit/engine/std/quantity';
import type { Image, MatrixCell, NetworkMode } from './config.ts';
import { isRemote, readContext, readNamedContext } from './contexts.ts';
import { listOf, type Layered } from './layers.ts';
import { readLimit } from './limits.ts';
import type { KeyPath } from './place.ts';
import type { Problem } from './problem.ts';
import { latestOfType, readAttest, readCache, readOutput, readSecret, readSsh } from './specs.ts';
import type { ContextSource, Origin, Recipe, ResolvedTarget } from './target.ts';
import { readWatch } from './watch.ts';

export interface SettleOptions {
  readonly id: string;
  /** Its key in `images`. */
  readonly image: string;
  readonly cell?: MatrixCell;
  /** Absolute. */
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
  /** The network where the image says nothing. */
  readonly network: NetworkMode;
  readonly report: (problem: Problem) => void;
}

/** Settles an interpolated image. What is wrong is reported at the place that it came from. */
export function settled({ image: keys, origins }: Layered, options: SettleOptions): ResolvedTarget {
  const { id, image, cell, root, env } = options;
  const from = new Map(origins);

  /** Runs a reader; what it throws is a problem of the key at `path`. */
  const attempt = <T>(path: KeyPath, read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      options.report(problemAt(path, { origins, message: error.message, id }));
      return undefined;
    }
  };
  const each = <T, R>(key: keyof Image, values: T | readonly T[] | undefined, read: (value: T) => R): readonly R[] =>
    listOf(values).flatMap((value, index) => {
      const path = Array.isArray(keys[key]) ? [key, index] : [key];
      const made = attempt(path, () => read(value));
      return made === undefined ? [] : [made];
    });
  const entries = <R>(
    key: 'contexts' | 'ulimits' | 'extraHosts' | 'annotations' | 'resources',
    read: (value: string, name: string) => R,
  ): Readonly<Record<string, R>> =>
    Object.fromEntries(
      Object.entries(keys[key] ?? {}).flatMap(([name, value]) => {
        const made = value === undefined ? undefined : attempt([key, name], () => read(String(value), name));
        return made === undefined ? [] : [[name, made]];
      }),
    );

  const context = attempt(['context'], () => readContext(keys.context ?? '.', root)) ?? { kind: 'folder', path: root };
  const args = argsOf(keys, env);
  let epoch = keys.sourceDateEpoch === undefined ? args.SOURCE_DATE_EPOCH : String(keys.sourceDateEpoch);
  if (epoch === undefined && env.SOURCE_DATE_EPOCH) {
    epoch = env.SOURCE_DATE_EPOCH;
    from.set('sourceDateEpoch', { kind: 'env', name: 'SOURCE_DATE_EPOCH' });
  }
  for (const [name, value] of Object.entries(keys.args ?? {}))
    if (value === null) from.set(`args.${name}`, { kind: 'env', name });
  const shmSize = keys.shmSize === undefined ? undefined : attempt(['shmSize'], () => bytes(keys.shmSize!));
  const tags = each('tags', keys.tags, (tag) => ({
    written: tag.trim(),
    name: normalised(parseReference(tag.trim())),
  }));
  const network =
    attempt(['network'], () => oneOf(keys.network ?? options.network, ['default', 'host', 'none', 'sandbox'])) ??
    'default';
  const created = attempt(['created'], () => oneOf(keys.created ?? 'epoch', ['epoch', 'now'])) ?? 'epoch';
  if (created === 'now' && keys.reproducible) {
    options.report(problemAt(['created'], { origins, id, message: 'an image made "now" is not reproducible' }));
  }
  if (keys.define) for (const { path, message } of notForDefined(keys)) attempt(path, () => complain(message));
  const priority = keys.priority === undefined ? undefined : attempt(['priority'], () => whole(keys.priority!));
  const timeout = keys.timeout === undefined ? undefined : attempt(['timeout'], () => time(keys.timeout!));
  const retries = keys.retries === undefined ? undefined : attempt(['retries'], () => count(keys.retries!));
  const entitlements = each('entitlements', keys.entitlements, (name) =>
    /^device=./.test(name) ? name : oneOf(name, ['network.host', 'security.insecure', 'device']),
  );

  const watch = keys.watch && attempt(['watch'], () => readWatch(keys.watch!, { root, env }));

  return {
    id,
    image,
    ...(cell && { cell }),
    ...(keys.description !== undefined && { description: keys.description }),
    selectors: listOf(keys.selectors),
    recipe: recipeOf(keys, context),
    context,
    ...(keys.target !== undefined && { target: keys.target }),
    args,
    contexts: entries('contexts', (written) => readNamedContext(written, root)),
    dependsOn: listOf(keys.dependsOn),
    platforms: [
      ...new Set(each('platforms', commaLists(keys.platforms), (platform) => formatPlatform(parsePlatform(platform)))),
    ],
    tags: tags.map(({ written }) => written),
    names: tags.map(({ name }) => name),
    labels: Object.fromEntries(Object.entries(keys.labels ?? {}).map(([name, value]) => [name, String(value)])),
    annotations: Object.assign(
      {},
      ...Object.values(entries('annotations', (value, name) => annotation(name, value))),
    ) as Record<string, string>,
    outputs: each('output', keys.output, (output) => readOutput(output, root)),
    attests: latestOfType(each('attest', keys.attest, readAttest)),
    cacheFrom: each('cacheFrom', keys.cacheFrom, (cache) => readCache(cache, root)),
    cacheTo: each('cacheTo', keys.cacheTo, (cache) => readCache(cache, root)),
    noCache: keys.noCache ?? false,
    noCacheFilter: listOf(keys.noCacheFilter),
    pull: keys.pull ?? false,
    network,
    secrets: each('secrets', keys.secrets, (secret) => readSecret(secret, { root, env })),
    ssh: each('ssh', keys.ssh, (ssh) => readSsh(ssh, root)),
    extraHosts: entries('extraHosts', (address) => ip(address)),
    ...(shmSize !== undefined && { shmSize }),
    ulimits: entries('ulimits', (written) => ulimit(written)),
    entitlements:
      network === 'host' && !entitlements.includes('network.host') ? [...entitlements, 'network.host'] : entitlements,
    resources: Object.assign({}, ...Object.values(entries('resources', (written, key) => readLimit(key, written)))),
    ...(priority !== undefined && { priority }),
    ...(timeout !== undefined && { timeout }),
    ...(retries !== undefined && { retries }),
    reproducible: keys.reproducible ?? false,
    created,
    ...(epoch !== undefined && { sourceDateEpoch: epoch }),
    ...(watch && { watch }),
    origins: from,
  };
}

/** A problem of an image's key, at the place in the configuration that it came from, if it came from there. */
export function problemAt(
  path: KeyPath,
  {
    origins,
    message,
    id,
    hint,
  }: {
    readonly origins: ReadonlyMap<string, Origin>;
    readonly message: string;
    readonly id: string;
    readonly hint?: string;
  },
): Problem {
  const [key, ...rest] = path;
  const deep = origins.get(path.slice(0, 2).join('.'));
  const origin = deep ?? origins.get(String(key));
  const said = { code: 'config/wrong-value', ...(hint !== undefined && { hint }) };
  if (origin?.kind === 'config')
    return { ...said, message: `${id}: ${message}`, path: deep ? origin.path : [...origin.path, ...rest] };
  if (origin?.kind === 'source') return { ...said, message: `${id}: ${message}`, place: origin.place };
  if (origin?.kind === 'set') return { ...said, message: `--set ${origin.text}: ${message}` };
  return { ...said, message: `${id}: ${message}` };
}

function recipeOf({ define, dockerfileInline, dockerfile = 'Dockerfile' }: Image, context: ContextSource): Recipe {
  if (define) return { kind: 'define', define };
  if (dockerfileInline !== undefined) return { kind: 'inline-dockerfile', text: dockerfileInline };
  if (context.kind === 'remote') return { kind: 'remote-dockerfile', path: dockerfile };
  const path = dockerfile.startsWith('/') ? dockerfile : join(context.path, dockerfile);
  const slash = path.lastIndexOf('/');
  return { kind: 'dockerfile', folder: path.slice(0, slash) || '/', name: path.slice(slash + 1) };
}

/** Keys that tell a Dockerfile's frontend something; a `State` says these things itself. */
const frontendKeys = ['noCache', 'noCacheFilter', 'pull', 'network', 'shmSize', 'ulimits', 'extraHosts'] as const;

function* notForDefined(keys: Image): Generator<{ readonly path: KeyPath; readonly message: string }> {
  for (const key of frontendKeys) {
    if (keys[key] === undefined) continue;
    yield { path: [key], message: `${key} means nothing for an image with define: its State says such things itself` };
  }
  for (const [name, written] of Object.entries(keys.contexts ?? {})) {
    if (!isRemote(written) && !/^(?:target|docker-image|oci-layout):/.test(written)) continue;
    yield { path: ['contexts', name], message: `an image with define can name folders in contexts, not ${written}` };
  }
  if (keys.sourceDateEpoch !== undefined && !/^\d+$/.test(String(keys.sourceDateEpoch))) {
    yield {
      path: ['sourceDateEpoch'],
      message: 'sourceDateEpoch must be a number of seconds for an image with define',
    };
  }
}

function complain(message: string): never {
  throw new TypeError(message);
}

/** Build arguments as texts. One of null is passed by its name: the environment's value, or nothing. */
function argsOf({ args = {} }: Image, env: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const settledArgs: Record<string, string> = {};
  for (const [name, value] of Object.entries(args)) {
    const text = value === null ? env[name] : value === undefined ? undefined : String(value);
    if (text !== undefined) settledArgs[name] = text;
  }
  return settledArgs;
}

/** `linux/amd64,linux/arm64` is two platforms. */
function commaLists(written: string | readonly string[] | undefined): string | readonly string[] | undefined {
  return typeof written === 'string' && written.includes(',') ? written.split(',') : written;
}

/** `index,manifest[linux/arm64]:key` names where an annotation goes; a key alone is the manifest's. */
function annotation(name: string, value: string): Readonly<Record<string, string>> {
  const where =
    /^((?:manifest|index)(?:-descriptor)?(?:\[[\w/.-]+\])?(?:,(?:manifest|index)(?:-descriptor)?(?:\[[\w/.-]+\])?)*):(.+)$/.exec(
      name,
    );
  if (!where) return { [`annotation.${name}`]: value };
  return Object.fromEntries(where[1]!.split(',').map((place) => [`annotation-${place}.${where[2]}`, value]));
}

function ulimit(written: string): { readonly soft: number; readonly hard: number } {
  const match = /^(-1|\d+)(?::(-1|\d+))?$/.exec(written.trim());
  if (!match) throw new TypeError(`${JSON.stringify(written)} is not a limit: write a number, or soft:hard`);
  const soft = Number(match[1]);
  const hard = match[2] === undefined ? soft : Number(match[2]);
  if (hard !== -1 && (soft > hard || soft === -1))
    throw new TypeError(`the soft limit ${soft} is above the hard limit ${hard}`);
  return { soft, hard };
}

function ip(written: string): string {
  const { isIP } = process.getBuiltinModule('node:net');
  const address = written.replace(/^\[(.*)\]$/, '$1');
  if (isIP(address) === 0) throw new TypeError(`${JSON.stringify(written)} is not an IP address`);
  return address;
}

function bytes(written: string | number): number {
  const value = parseBytes(written);
  if (value === undefined)
    throw new TypeError(`${JSON.stringify(written)} is not a size: write bytes, or a text such as "64m"`);
  return value;
}

function whole(written: string | number): number {
  const value = Number(written);
  if (!Number.isSafeInteger(value) || String(written).trim() === '')
    throw new TypeError(`${JSON.stringify(written)} is not a whole number`);
  return value;
}

function count(written: string | number): number {
  const value = whole(written);
  if (value < 0) throw new TypeError(`${value} is below 0`);
  return value;
}

/** Milliseconds. */
function time(written: string | number): number {
  const seconds = parseSeconds(written);
  if (!seconds) throw new TypeError(`${JSON.stringify(written)} is not a time: write seconds, or a text such as "10m"`);
  return seconds * 1000;
}

function oneOf<const T extends string>(written: string, words: readonly T[]): T {
  if ((words as readonly string[]).includes(written)) return written as T;
  const meant = nearest(written, words);
  throw new TypeError(
    `${JSON.stringify(written)} is none of ${words.join(', ')}${meant ? `; did you mean ${meant}?` : ''}`,
  );
}
