// Compose files over each other: mappings merge, sequences add up, all else is replaced. What may be written in two ways
// is first written in one.

import { Replacing } from './yaml.ts';

export type Mapping = Readonly<Record<string, unknown>>;

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Replacing);
}

/** One value over another. */
export function merged(below: unknown, above: unknown): unknown {
  if (above instanceof Replacing) return above.value;
  const under = below instanceof Replacing ? below.value : below;
  if (above === undefined) return under;
  if (isMapping(under) && isMapping(above)) {
    const made: Record<string, unknown> = { ...under };
    for (const [key, value] of Object.entries(above)) {
      const result = merged(made[key], value);
      if (result === undefined) delete made[key];
      else made[key] = result;
    }
    return made;
  }
  if (Array.isArray(under) && Array.isArray(above)) return [...(under as unknown[]), ...(above as unknown[])];
  return above === null && under !== undefined ? under : above;
}

/** A value without the tags that told how to merge it. */
export function settled(value: unknown): unknown {
  if (value instanceof Replacing) return settled(value.value);
  if (Array.isArray(value)) return value.map(settled);
  if (!isMapping(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, each]) => {
      const result = settled(each);
      return result === undefined ? [] : [[key, result]];
    }),
  );
}

/** Lists of `key=value` as mappings; a key alone has no value. Anything else stays as it is. */
function asMapping(value: unknown, separator: RegExp = /=/): unknown {
  if (value instanceof Replacing) return new Replacing(asMapping(value.value, separator));
  if (!Array.isArray(value)) return value;
  return Object.fromEntries(
    value.map((item: unknown) => {
      if (isMapping(item)) return Object.entries(item)[0] ?? ['', null];
      const text = String(item);
      const found = separator.exec(text);
      return found ? [text.slice(0, found.index), text.slice(found.index + found[0].length)] : [text, null];
    }),
  );
}

/** A service with its build in the long form, and lists of `key=value` as mappings. */
export function canonicalService(service: unknown): unknown {
  if (!isMapping(service)) return service;
  const { build, environment, env_file: files } = service;
  return {
    ...service,
    ...(build !== undefined && { build: canonicalBuild(build) }),
    ...(environment !== undefined && { environment: asMapping(environment) }),
    ...(files !== undefined && { env_file: asList(files) }),
  };
}

function canonicalBuild(build: unknown): unknown {
  if (build instanceof Replacing) return new Replacing(canonicalBuild(build.value));
  if (typeof build === 'string') return { context: build };
  if (!isMapping(build)) return build;
  const made: Record<string, unknown> = { ...build };
  for (const key of ['args', 'labels', 'additional_contexts', 'ssh'])
    if (made[key] !== undefined) made[key] = asMapping(made[key]);
  if (made['extra_hosts'] !== undefined) made['extra_hosts'] = asMapping(made['extra_hosts'], /=|:(?=\s*\S)/);
  if (typeof made['ssh'] === 'string') made['ssh'] = asMapping([made['ssh']]);
  return made;
}

function asList(value: unknown): unknown {
  return typeof value === 'string' || isMapping(value) ? [value] : value;
}
