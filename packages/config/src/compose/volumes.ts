// Volumes of a service: what is declared at the top of the file, and paths of the folder that it was written for.

import { resolve } from 'node:path';
import { nearest } from '@monokit/engine/std/nearest';
import { isPathOf } from '../volumes.ts';
import { isMapping, type Mapping } from './merge.ts';

/** Entries whose paths are absolute; what is no path, or no volume at all, stays as it is written. */
export function absoluteVolumes(written: readonly unknown[], folder: string): readonly unknown[] {
  const absolute = (source: string) => (source.startsWith('~') ? source : resolve(folder, source));
  return written.map((each) => {
    if (typeof each === 'string') {
      const [source = '', ...rest] = each.split(':');
      return rest.length > 0 && isPathOf(source) ? [absolute(source), ...rest].join(':') : each;
    }
    if (!isMapping(each) || each['type'] !== 'bind' || typeof each['source'] !== 'string') return each;
    return { ...each, source: absolute(each['source']) };
  });
}

export interface DeclaredVolumes {
  /** By the keys of compose's long form, or as text; names are those of the volumes themselves. */
  readonly volumes: readonly unknown[];
  /** Those that a container here has to do without, each with the reason. */
  readonly without: readonly string[];
}

/** Volumes with the names that `declared` gives them. Throws a `TypeError` for a name that is not declared. */
export function declaredVolumes(written: readonly unknown[], declared: Mapping): DeclaredVolumes {
  const volumes: unknown[] = [];
  const without: string[] = [];
  for (const each of written) {
    const source = sourceOf(each);
    if (source === undefined) {
      volumes.push(isMapping(each) ? known(each) : each);
      continue;
    }
    if (!Object.hasOwn(declared, source)) {
      const meant = nearest(source, Object.keys(declared));
      const hint = meant ? `did you mean ${meant}?` : 'declare it in volumes, at the top of the file';
      throw new TypeError(`volumes: there is no volume ${source}; ${hint}`);
    }
    const { external, driver, driver_opts: options, name } = isMapping(declared[source]) ? declared[source] : {};
    if (external === true || external === 'true') without.push(`volume ${source} (external)`);
    else if (![undefined, null, 'local'].includes(driver as string | null | undefined))
      without.push(`volume ${source} (driver ${String(driver)})`);
    else if (isMapping(options) && Object.keys(options).length > 0) without.push(`volume ${source} (driver_opts)`);
    else volumes.push(named(each, typeof name === 'string' ? name : source));
  }
  return { volumes, without };
}

/** The name of the volume that an entry is of, if it is of one. */
function sourceOf(each: unknown): string | undefined {
  if (isMapping(each))
    return each['type'] === 'volume' && typeof each['source'] === 'string' ? each['source'] : undefined;
  const [source, ...rest] = String(each).split(':');
  return rest.length > 0 && source && !isPathOf(source) ? source : undefined;
}

function named(each: unknown, source: string): unknown {
  if (isMapping(each)) return known({ ...each, source });
  return [source, ...String(each).split(':').slice(1)].join(':');
}

/** Without what changes nothing here: labels of volumes and of SELinux, how consistent a mount is on a Mac. */
function known(volume: Mapping): Mapping {
  const { consistency: _consistency, bind, volume: own, ...rest } = volume;
  const without = (inner: unknown, ...keys: readonly string[]) =>
    isMapping(inner) ? Object.fromEntries(Object.entries(inner).filter(([key]) => !keys.includes(key))) : inner;
  const kept = { ...rest, bind: without(bind, 'selinux'), volume: without(own, 'labels') };
  return Object.fromEntries(
    Object.entries(kept).filter(([key, value]) => value !== undefined && !key.startsWith('x-')),
  );
}
