import type { Digester } from '../oci/digest.ts';
import type { Compressor } from './compress.ts';

/** Puts a stream of bytes into a compressor's blocks, with the digest of what went in. */
export class BlockWriter {
  readonly #compressor: Compressor;
  readonly #digester: Digester | undefined;
  #block: Buffer;
  #used = 0;

  constructor(compressor: Compressor, digester?: Digester) {
    this.#compressor = compressor;
    this.#digester = digester;
    this.#block = compressor.take();
  }

  /** Where the next bytes go: never empty. Tell `filled` how many they were. */
  space(): Buffer {
    return this.#block.subarray(this.#used);
  }

  /** Counts bytes that were put into `space`. Await what it gives before the next call: it holds back what comes too fast. */
  filled(length: number): Promise<void> | void {
    this.#used += length;
    if (this.#used === this.#block.length) return this.#flush();
  }

  async put(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const space = this.space();
      const part = bytes.subarray(at, at + space.length);
      space.set(part);
      at += part.length;
      const wait = this.filled(part.length);
      if (wait !== undefined) await wait;
    }
  }

  async end(): Promise<void> {
    if (this.#used > 0) await this.#flush();
    await this.#compressor.end();
  }

  #flush(): Promise<void> | void {
    const [block, used] = [this.#block, this.#used];
    this.#digester?.update(block.subarray(0, used));
    const wait = this.#compressor.write(block, used);
    this.#block = this.#compressor.take();
    this.#used = 0;
    return wait;
  }
}
