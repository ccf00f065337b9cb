// A line at the bottom of a terminal that stays there while all else scrolls above it.
import { styleText } from 'node:util';
import { columnsOf } from './terminal.ts';

/** Everything that is written goes through `stream` while the line is shown. */
export class StatusLine implements Disposable {
  /** As the terminal's own, with the line kept below what is written. */
  readonly stream: NodeJS.WriteStream;
  readonly #terminal: NodeJS.WriteStream;
  #text = '';
  #shown = false;
  #hidden = 0;
  /** What was written last had no newline at its end: the line would stand behind it. */
  #isOpen = false;

  constructor(terminal: NodeJS.WriteStream) {
    this.#terminal = terminal;
    const write = (text: string | Uint8Array, ...rest: unknown[]): boolean => {
      this.#erase();
      const written = (terminal.write as (...given: unknown[]) => boolean).call(terminal, text, ...rest);
      const end = typeof text === 'string' ? text.at(-1) === '\n' : text.at(-1) === 10;
      if (text.length > 0) this.#isOpen = !end;
      this.#draw();
      return written;
    };
    this.stream = Object.create(terminal, { write: { value: write } }) as NodeJS.WriteStream;
  }

  set text(text: string) {
    this.#erase();
    this.#text = text;
    this.#draw();
  }

  /** Nothing is shown until what this gives is disposed: somebody else has the terminal. */
  hide(): Disposable {
    this.#erase();
    this.#hidden++;
    return {
      [Symbol.dispose]: () => {
        this.#hidden--;
        this.#draw();
      },
    };
  }

  #draw(): void {
    if (this.#shown || this.#hidden > 0 || this.#isOpen || this.#text === '') return;
    const width = Math.max(20, columnsOf(this.#terminal)) - 1;
    const text = this.#text.length > width ? `${this.#text.slice(0, width - 1)}…` : this.#text;
    this.#terminal.write(styleText('dim', text, { stream: this.#terminal }));
    this.#shown = true;
  }

  #erase(): void {
    if (this.#shown) this.#terminal.write('\r\u001B[K');
    this.#shown = false;
  }

  [Symbol.dispose](): void {
    this.#erase();
    this.#text = '';
  }
}
