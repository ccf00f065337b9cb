/** Reads a stream of chunks by the number of bytes. Nothing is copied that lies in one chunk. */
export class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #chunk: Buffer = Buffer.alloc(0);

  constructor(bytes: AsyncIterable<Uint8Array>) {
    this.#chunks = bytes[Symbol.asyncIterator]();
  }

  /** The next `length` bytes; fewer only at the end. Valid until the next call. */
  async take(length: number): Promise<Buffer> {
    if (this.#chunk.length >= length) return this.#cut(length);
    const parts: Buffer[] = [];
    let missing = length;
    while (missing > 0 && (this.#chunk.length > 0 || (await this.#next()))) {
      const part = this.#cut(Math.min(missing, this.#chunk.length));
      parts.push(part);
      missing -= part.length;
    }
    return Buffer.concat(parts);
  }

  /** What is there of the next `most` bytes: some, or none at the end. Valid until the next call. */
  async some(most: number): Promise<Buffer> {
    if (this.#chunk.length === 0 && !(await this.#next())) return this.#chunk;
    return this.#cut(Math.min(most, this.#chunk.length));
  }

  /** Skips `length` bytes, or to the end; says how many there were. */
  async skip(length: number): Promise<number> {
    let left = length;
    while (left > 0 && (this.#chunk.length > 0 || (await this.#next()))) {
      left -= this.#cut(Math.min(left, this.#chunk.length)).length;
    }
    return length - left;
  }

  #cut(length: number): Buffer {
    const part = this.#chunk.subarray(0, length);
    this.#chunk = this.#chunk.subarray(length);
    return part;
  }

  async #next(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.#chunks.next();
      if (done) return false;
      if (value.length === 0) continue;
      this.#chunk = Buffer.from(value.buffer, value.byteOffset, value.length);
      return true;
    }
  }

  /** Lets the source go. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
