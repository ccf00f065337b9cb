// An image is put together from layers: the workspace's defaults, what was discovered, the images that it inherits from,
// its own keys, and at last `--set`.

import type { Config, Image } from './config.ts';
import type { Discovered } from './discover.ts';
import type { KeyPath } from './place.ts';
import { suggestion, type Problem } from './problem.ts';
import { idComplaint } from './schema.ts';
import type { Origin } from './target.ts';

/** Some keys of an image, and where each of them was written. */
export interface Layer {
  readonly image: Image;
  readonly origin: (path: KeyPath) => Origin;
}

/** An image's keys after all layers, with where each came from: by key, and in maps by `key.name`. */
export interface Layered {
  readonly image: Image;
  readonly origins: ReadonlyMap<string, Origin>;
}

/** Keys that are maps: theirs are merged, all others replaced. */
const maps: ReadonlySet<string> = new Set([
  'args',
  'contexts',
  'labels',
  'annotations',
  'extraHosts',
  'ulimits',
  'resources',
]);

/** What names an image or multiplies it is its own, and not inherited. */
const own: ReadonlySet<string> = new Set(['inherits', 'matrix', 'name', 'description']);

/** How an image is made: a layer with one of these takes the others of the layers below it away. */
const recipes = ['dockerfile', 'dockerfileInline', 'define'] as const;

/** The layers of every image, lowest first, by its key in `images` or the id it was discovered under; no templates. */
export function imageLayers(
  config: Config,
  { discovered, sourced }: { readonly discovered: readonly Discovered[]; readonly sourced: ReadonlyMap<string, Layer> },
  report: (problem: Problem) => void,
): ReadonlyMap<string, readonly Layer[]> {
  const images = config.images ?? {};
  const found = new Map(discovered.map((one) => [one.id, one]));
  const ids = [...new Set([...sourced.keys(), ...found.keys(), ...Object.keys(images)])];

  const rounds = new Set<string>();

  const layersOf = (id: string, heirs: readonly string[]): readonly Layer[] => {
    const layers: Layer[] = [];
    const source = sourced.get(id);
    if (source) return [source];
    const one = found.get(id);
    if (one) layers.push(layerOf(one));
    if (!Object.hasOwn(images, id)) return layers;
    const image = images[id]!;
    for (const [index, parent] of listOf(image.inherits).entries()) {
      const path: KeyPath = ['images', id, 'inherits', ...(typeof image.inherits === 'string' ? [] : [index])];
      const chain = [...heirs, id];
      if (!ids.includes(parent)) {
        const message = `${id} inherits from ${JSON.stringify(parent)}, which is not an image`;
        report({ code: 'config/unknown-image', path, message, ...suggestion(parent, ids) });
      } else if (chain.includes(parent)) {
        const round = chain.slice(chain.indexOf(parent));
        const key = round.toSorted().join();
        const message = `images inherit from each other: ${[...round, parent].join(' → ')}`;
        if (!rounds.has(key)) report({ code: 'config/cycle', path, message });
        rounds.add(key);
      } else layers.push(...layersOf(parent, chain).map(withoutOwn));
    }
    layers.push({ image, origin: (path) => ({ kind: 'config', path: ['images', id, ...path] }) });
    return layers;
  };

  const defaults: readonly Layer[] = config.defaults
    ? [withoutOwn({ image: config.defaults, origin: (path) => ({ kind: 'config', path: ['defaults', ...path] }) })]
    : [];
  for (const key of own) {
    if (config.defaults?.[key as keyof Image] === undefined) continue;
    report({
      code: 'config/not-inherited',
      path: ['defaults', key],
      message: `${key} is an image's own and can't be a default`,
    });
  }
  const result = new Map<string, readonly Layer[]>();
  for (const id of ids) {
    const complaint = found.has(id) && !Object.hasOwn(images, id) ? idComplaint(id) : undefined;
    if (complaint) {
      const hint = 'give it a name in images, with its dockerfile';
      report({ code: 'config/name', message: `${found.get(id)!.dockerfile}: ${complaint}`, hint });
    }
    const layers = layersOf(id, []);
    if (sourced.has(id) || !id.startsWith('_')) result.set(id, [...defaults, ...layers]);
  }
  return result;
}

/** One image out of its layers. */
export function merged(layers: readonly Layer[], report: (problem: Problem) => void): Layered {
  return layers.reduce((below, layer) => laidOver(below, layer, report), { image: {}, origins: new Map() } as Layered);
}

/** An image with one more layer over it. */
export function laidOver(below: Layered, layer: Layer, report: (problem: Problem) => void): Layered {
  const image: Record<string, unknown> = { ...below.image };
  const origins = new Map(below.origins);
  const given = recipes.filter((key) => layer.image[key] !== undefined);
  if (given.length > 1) {
    const origin = layer.origin([given[1]!]);
    const message = `an image is made by one of ${given.join(' and ')}, not by both`;
    report({
      code: 'config/conflict',
      message,
      ...(origin.kind === 'config' && { path: origin.path }),
      ...(origin.kind === 'source' && { place: origin.place }),
    });
  }
  if (given.length > 0) {
    for (const key of recipes) {
      delete image[key];
      origins.delete(key);
    }
  }
  for (const [key, value] of Object.entries(layer.image)) {
    if (value === undefined) continue;
    if (maps.has(key)) {
      image[key] = { ...(image[key] as object | undefined), ...(value as object) };
      for (const name of Object.keys(value as object)) origins.set(`${key}.${name}`, layer.origin([key, name]));
    } else {
      image[key] = value;
      origins.set(key, layer.origin([key]));
    }
  }
  return { image, origins };
}

/** A value that may be written alone, as a list. */
export function listOf<T>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

function layerOf({ dockerfile, context }: Discovered): Layer {
  const inside = context === '.' ? dockerfile : dockerfile.slice(context.length + 1);
  return { image: { context, dockerfile: inside }, origin: () => ({ kind: 'discovered', file: dockerfile }) };
}

function withoutOwn({ image, origin }: Layer): Layer {
  return { image: Object.fromEntries(Object.entries(image).filter(([key]) => !own.has(key))), origin };
}
