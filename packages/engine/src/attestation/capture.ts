import type { Definition } from '../llb/definition.ts';
import { loadDefinition } from '../llb/load.ts';
import type { SourceOp } from '../llb/source.ts';
import type { Digest } from '../oci/digest.ts';
import { formatPlatform, type Platform } from '../oci/platform.ts';
import { parseReference } from '../oci/reference.ts';
import { withoutCredentials } from './redact.ts';

/** Something that a build read, settled to what it was. */
export type Material =
  | ImageMaterial
  /** `url` ends with `#ref` where one was asked for. */
  | { readonly kind: 'git'; readonly url: string; readonly commit: string; readonly lent?: Lent }
  | { readonly kind: 'http'; readonly url: string; readonly digest: Digest }
  /** A folder of the client, which no digest names for others. */
  | { readonly kind: 'local'; readonly name: string };

export interface ImageMaterial {
  readonly kind: 'image';
  /** Normalised. */
  readonly reference: string;
  readonly platform?: Platform;
  readonly digest: Digest;
  /** In an OCI layout of the client. */
  readonly local: boolean;
}

/** Ids of what the client lent, with whether it could have been missing. */
export interface Lent {
  readonly secrets: ReadonlyMap<string, boolean>;
  readonly ssh: ReadonlyMap<string, boolean>;
}

/** What went into one platform's result. */
export interface Capture extends Lent {
  readonly images: readonly ImageMaterial[];
  readonly git: readonly Extract<Material, { kind: 'git' }>[];
  readonly http: readonly Extract<Material, { kind: 'http' }>[];
  readonly locals: readonly string[];
  /** Some step could reach a network. */
  readonly network: boolean;
  /** Something was read that is not among these. */
  readonly incomplete: boolean;
}

export interface CaptureOptions {
  /** Images that the frontend looked up, as they were named. */
  readonly resolved: readonly ImageMaterial[];
  /** Of the result. */
  readonly platform: Platform;
  /** Settles what a source op names. */
  readonly settle: (op: SourceOp, digest: Digest) => Promise<Material>;
}

/** What a definition reads and is lent, sorted and without credentials. */
export async function capture(
  definition: Definition,
  { resolved, platform, settle }: CaptureOptions,
): Promise<Capture> {
  const vertices = [...(loadDefinition(definition)?.vertices.values() ?? [])];
  const [secrets, ssh] = [new Map<string, boolean>(), new Map<string, boolean>()];
  const lend = (to: Map<string, boolean>, id: string, optional: boolean) =>
    to.set(id, (to.get(id) ?? true) && optional);
  let [network, incomplete] = [false, false];
  const settled = await Promise.all(
    vertices.map(async ({ op, digest }) => {
      if (op.kind === 'source') return settle(op, digest);
      if (op.kind === 'build') incomplete = true;
      if (op.kind === 'exec') {
        network ||= op.network !== 'none';
        for (const mount of op.mounts) {
          if (mount.kind === 'secret') lend(secrets, mount.id, mount.optional);
          if (mount.kind === 'ssh') lend(ssh, mount.id || 'default', mount.optional);
        }
        for (const { id, optional } of op.secretEnv) lend(secrets, id, optional);
      }
      return undefined;
    }),
  );
  const materials = settled.filter((each) => each !== undefined);
  const of = <K extends Material['kind']>(kind: K) =>
    materials.filter((each): each is Extract<Material, { kind: K }> => each.kind === kind);
  for (const { lent } of of('git')) {
    for (const [id, optional] of lent?.secrets ?? []) lend(secrets, id, optional);
    for (const [id, optional] of lent?.ssh ?? []) lend(ssh, id, optional);
  }
  const open = <T extends { readonly url: string }>(each: T): T => ({ ...each, url: withoutCredentials(each.url) });
  return {
    images: images([...of('image'), ...forPlatform(resolved, platform)]),
    git: unique(of('git').map(open), ({ url }) => url),
    http: unique(of('http').map(open), ({ url }) => url),
    locals: unique(of('local'), ({ name }) => name).map(({ name }) => name),
    secrets: sortedMap(secrets),
    ssh: sortedMap(ssh),
    network,
    incomplete,
  };
}

/** Of an image that was looked up for this platform, only that; of others, what they were looked up for. */
function forPlatform(resolved: readonly ImageMaterial[], { os, architecture }: Platform): readonly ImageMaterial[] {
  const fits = ({ platform }: ImageMaterial) => platform?.os === os && platform.architecture === architecture;
  return resolved.filter(
    (image) => fits(image) || !resolved.some((other) => other.reference === image.reference && fits(other)),
  );
}

/** Each image once; not by its digest where it is there by its tag. */
function images(all: readonly ImageMaterial[]): readonly ImageMaterial[] {
  const tagOf = ({ domain, path, tag = 'latest' }: ReturnType<typeof parseReference>) => `${domain}/${path}:${tag}`;
  const read = all.map((image) => ({ image, reference: parseReference(image.reference) }));
  const tagged = new Set(read.flatMap(({ reference }) => (reference.digest ? [] : [tagOf(reference)])));
  const kept = read.filter(({ reference }) => !reference.digest || !tagged.has(tagOf(reference)));
  return unique(
    kept.map(({ image }) => image),
    ({ reference, platform, local }) => `${reference} ${platform ? formatPlatform(platform) : ''} ${local}`,
  );
}

function unique<T>(all: readonly T[], key: (item: T) => string): readonly T[] {
  const found = new Map<string, T>();
  for (const item of all) if (!found.has(key(item))) found.set(key(item), item);
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, item]) => item);
}

function sortedMap(map: ReadonlyMap<string, boolean>): ReadonlyMap<string, boolean> {
  return new Map([...map].sort(([a], [b]) => (a < b ? -1 : 1)));
}
