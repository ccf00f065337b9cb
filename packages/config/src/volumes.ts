// Volumes of a container as people write them: compose's short form, its long form, and `tmpfs`.

import { posix, resolve } from 'node:path';
import { parseBytes } from '@monokit/engine/std/quantity';
import type { ImageWatch, WatchVolume } from './config.ts';
import { listOf } from './layers.ts';
import type { VolumeSpec } from './target.ts';

interface World {
  /** Absolute: what paths are relative to. */
  readonly root: string;
  readonly env: NodeJS.ProcessEnv;
}

/** What a container has at which place; what is written last stays. Throws a `TypeError` that says what is wrong. */
export function readVolumes({ volumes, tmpfs }: ImageWatch, world: World): readonly VolumeSpec[] {
  const all = [
    ...listOf(volumes).map((each) => (typeof each === 'string' ? shortForm(each, world) : longForm(each, world))),
    ...listOf(tmpfs).map(memory),
  ];
  return [...new Map(all.map((each) => [each.target, each])).values()];
}

/** Whether a volume's source is a path and no name, as compose tells them apart. */
export function isPathOf(source: string): boolean {
  return /^(?:\.{1,2}(?:\/|$)|\/|~(?:\/|$))/.test(source);
}

/** `TARGET`, `SOURCE:TARGET` or `SOURCE:TARGET:OPTIONS`. */
function shortForm(written: string, world: World): VolumeSpec {
  const parts = written.split(':');
  if (parts.length > 3 || parts.includes('')) {
    throw new TypeError(`volumes: ${quoted(written)} is not a volume: write SOURCE:TARGET, or SOURCE:TARGET:ro`);
  }
  const [source, at, options = ''] = parts.length === 1 ? [undefined, parts[0]!] : parts;
  const target = targetOf(at!, written);
  let [readonly, populate] = [false, true];
  for (const option of options.split(',').filter(Boolean)) {
    if (option === 'ro') readonly = true;
    else if (option === 'nocopy') populate = false;
    else if (!meaningless.has(option)) {
      throw new TypeError(`volumes: ${quoted(written)}: ${quoted(option)} is none of ro, rw and nocopy`);
    }
  }
  if (source === undefined) return { kind: 'volume', target, readonly, populate };
  if (isPathOf(source)) return { kind: 'bind', target, source: pathOf(source, world), readonly, create: true };
  return { kind: 'volume', target, name: nameOf(source), readonly, populate };
}

/**
 * Options that change nothing on Linux, or here: containers have no label of SELinux of their own, and nothing that is
 * mounted later is passed on.
 */
const meaningless: ReadonlySet<string> = new Set(['rw', 'z', 'Z', 'cached', 'delegated', 'consistent', 'rprivate']);

function longForm(written: WatchVolume, world: World): VolumeSpec {
  const { type, source, read_only: readonly = false, bind, volume, tmpfs } = written;
  const target = targetOf(written.target, written.target);
  for (const [key, given] of Object.entries({ bind, volume, tmpfs })) {
    if (given && key !== type) throw new TypeError(`volumes: ${target}: ${key} goes with type: ${key}, not ${type}`);
  }
  switch (type) {
    case 'bind':
      if (!source) throw new TypeError(`volumes: ${target}: a bind needs a source`);
      return { kind: 'bind', target, source: pathOf(source, world), readonly, create: bind?.create_host_path ?? true };
    case 'volume': {
      const { nocopy = false, subpath } = volume ?? {};
      if (subpath !== undefined && (subpath.startsWith('/') || subpath.split('/').includes('..')))
        throw new TypeError(`volumes: ${target}: ${quoted(subpath)} is not a path in a volume`);
      return {
        kind: 'volume',
        target,
        ...(source !== undefined && { name: nameOf(source) }),
        readonly,
        populate: !nocopy,
        ...(subpath && { subpath }),
      };
    }
    case 'tmpfs':
      if (source !== undefined) throw new TypeError(`volumes: ${target}: a tmpfs has no source`);
      return { kind: 'tmpfs', target, ...sizeAndMode(tmpfs ?? {}, target) };
  }
}

/** `/run` or `/run:size=64m,mode=1777`. */
function memory(written: string): VolumeSpec {
  const [at = '', options = ''] = written.split(':');
  const known: { size?: string; mode?: string } = {};
  for (const option of options.split(',').filter(Boolean)) {
    const [, name, value] = /^(size|mode)=(.+)$/.exec(option) ?? [];
    if (name === undefined)
      throw new TypeError(`tmpfs: ${quoted(written)}: ${quoted(option)} is neither size nor mode`);
    known[name as 'size' | 'mode'] = value!;
  }
  const target = targetOf(at, written);
  return { kind: 'tmpfs', target, ...sizeAndMode(known, target) };
}

/** As Docker has it, everybody may write in one, and nobody takes away what is another's. */
function sizeAndMode({ size, mode = 0o1777 }: NonNullable<WatchVolume['tmpfs']>, target: string) {
  const bytes = size === undefined ? undefined : parseBytes(size);
  if (size !== undefined && bytes === undefined)
    throw new TypeError(`volumes: ${target}: ${quoted(size)} is not a size such as 64m`);
  const bits = typeof mode === 'number' ? mode : /^[0-7]{3,4}$/.test(mode) ? Number.parseInt(mode, 8) : -1;
  if (!Number.isInteger(bits) || bits < 0 || bits > 0o7777)
    throw new TypeError(`volumes: ${target}: ${quoted(mode)} is not a mode such as "1777"`);
  return { ...(bytes !== undefined && { size: bytes }), mode: bits };
}

function targetOf(path: string, written: string): string {
  if (!path.startsWith('/'))
    throw new TypeError(`volumes: ${quoted(written)}: ${quoted(path)} is not an absolute path of the container`);
  const target = posix.resolve(path);
  if (target === '/') throw new TypeError(`volumes: ${quoted(written)}: a volume cannot be all of the container`);
  return target;
}

function pathOf(source: string, { root, env }: World): string {
  if (!/^~(?:\/|$)/.test(source)) return resolve(root, source);
  if (!env['HOME']) throw new TypeError(`volumes: ${quoted(source)}: HOME is not set`);
  return resolve(env['HOME'], `.${source.slice(1)}`);
}

/** It becomes a folder's name. */
function nameOf(name: string): string {
  if (/^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,199}$/.test(name)) return name;
  throw new TypeError(
    `volumes: ${quoted(name)} is not a name: letters, digits, "_", "-" and "."; a path begins with "./", "/" or "~/"`,
  );
}

const quoted = (value: string | number): string => JSON.stringify(value);
