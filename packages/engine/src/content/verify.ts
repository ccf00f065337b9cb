import type { Descriptor } from '../oci/descriptor.ts';
import { type Digest, Digester } from '../oci/digest.ts';
import { Failed } from '../std/failed.ts';
import type { ContentFailure } from './failure.ts';

/** Passes bytes on and fails with `content-mismatch` as soon as they cannot be the expected ones, at the latest at their end. */
export async function* verified(
  bytes: AsyncIterable<Uint8Array>,
  expected: Partial<Pick<Descriptor, 'digest' | 'size'>>,
): AsyncIterable<Uint8Array> {
  const digester = new Digester(algorithmOf(expected.digest));
  for await (const piece of bytes) {
    digester.update(piece);
    if (expected.size !== undefined && digester.size > expected.size) {
      throw mismatch(`${expected.size} bytes`, 'more');
    }
    yield piece;
  }
  verify(digester, expected);
}

/** Fails with `content-mismatch` if what the digester saw is not the expected. Gives its digest. */
export function verify(digester: Digester, expected: Partial<Pick<Descriptor, 'digest' | 'size'>>): Digest {
  const actual = digester.digest();
  if (expected.digest !== undefined && actual !== expected.digest) throw mismatch(expected.digest, actual);
  if (expected.size !== undefined && digester.size !== expected.size) {
    throw mismatch(`${expected.size} bytes`, `${digester.size} bytes`);
  }
  return actual;
}

export function algorithmOf(digest: Digest | undefined): 'sha256' | 'sha512' {
  return digest?.startsWith('sha512:') ? 'sha512' : 'sha256';
}

export function mismatch(expected: string, actual: string): Failed<ContentFailure> {
  return new Failed({
    kind: 'content-mismatch',
    expected,
    actual,
    message: `content is not what was promised: expected ${expected}, got ${actual}`,
  });
}

export function missing(digest: Digest): Failed<ContentFailure> {
  return new Failed({ kind: 'content-missing', digest, message: `content ${digest} is not here` });
}
