import { goJson } from '../std/go-json.ts';
import type { Descriptor } from './descriptor.ts';
import type { Index } from './manifest.ts';
import type { Platform } from './platform.ts';

/** The text of an index, byte for byte as Go's OCI types print it: indented by two spaces. */
export function indexJson({ mediaType, manifests, annotations = {} }: Omit<Index, 'schemaVersion'>): Buffer {
  const index = {
    schemaVersion: 2,
    mediaType,
    manifests: manifests.map(orderedDescriptor),
    ...sortedNotes(annotations),
  };
  return Buffer.from(goJson(index, { indent: true }));
}

/** A descriptor's fields in the order of OCI's Go types, empty ones left out. */
export function orderedDescriptor(descriptor: Descriptor): Descriptor {
  const { mediaType, digest, size, urls, annotations, data, platform, artifactType } = descriptor;
  return {
    mediaType,
    digest,
    size,
    ...(urls?.length && { urls }),
    ...sortedNotes(annotations ?? {}),
    ...(data !== undefined && { data }),
    ...(platform && { platform: orderedPlatform(platform) }),
    ...(artifactType && { artifactType }),
  };
}

function orderedPlatform(platform: Platform): Platform {
  const { architecture, os, variant } = platform;
  return {
    architecture,
    os,
    ...(platform['os.version'] && { 'os.version': platform['os.version'] }),
    ...(platform['os.features']?.length && { 'os.features': platform['os.features'] }),
    ...(variant && { variant }),
  };
}

export function sortedNotes(annotations: Readonly<Record<string, string>>): {
  annotations?: Readonly<Record<string, string>>;
} {
  return Object.keys(annotations).length ? { annotations: sorted(annotations) } : {};
}

/** Go's maps come out sorted. */
export function sorted<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  const keys = Object.keys(record).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return Object.fromEntries(keys.map((key) => [key, record[key]!]));
}
