import assert from 'node:assert/strict';
import type { Provider } from '../content/store.ts';
import type { Descriptor } from '../oci/descriptor.ts';
import { digestOf, type Digest } from '../oci/digest.ts';
import { Failed } from '../std/failed.ts';
import type { Credentials } from './auth.ts';
import type { RegistryHosts } from './hosts.ts';
import { Registries, type RegistryClient, type RegistryOptions } from './registry.ts';

/** A client that tries three times and waits for nothing. */
export function client(
  hosts: RegistryHosts = {},
  credentials?: Credentials,
  options: RegistryOptions = {},
): RegistryClient & AsyncDisposable {
  const registries = new Registries({ hosts, retry: { tries: 3, delay: () => 0 }, ...options });
  return Object.assign(registries.as({ credentials: async () => credentials }), {
    [Symbol.asyncDispose]: () => registries[Symbol.asyncDispose](),
  });
}

/** For `assert.rejects`: a failure of this kind. */
export function failsWith(kind: string, more: RegExp = /./): (error: unknown) => boolean {
  return (error) => {
    assert.ok(error instanceof Failed, String(error));
    assert.equal(error.failure.kind, kind);
    assert.match(error.message, more);
    return true;
  };
}

/** Content to push, which notes what was read of it. */
export class Content implements Provider {
  readonly bytes = new Map<Digest, Uint8Array>();
  readonly opened: Digest[] = [];

  add(mediaType: string, data: Uint8Array | string | object): Descriptor {
    const plain = data instanceof Uint8Array || typeof data === 'string';
    const bytes = Buffer.from(plain ? (data as string) : JSON.stringify(data));
    const digest = digestOf(bytes);
    this.bytes.set(digest, bytes);
    return { mediaType, digest, size: bytes.length };
  }

  async *open({ digest }: Pick<Descriptor, 'digest'>): AsyncGenerator<Uint8Array> {
    this.opened.push(digest);
    const bytes = this.bytes.get(digest)!;
    for (let at = 0; at < bytes.length; at += 64 * 1024) yield bytes.subarray(at, at + 64 * 1024);
  }
}
