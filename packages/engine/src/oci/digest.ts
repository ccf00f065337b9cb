import { createHash, hash } from 'node:crypto';

/** Content address: `sha256:` and 64 lower-case hex digits (sha512 is read too). Made only in this file. */
export type Digest = `sha256:${string}` | `sha512:${string}`;

const pattern = /^(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** The sha256 digest of bytes (or of a string's UTF-8). */
export function digestOf(data: Uint8Array | string): Digest {
  return `sha256:${hash('sha256', data, 'hex')}`;
}

export function isDigest(text: string): text is Digest {
  return pattern.test(text);
}

/** The hex part. */
export function encoded(digest: Digest): string {
  return digest.slice(digest.indexOf(':') + 1);
}

/** Computes a digest piece by piece. */
export class Digester {
  readonly #hash;
  readonly #algorithm: 'sha256' | 'sha512';
  size = 0;

  constructor(algorithm: 'sha256' | 'sha512' = 'sha256') {
    this.#algorithm = algorithm;
    this.#hash = createHash(algorithm);
  }

  update(data: Uint8Array): this {
    this.#hash.update(data);
    this.size += data.length;
    return this;
  }

  digest(): Digest {
    return `${this.#algorithm}:${this.#hash.digest('hex')}`;
  }
}
