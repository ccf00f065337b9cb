// The variables in a compose file's texts.

import { interpolated } from './interpolate.ts';
import { isMapping } from './merge.ts';
import { Replacing, type YamlFile, type YamlPath } from './yaml.ts';

export interface Filling {
  readonly lookUp: (name: string) => string | undefined;
  /** Told of a variable that has no value and no default. */
  readonly unset: (name: string, path: YamlPath) => void;
  /** Told of a text whose variables can't be read. */
  readonly wrong: (message: string, path: YamlPath) => void;
}

/** Keys of a service that builds read. */
const serviceKeys = ['build', 'image', 'environment', 'env_file', 'extends', 'platform'];

/** A file with its variables filled in, where somebody here reads it: elsewhere may be whatever. */
export function filled(file: YamlFile, filling: Filling): YamlFile {
  if (!isMapping(file.value)) return file;
  // What only a container would read is no reason to complain when an image is built.
  const quiet = { ...filling, unset: () => undefined, wrong: () => undefined };
  const entries = Object.entries(file.value).map(([key, each]) => {
    if (key === 'services' && isMapping(each)) {
      const services = Object.entries(each).map(([name, service]) => [name, filledService(service, [key, name])]);
      return [key, Object.fromEntries(services) as unknown];
    }
    if (key === 'volumes') return [key, fill(each, [key], quiet)];
    return [key, ['secrets', 'include'].includes(key) ? fill(each, [key], filling) : each];
  });
  return { ...file, value: Object.fromEntries(entries) };

  function filledService(service: unknown, path: YamlPath): unknown {
    if (!isMapping(service)) return service;
    return Object.fromEntries(
      Object.entries(service).flatMap(([key, each]) =>
        each === undefined
          ? []
          : [[key, fill(each, [...path, key], serviceKeys.includes(key) ? filling : quiet)] as const],
      ),
    );
  }
}

function fill(value: unknown, path: YamlPath, filling: Filling): unknown {
  if (typeof value === 'string') return fillText(value, path, filling);
  if (value instanceof Replacing) return new Replacing(fill(value.value, path, filling));
  if (Array.isArray(value)) return value.map((item: unknown, index) => fill(item, [...path, index], filling));
  if (!isMapping(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each, [...path, key], filling)]));
}

function fillText(text: string, path: YamlPath, { lookUp, unset, wrong }: Filling): string {
  if (!text.includes('$')) return text;
  try {
    return interpolated(text, { lookUp, unset: (name) => unset(name, path) });
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    wrong(error.message, path);
    return text;
  }
}
