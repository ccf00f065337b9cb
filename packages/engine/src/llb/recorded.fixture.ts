import { readFileSync } from 'node:fs';

/** A definition that BuildKit made (test/llb/README.md). */
export interface Recorded {
  /** Marshalled, in base64. */
  readonly definition: string;
  readonly digests: readonly string[];
  readonly head: string;
  readonly ops?: readonly unknown[];
}

/** A record of a cache that BuildKit exported. */
export interface RecordedKey {
  readonly digest: string;
  /** For each input, the records that it may be, by index. */
  readonly inputs?: readonly (readonly { readonly selector?: string; readonly link: number }[])[];
}

export function recorded(name: 'client' | 'dockerfiles'): ReadonlyMap<string, Recorded> {
  const all = Object.entries(read(name) as Record<string, Recorded>);
  // Go writes an empty list as null.
  return new Map(all.map(([name, entry]) => [name, { ...entry, digests: entry.digests ?? [] }]));
}

export function recordedKeys(): ReadonlyMap<string, readonly RecordedKey[]> {
  return new Map(Object.entries(read('cache-records') as Record<string, readonly RecordedKey[]>));
}

function read(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../../../test/llb/${name}.json`, import.meta.url), 'utf8'));
}
