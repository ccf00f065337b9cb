// A target of a bake or compose file as an image of the workspace. Its texts are what they are: nothing is filled in.

import { isAbsolute, resolve } from 'node:path';
import { hostPlatform, formatPlatform } from '@monokit/engine/oci/platform';
import type { Image } from '../config.ts';
import { isRemote } from '../contexts.ts';
import type { Layer } from '../layers.ts';
import type { Problem } from '../problem.ts';
import type { Attributes, AttributeName, TargetAttributes } from './definition.ts';
import type { InheritedTarget } from './inherit.ts';

/** What the attributes of bake are called in a config. */
const attributeOf: Readonly<Record<string, AttributeName>> = {
  cacheFrom: 'cache-from',
  cacheTo: 'cache-to',
  dockerfileInline: 'dockerfile-inline',
  extraHosts: 'extra-hosts',
  noCache: 'no-cache',
  noCacheFilter: 'no-cache-filter',
  secrets: 'secret',
  shmSize: 'shm-size',
};

/** The lowest layer of an image. */
export function layerOf(target: InheritedTarget): Layer {
  return {
    image: imageOf(target),
    origin: ([key, ...rest]) => {
      const name = Object.hasOwn(attributeOf, String(key)) ? attributeOf[String(key)]! : String(key);
      const inner = [name, ...rest].join('.');
      const text = target.set[inner] ?? target.set[name];
      if (text !== undefined) return { kind: 'set', text };
      return { kind: 'source', place: target.places[inner] ?? target.places[name] ?? target.places['']! };
    },
  };
}

/** What a target asks for that nothing here can do; only who builds it has to hear of it. */
export function refusalsOf({ name, attributes, places }: InheritedTarget): readonly Problem[] {
  const refused = (attribute: AttributeName, message: string, hint: string): Problem => ({
    code: 'config/not-supported',
    message: `${name}: ${message}`,
    hint,
    place: places[attribute] ?? places['']!,
  });
  return [
    ...(attributes.policy && attributes.policy.some(({ disabled }) => disabled !== 'true')
      ? [refused('policy', 'source policies are not evaluated here', `--set ${name}.policy= builds without one`)]
      : []),
    ...(attributes.context === '-' || attributes.dockerfile === '-'
      ? [
          refused(
            attributes.context === '-' ? 'context' : 'dockerfile',
            'a target reads nothing from standard input',
            'name a folder or a file',
          ),
        ]
      : []),
  ];
}

function imageOf({ attributes, folder, service }: InheritedTarget): Image {
  const { 'dockerfile-inline': inline, attest, contexts } = attributes;
  const at = (path: string) => inFolder(path, folder);
  const image: Record<string, unknown> = {
    ...(attributes.description && { description: attributes.description }),
    context: at(attributes.context || '.'),
    ...(inline === undefined
      ? { dockerfile: dockerfileOf(attributes, folder) }
      : // The text of a Dockerfile is nobody else's.
        {}),
    target: attributes.target,
    args: withoutNulls(attributes.args),
    labels: withoutNulls(attributes.labels),
    contexts: contexts && Object.fromEntries(Object.entries(contexts).map(([name, context]) => [name, at(context)])),
    annotations: attributes.annotations && Object.fromEntries(attributes.annotations.map(pairOf)),
    tags: attributes.tags,
    platforms: attributes.platforms?.map((each) => (each === 'local' ? formatPlatform(hostPlatform()) : each)),
    output: attributes.output?.map((entry) => ({
      ...entry,
      ...(entry.dest && entry.dest !== '-' && { dest: at(entry.dest) }),
    })),
    cacheFrom: attributes['cache-from']?.map((entry) => cacheIn(entry, folder)),
    cacheTo: attributes['cache-to']?.map((entry) => cacheIn(entry, folder)),
    secrets: attributes.secret?.map(({ id = '', src, env }) => ({
      id,
      ...(src && { src: at(src) }),
      ...(env && { env }),
    })),
    ssh: attributes.ssh?.map(({ id, paths }) => ({ id, ...(paths && { paths: paths.map(at) }) })),
    noCache: attributes['no-cache'],
    noCacheFilter: attributes['no-cache-filter'],
    pull: attributes.pull,
    network: attributes.network || undefined,
    shmSize: attributes['shm-size'],
    ulimits: attributes.ulimits && Object.fromEntries(attributes.ulimits.map(pairOf)),
    entitlements: attributes.entitlements,
    resources: attributes.resources && limitsOf(attributes.resources),
    extraHosts: withoutNulls(attributes['extra-hosts']),
    attest: attest?.map((entry) => ({ ...entry })),
    watch: service?.watch,
  };
  const escaped = Object.fromEntries(
    Object.entries(image).flatMap(([key, value]) => (value === undefined ? [] : [[key, literally(value)]])),
  );
  return { ...escaped, ...(inline !== undefined && { dockerfileInline: inline }) } as Image;
}

/** A path of the caller's own folder is what every path is here. */
function inFolder(written: string, folder: string): string {
  const path = written.replace(/^cwd:\/\//, '') || '.';
  if (written.startsWith('cwd://')) return resolve(folder, path);
  if (written.startsWith('oci-layout://')) {
    const rest = written.slice('oci-layout://'.length);
    return isAbsolute(rest) ? written : `oci-layout://${resolve(folder, rest)}`;
  }
  if (/^(?:target|docker-image|oci-layout):/.test(written) || isRemote(written) || isAbsolute(written)) return written;
  return resolve(folder, written);
}

/** Relative to the context, unless it is said to be of the caller's folder. */
function dockerfileOf({ dockerfile }: TargetAttributes, folder: string): string {
  const written = dockerfile || 'Dockerfile';
  return written.startsWith('cwd://') ? resolve(folder, written.slice('cwd://'.length)) : written;
}

function cacheIn(entry: Attributes, folder: string): Attributes {
  if (entry.type !== 'local') return entry;
  const { src, dest, ...rest } = entry;
  return { ...rest, ...(src && { src: inFolder(src, folder) }), ...(dest && { dest: inFolder(dest, folder) }) };
}

function withoutNulls(
  entries: Readonly<Record<string, string | null>> | undefined,
): Readonly<Record<string, string>> | undefined {
  if (!entries) return undefined;
  return Object.fromEntries(
    Object.entries(entries).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
  );
}

/** By a config's names. 0 and nothing are no limit. */
function limitsOf(resources: NonNullable<TargetAttributes['resources']>): NonNullable<Image['resources']> {
  const said = Object.entries(resources).filter(([, value]) => !['', '0'].includes(String(value)));
  return Object.fromEntries(
    said.map(([name, value]) => [name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase()), value]),
  );
}

/** `key=value`; a key alone has no value. */
function pairOf(written: string): readonly [string, string] {
  const equals = written.indexOf('=');
  return equals < 0 ? [written, ''] : [written.slice(0, equals), written.slice(equals + 1)];
}

/** Texts such that filling in gives them back. */
function literally(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${');
  if (Array.isArray(value)) return value.map(literally);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, literally(each)]));
}
