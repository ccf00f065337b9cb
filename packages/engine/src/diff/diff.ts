// What differs between two images: their files, layer by layer, and their configs. Layers that both have at the bottom
// are read only where the rest leaves a question open; no layer is ever held, only what its files are.

import { Readable } from 'node:stream';
import type { Digest } from '../oci/digest.ts';
import type { Platform } from '../oci/platform.ts';
import { decompressed } from '../pool/decompress.ts';
import { bytePath, namesOf, type BytePath } from '../std/byte-path.ts';
import { failedOf } from '../std/failed.ts';
import { compareTrees, type FileChange } from './compared-trees.ts';
import { configChanges, type ConfigChange } from './config-changes.ts';
import { LayeredTree, type TreePath, type Wanted } from './layered-tree.ts';
import { pairedLayers } from './paired-layers.ts';
import { readImage, type ImageAt, type ReadImage } from './read-image.ts';

export { storedImage } from './stored-image.ts';
export type { ConfigChange } from './config-changes.ts';
export type { FileFacts } from './file-facts.ts';
export { differingFacts } from './file-facts.ts';
export type { ImageAt } from './read-image.ts';

export interface DiffOptions {
  readonly platform: Platform;
  readonly signal: AbortSignal;
  /** Only these files and what is below them; all of them when left out. */
  readonly paths?: readonly string[];
  /** Whether files are compared at all; they are unless said. */
  readonly files?: boolean;
  /**
   * Whether layers that both have are asked about files that only one image says anything of. Without, those count as
   * added or removed, which is quick, and right wherever a layer does not write over what is below.
   */
  readonly askBelow?: boolean;
}

export interface ImageDiff {
  readonly from: ImageSide;
  readonly to: ImageSide;
  readonly same: boolean;
  /** In order, lowest first. */
  readonly layers: readonly LayerChange[];
  /** In the order of their paths; undefined where a layer that differs can't be read. */
  readonly files?: readonly AttributedChange[];
  readonly config: readonly ConfigChange[];
  /** Layers that can't be read any more. */
  readonly missing: readonly Digest[];
}

export interface ImageSide {
  readonly name: string;
  /** Of its manifest. */
  readonly digest: Digest;
  /** Bytes of its layers, as they are stored. */
  readonly size: number;
}

export interface LayerChange {
  readonly kind: 'same' | 'changed' | 'added' | 'removed';
  /** The instruction that made it. */
  readonly instruction: string;
  readonly from?: { readonly digest: Digest; readonly size: number };
  readonly to?: { readonly digest: Digest; readonly size: number };
  /** How many files differ because of it. */
  readonly files?: { readonly added: number; readonly removed: number; readonly changed: number };
}

/** A file with the index of the layer that it differs by, in `layers`. */
export type AttributedChange = DistributiveOmit<FileChange, 'fromLayer' | 'toLayer'> & { readonly layer?: number };

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

export async function diffImages(from: ImageAt, to: ImageAt, options: DiffOptions): Promise<ImageDiff> {
  const [a, b] = await Promise.all([readImage(from, options), readImage(to, options)]);
  const pairs = pairedLayers(a.layers, b.layers);
  const { changes, missing } =
    options.files === false ? { changes: [], missing: [] } : await fileChanges(a, b, options);
  const placeA = new Map(pairs.flatMap(({ from }, i) => (from === undefined ? [] : [[from, i] as const])));
  const placeB = new Map(pairs.flatMap(({ to }, i) => (to === undefined ? [] : [[to, i] as const])));
  const files = changes?.map(({ fromLayer, toLayer, ...change }): AttributedChange => {
    const place =
      (toLayer === undefined ? undefined : placeB.get(toLayer)) ??
      (fromLayer === undefined ? undefined : placeA.get(fromLayer));
    return { ...change, ...(place !== undefined && { layer: place }) };
  });
  const layers = pairs.map((pair, place): LayerChange => {
    const [one, other] = [pair.from, pair.to].map((i, side) => (i === undefined ? undefined : [a, b][side]!.layers[i]));
    const kind = !other ? 'removed' : !one ? 'added' : one.diffId === other.diffId ? 'same' : 'changed';
    const mine = files?.filter(({ layer }) => layer === place);
    const count = (what: FileChange['kind']) => mine?.filter((change) => change.kind === what).length ?? 0;
    return {
      kind,
      instruction: (other ?? one)!.createdBy,
      ...(one && { from: { digest: one.descriptor.digest, size: one.descriptor.size } }),
      ...(other && { to: { digest: other.descriptor.digest, size: other.descriptor.size } }),
      ...(mine && { files: { added: count('added'), removed: count('removed'), changed: count('changed') } }),
    };
  });
  const config = configChanges(a.config, b.config);
  return {
    from: sideOf(a),
    to: sideOf(b),
    same: config.length === 0 && layers.every(({ kind }) => kind === 'same'),
    layers,
    ...(files && options.files !== false && { files }),
    config,
    missing,
  };
}

function sideOf({ name, descriptor, layers }: ReadImage): ImageSide {
  return { name, digest: descriptor.digest, size: layers.reduce((sum, layer) => sum + layer.descriptor.size, 0) };
}

async function fileChanges(
  a: ReadImage,
  b: ReadImage,
  { paths, askBelow = true, signal }: DiffOptions,
): Promise<{ readonly changes?: readonly FileChange[]; readonly missing: readonly Digest[] }> {
  const shared = a.layers.findIndex((layer, i) => layer.diffId !== b.layers[i]?.diffId);
  const first = shared < 0 ? a.layers.length : shared;
  const asks = paths?.map((path) => namesOf(bytePath(path)));
  const wanted = asks && leadsTo(asks);
  const missing = new Set<Digest>();
  const [before, after] = await Promise.all(
    [a, b].map((image) => treeOf(image, { first, last: image.layers.length, missing, wanted, signal })),
  );
  if (!before || !after) return { missing: [...missing] };
  const asked: { readonly names: readonly BytePath[]; readonly every: boolean }[] = [];
  const ask = (names: readonly BytePath[], every: boolean) => void asked.push({ names: [...names], every });
  const alone = [...compareTrees(before.root, after.root, undefined, ask)];
  let below: TreePath | undefined;
  if (askBelow && asked.length > 0 && first > 0) {
    const open = openQuestions(asked);
    const both = wanted ? (names: readonly BytePath[]) => wanted(names) && open(names) : open;
    below = (await treeOf(b, { first: 0, last: first, missing, wanted: both, signal }))?.root;
  }
  const changes = below ? [...compareTrees(before.root, after.root, below)] : alone;
  const within = asks ? isWithin(asks) : () => true;
  return { changes: changes.filter(({ path }) => within(namesOf(path))), missing: [...missing] };
}

/** The files of some of an image's layers; undefined if one of those can't be read. */
async function treeOf(
  { layers, provider }: ReadImage,
  {
    first,
    last,
    missing,
    wanted,
    signal,
  }: {
    readonly first: number;
    readonly last: number;
    readonly missing: Set<Digest>;
    readonly wanted: Wanted | undefined;
    readonly signal: AbortSignal;
  },
): Promise<LayeredTree | undefined> {
  const tree = new LayeredTree(wanted);
  let whole = true;
  for (let i = first; i < last; i++) {
    const { descriptor } = layers[i]!;
    try {
      const bytes = Readable.from(provider.open(descriptor, { signal }), { objectMode: false });
      await tree.add(i, decompressed(bytes));
    } catch (error) {
      if (!failedOf(error, 'content-missing')) throw error;
      missing.add(descriptor.digest);
      whole = false;
    }
  }
  return whole ? tree : undefined;
}

/** Whether a path is one of these, or below one. */
function isWithin(paths: readonly (readonly BytePath[])[]): Wanted {
  return (names) => paths.some((path) => path.every((name, i) => names[i] === name));
}

/** The same, and all that these lie in: it may turn out to be no folder. */
function leadsTo(paths: readonly (readonly BytePath[])[]): Wanted {
  return (names) => paths.some((path) => path.every((name, i) => names[i] === name || i >= names.length));
}

function openQuestions(asked: readonly { readonly names: readonly BytePath[]; readonly every: boolean }[]): Wanted {
  const every = new Set(asked.flatMap(({ names, every }) => (every ? [names.join('/')] : [])));
  const leading = new Set(asked.flatMap(({ names }) => names.map((_, i) => names.slice(0, i + 1).join('/'))));
  return (names) =>
    leading.has(names.join('/')) || names.some((_, i) => every.has(names.slice(0, i + 1).join('/'))) || every.has('');
}
