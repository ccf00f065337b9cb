// What the images of a run were made of, as one file beside a record that is taken elsewhere (`--summarize=FILE`): with it
// `cli why` compares runs of two machines.

import { readFileSync } from 'node:fs';
import type { ManifestEntry } from '@monokit/engine';
import { flag, keys, listOf, maybe, number, oneOf, pair, recordOf, text, type Check } from '../runs/shape.ts';
import { harmless } from '../ui/tame.ts';
import type { Book, MadeImage, MadeRun } from './book.ts';
import type { Components, PlatformComponents, ReadComponents, StepComponents } from './components.ts';
import type { Declared } from './declared.ts';

/** Where what runs were made of is looked up, by name. One that was brought here has no key of its machine's. */
export type Pages = Pick<Book, 'components' | 'list'> & Partial<Pick<Book, 'keyPath'>>;

/** A run with all that it names. */
export interface Bundle extends MadeRun {
  readonly components: Readonly<Record<string, Components>>;
  readonly lists: Readonly<Record<string, readonly ManifestEntry[]>>;
}

/** What a run's images were made of, whole; undefined where nothing of it is kept. */
export function bundleOf(id: string, book: Book): Bundle | undefined {
  const run = book.run(id);
  if (!run) return undefined;
  const images = Object.values(run.images);
  const found = <T>(names: readonly string[], get: (name: string) => T | undefined) =>
    Object.fromEntries(
      [...new Set(names)].flatMap((name) => {
        const value = get(name);
        return value === undefined ? [] : [[name, value] as const];
      }),
    );
  return {
    ...run,
    components: found(
      images.map(({ made }) => made),
      (name) => book.components(name),
    ),
    lists: found(
      images.flatMap(({ lists }) => lists),
      (name) => book.list(name),
    ),
  };
}

/** The bundle in a file; undefined where there is none, or it is not what it should be. */
export function readBundle(path: string): { readonly run: MadeRun; readonly pages: Pages } | undefined {
  let bundle: unknown;
  try {
    bundle = JSON.parse(readFileSync(path, 'utf8'), (_, value: unknown) =>
      typeof value === 'string' ? harmless(value) : value,
    );
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  if (!isBundle(bundle)) return undefined;
  const { components, lists, ...run } = bundle as Bundle;
  const at = <T>(all: Readonly<Record<string, T>>, name: string) => (Object.hasOwn(all, name) ? all[name] : undefined);
  return { run, pages: { components: (name) => at(components, name), list: (name) => at(lists, name) } };
}

/**
 * Without the digests that stand for secret values: each machine makes its own, so that those of two machines say nothing
 * of one another.
 */
export function unveiled(components: Components): Components {
  return JSON.parse(JSON.stringify(components), (_, value: unknown) =>
    typeof value === 'string' ? value.replaceAll(/~[0-9a-f]{8}\b/g, '~') : value,
  ) as Components;
}

const texts = recordOf(text);

const read = keys<ReadComponents>({ folder: number, path: text, content: text, list: text });

const step = keys<StepComponents>({
  digest: text,
  name: text,
  kind: text,
  owner: maybe(text),
  file: maybe(text),
  lines: maybe(pair),
  text: maybe(text),
  inputs: listOf(number),
  own: text,
  pin: maybe(text),
  forced: maybe(flag),
  parts: texts,
  reads: maybe(listOf(read)),
});

/** Inputs come before what reads them. */
const steps: Check = (value) =>
  listOf(step)(value) &&
  (value as readonly StepComponents[]).every(({ inputs, reads = [] }, i, { length }) =>
    [...inputs.map((input) => [input, i]), ...reads.map(({ folder }) => [folder, length])].every(
      ([index, end]) => Number.isInteger(index) && index! < end!,
    ),
  );

const platform = keys<PlatformComponents>({
  platform: text,
  config: texts,
  declared: listOf(
    keys<Declared>({ kind: oneOf('ARG', 'ENV'), name: text, value: maybe(text), file: text, line: number }),
  ),
  steps,
});

const one: Check = (value) => value === 1;

const isBundle = keys<Bundle>({
  version: one,
  monokit: text,
  cache: text,
  images: recordOf(keys<MadeImage>({ made: text, lists: listOf(text), ok: flag, digest: maybe(text) })),
  components: recordOf(keys<Components>({ version: one, asked: texts, platforms: listOf(platform) })),
  lists: recordOf(
    listOf(keys<ManifestEntry>({ path: text, kind: text, mode: number, digest: text, target: maybe(text) })),
  ),
});
