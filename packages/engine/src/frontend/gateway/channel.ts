/** Values that one side pushes and the other iterates over, once. */
export class Channel<T> implements AsyncIterable<T> {
  readonly #values: T[] = [];
  #end: { readonly error?: unknown; readonly failed: boolean } | undefined;
  #wake: (() => void) | undefined;

  push(value: T): void {
    if (this.#end) return;
    this.#values.push(value);
    this.#wake?.();
  }

  /** What was pushed before is still iterated over. */
  end(): void {
    this.#end ??= { failed: false };
    this.#wake?.();
  }

  fail(error: unknown): void {
    this.#end ??= { failed: true, error };
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void> {
    for (;;) {
      while (this.#values.length > 0) yield this.#values.shift()!;
      if (this.#end?.failed) throw this.#end.error;
      if (this.#end) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
