import { StringDecoder } from 'node:string_decoder';

/** The longest line that is waited for, in characters: one that has no end is told in pieces. */
const longest = 16_384;

/** Tells what comes in pieces line by line. */
export class Lines {
  readonly #onLine: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #rest = '';

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  write(data: Uint8Array): void {
    const lines = (this.#rest + this.#decoder.write(Buffer.from(data.buffer, data.byteOffset, data.length))).split(
      '\n',
    );
    this.#rest = lines.pop()!;
    for (const line of lines) this.#onLine(line);
    if (this.#rest.length > longest) this.end();
  }

  /** Tells what has no newline at its end. */
  end(): void {
    if (this.#rest !== '') this.#onLine(this.#rest);
    this.#rest = '';
  }
}
