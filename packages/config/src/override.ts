// `--set pattern.key[.name][+]=value`, as bake has it.

import type { Image } from './config.ts';
import { csvFields } from './csv.ts';
import { imageKeys, imageSynonyms } from './image-schema.ts';
import { listOf, type Layer } from './layers.ts';
import { globOf } from './links.ts';
import { suggestion, type Problem } from './problem.ts';

/** One `--set`, read. */
export interface Override {
  /** As written. */
  readonly text: string;
  /** Of ids; `*` stands for any letters. */
  readonly pattern: string;
  readonly key: keyof Image;
  /** The name in a map. */
  readonly name?: string;
  readonly value: string;
  /** `+=`: adds to a list. */
  readonly append: boolean;
}

type Kind = 'text' | 'list' | 'csv' | 'map' | 'flag';

/** The keys that can be set, and how their texts are read. A `csv` list has commas in its items. */
const kinds: Partial<Record<keyof Image, Kind>> = {
  context: 'text',
  dockerfile: 'text',
  dockerfileInline: 'text',
  target: 'text',
  network: 'text',
  shmSize: 'text',
  created: 'text',
  sourceDateEpoch: 'text',
  description: 'text',
  args: 'map',
  contexts: 'map',
  labels: 'map',
  annotations: 'map',
  extraHosts: 'map',
  ulimits: 'map',
  resources: 'map',
  priority: 'text',
  timeout: 'text',
  retries: 'text',
  platforms: 'list',
  tags: 'list',
  noCacheFilter: 'list',
  entitlements: 'list',
  dependsOn: 'list',
  output: 'csv',
  attest: 'csv',
  cacheFrom: 'csv',
  cacheTo: 'csv',
  secrets: 'csv',
  ssh: 'csv',
  noCache: 'flag',
  pull: 'flag',
  reproducible: 'flag',
};

/** Reads `--set`s. What can't be read is reported. */
export function readOverrides(texts: readonly string[], report: (problem: Problem) => void): readonly Override[] {
  return texts.flatMap((text) => {
    const wrong = (message: string, hint?: string): [] => {
      report({ code: 'config/set', message: `--set ${text}: ${message}`, ...(hint !== undefined && { hint }) });
      return [];
    };
    const equals = text.indexOf('=');
    if (equals < 0) return wrong('there is no value', 'write --set pattern.key=value');
    const append = text[equals - 1] === '+';
    const parts = text.slice(0, append ? equals - 1 : equals).split('.');
    // An id may have dots in it: the first part that is a key ends it.
    const keyed = parts.findIndex((part, index) => index > 0 && keyNamed(part) !== undefined);
    if (keyed < 0) {
      const written = parts[1] ?? '';
      return wrong(`${JSON.stringify(written)} is not a key of an image`, suggestion(written, imageKeys).hint);
    }
    const key = keyNamed(parts[keyed]!)!;
    const kind = kinds[key];
    if (kind === undefined) return wrong(`${key} can't be set from the command line`);
    const written = parts.slice(keyed + 1).join('.');
    // Bake's own targets have these names with dashes.
    const name = key === 'resources' ? camelCase(written) : written;
    if ((kind === 'map') !== (name !== '')) {
      return wrong(
        kind === 'map' ? `${key} needs a name` : `${key} has no names in it`,
        `write --set pattern.${key}${kind === 'map' ? '.NAME' : ''}=value`,
      );
    }
    if (append && kind !== 'list' && kind !== 'csv') return wrong(`${key} is not a list that += could add to`);
    const value = text.slice(equals + 1);
    if (kind === 'flag' && !['', 'true', 'false', '1', '0'].includes(value)) return wrong(`${key} is true or false`);
    return [{ text, pattern: parts.slice(0, keyed).join('.'), key, value, append, ...(name !== '' && { name }) }];
  });
}

/** Whether an override is for an image. */
export function fits({ pattern }: Pick<Override, 'pattern'>, id: string): boolean {
  return globOf(pattern).test(id);
}

/** The layer that the overrides lay over an image; `below` is what it has so far. */
export function overrideLayer(id: string, below: Image, overrides: readonly Override[]): Layer | undefined {
  const fitting = overrides.filter((override) => fits(override, id));
  if (fitting.length === 0) return undefined;
  const image: Record<string, unknown> = {};
  const texts = new Map<string, string>();
  for (const { key, name, value, append, text } of fitting) {
    texts.set(name === undefined ? key : `${key}.${name}`, text);
    const before = image[key];
    switch (kinds[key]) {
      case 'map':
        image[key] = { ...(before as object | undefined), [name!]: value };
        break;
      case 'flag':
        image[key] = ['', 'true', '1'].includes(value);
        break;
      case 'list':
      case 'csv': {
        const items = kinds[key] === 'csv' ? [value] : csvFields(value).filter((item) => item !== '');
        // The first --set of a list replaces what is written, those after it add to it.
        const start = before ?? (append ? listOf(below[key] as string | string[] | undefined) : []);
        image[key] = [...(start as readonly unknown[]), ...(value === '' ? [] : items)];
        break;
      }
      default:
        image[key] = value;
    }
  }
  return { image, origin: (path) => ({ kind: 'set', text: texts.get(path.join('.')) ?? '' }) };
}

function camelCase(written: string): string {
  return written.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

/** An image's key by its own name, bake's (`cache-from`) or another tool's (`platform`). */
function keyNamed(written: string): keyof Image | undefined {
  const camel = camelCase(written);
  if (imageKeys.includes(camel)) return camel as keyof Image;
  return Object.hasOwn(imageSynonyms, camel) ? (imageSynonyms[camel] as keyof Image) : undefined;
}
