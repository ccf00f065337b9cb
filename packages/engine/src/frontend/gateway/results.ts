// Results as they go over the wire, and as frontends of this engine give them: image configs, platforms and the like
// are metadata there, by BuildKit's keys.

import type { Definition } from '../../llb/definition.ts';
import type { Attestation, PlatformRef, Result } from '../../llb/result.ts';
import type { ImageConfig } from '../../oci/image-config.ts';
import { formatPlatform, hostPlatform, normalise, type Platform } from '../../oci/platform.ts';
import { goJson } from '../../std/go-json.ts';
import type { FrontendImage, FrontendResult } from '../frontend.ts';

const configKey = 'containerimage.config';
const baseConfigKey = 'containerimage.base.config';
const epochKey = 'source.date.epoch';
const platformsKey = 'refs.platforms';

/** One image of a result. */
export interface ImageOf<T> {
  readonly platform: Platform;
  /** An empty filesystem when undefined. */
  readonly ref: T | undefined;
  readonly config?: ImageConfig;
  readonly baseConfig?: ImageConfig;
  readonly epoch?: number;
  /** What is stated about it. */
  readonly attestations?: readonly Attestation<T>[];
}

/** Images as a result: one alone, or one for each platform. */
export function resultOf<T>(
  images: readonly ImageOf<T>[],
  {
    multiPlatform,
    metadata = {},
  }: { readonly multiPlatform: boolean; readonly metadata?: Readonly<Record<string, string>> },
): Result<T> {
  const all = new Map(Object.entries(metadata).map(([key, value]) => [key, bytesOf(value)]));
  const platforms: PlatformRef<T>[] = [];
  const attestations = new Map<string, readonly Attestation<T>[]>();
  for (const { platform, ref, config, baseConfig, epoch, attestations: stated } of images) {
    const id = formatPlatform(platform);
    const suffix = multiPlatform ? `/${id}` : '';
    platforms.push({ id, platform, ref });
    if (stated) attestations.set(id, stated);
    if (config) all.set(`${configKey}${suffix}`, bytesOf(JSON.stringify(config)));
    if (baseConfig) all.set(`${baseConfigKey}${suffix}`, bytesOf(JSON.stringify(baseConfig)));
    if (epoch !== undefined) all.set(`${epochKey}${suffix}`, bytesOf(String(epoch)));
  }
  if (platforms.length > 0) {
    const list = platforms.map(({ id, platform }) => ({ ID: id, Platform: platform }));
    all.set(platformsKey, bytesOf(goJson({ Platforms: list })));
  }
  if (multiPlatform) return { kind: 'platforms', platforms, metadata: all, attestations };
  return { kind: 'single', ref: platforms[0]?.ref, metadata: all, attestations };
}

/**
 * The images of a result. `answersOnly` is a result that was asked a question, so without a ref it has no image.
 * Throws a plain error that says why it can be none.
 */
export function frontendResultOf(
  result: Result<Definition>,
  { answersOnly }: { readonly answersOnly: boolean },
): FrontendResult {
  const rest = new Map(result.metadata);
  const take = (key: string, id: string) => {
    const value = rest.get(`${key}/${id}`) ?? rest.get(key);
    return value && textOf(value);
  };
  const known = readPlatforms(take(platformsKey, ''));
  const single = result.kind === 'single';
  const empty = single && result.ref === undefined && answersOnly;
  const parts: readonly (Omit<PlatformRef<Definition>, 'platform'> & { readonly platform?: Platform })[] = single
    ? [{ id: known[0]?.ID ?? '', ref: result.ref, ...(known[0] && { platform: known[0].Platform }) }]
    : inOrder(result.platforms, known);
  const images = parts.map(({ id, platform, ref }): FrontendImage => {
    const config = readConfig(configKey, take(configKey, id));
    const baseConfig = readConfig(baseConfigKey, take(baseConfigKey, id));
    const epoch = readEpoch(take(epochKey, id));
    // Those of one image alone may be told under its platform, or under no name.
    const attestations = result.attestations.get(id) ?? (single ? result.attestations.get('') : undefined);
    const of = platform ?? (config?.os && config.architecture ? (config as Platform) : hostPlatform());
    const { os, architecture, variant, 'os.version': version, 'os.features': features } = of;
    return {
      platform: normalise({
        os,
        architecture,
        ...(variant && { variant }),
        ...(version && { 'os.version': version }),
        ...(features && { 'os.features': features }),
      }),
      definition: ref ?? { ops: [], metadata: new Map() },
      ...(config && { config: { ...config, os: config.os || os, architecture: config.architecture || architecture } }),
      ...(baseConfig && { baseConfig }),
      ...(epoch !== undefined && { epoch }),
      ...(attestations && { attestations }),
    };
  });
  const own = [configKey, baseConfigKey, epochKey, platformsKey];
  const metadata = [...rest].filter(([key]) => !own.some((each) => key === each || key.startsWith(`${each}/`)));
  return {
    images: empty ? [] : images,
    multiPlatform: !single,
    metadata: Object.fromEntries(metadata.map(([key, value]) => [key, textOf(value)])),
  };
}

/** The refs in the order in which their platforms are told. */
function inOrder(
  refs: readonly PlatformRef<Definition>[],
  known: readonly { readonly ID: string; readonly Platform: Platform }[],
): readonly PlatformRef<Definition>[] {
  const untold = refs.find(({ id }) => !known.some(({ ID }) => ID === id));
  if (untold) throw new Error(`it has a ref ${JSON.stringify(untold.id)}, of which ${platformsKey} does not tell`);
  return known.map(({ ID, Platform: platform }) => {
    const found = refs.find(({ id }) => id === ID);
    if (!found) throw new Error(`${platformsKey} tells of ${JSON.stringify(ID)}, for which it has no ref`);
    return { ...found, platform };
  });
}

function readPlatforms(text: string | undefined): readonly { readonly ID: string; readonly Platform: Platform }[] {
  if (text === undefined) return [];
  const { Platforms: list } = objectOf(platformsKey, text) as { Platforms?: unknown };
  if (!Array.isArray(list)) throw new Error(`${platformsKey} has no list of platforms`);
  return list.map((entry: { ID?: unknown; Platform?: Partial<Platform> }) => {
    const { os, architecture } = entry.Platform ?? {};
    if (typeof entry.ID === 'string' && typeof os === 'string' && typeof architecture === 'string') {
      return entry as { ID: string; Platform: Platform };
    }
    throw new Error(`${platformsKey} has an entry without an id or a platform`);
  });
}

/** What is not known of an image config stays in it, as in BuildKit. */
function readConfig(key: string, text: string | undefined): ImageConfig | undefined {
  if (text === undefined) return undefined;
  const image = objectOf(key, text);
  const wrong = (what: string) => new Error(`${key}: ${what}`);
  for (const name of ['os', 'architecture', 'variant', 'created', 'author']) {
    if (!['string', 'undefined'].includes(typeof image[name])) throw wrong(`${name} is not a string`);
  }
  const { config = {}, history = [] } = image;
  if (typeof config !== 'object' || config === null || Array.isArray(config)) throw wrong('config is not an object');
  if (history !== null && !Array.isArray(history)) throw wrong('history is not a list');
  // The layers are the engine's to tell.
  const { rootfs: _, ...own } = image;
  return { ...own, config, history: history ?? [] } as unknown as ImageConfig;
}

function readEpoch(text: string | undefined): number | undefined {
  if (text === undefined || text === '') return undefined;
  const epoch = Number(text);
  if (!Number.isSafeInteger(epoch)) throw new Error(`${epochKey} is not a number of seconds: ${text}`);
  return epoch;
}

function objectOf(key: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new Error(`${key} is not JSON: ${(error as Error).message}`, { cause: error });
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new Error(`${key} is not an object`);
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text);
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}
