// A line at the bottom of a terminal that stays there while all else scrolls above it.

import { styleText } from 'node:util';
import { columnsOf } from './terminal.ts';

/** The most that is kept of what is written while somebody else has the terminal, in characters. */
const mostHeld = 1 << 20;

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
  #lent = 0;
  #held = new Held();

  constructor(terminal: NodeJS.WriteStream) {
    this.#terminal = terminal;
    const write = (text: string | Uint8Array, ...rest: unknown[]): boolean => {
      if (this.#lent > 0) {
        this.#held.add(typeof text === 'string' ? text : Buffer.from(text).toString());
        const done = rest.find((each) => typeof each === 'function');
        if (done) queueMicrotask(done as () => void);
        return true;
      }
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

  /** As `hide`; and what is written meanwhile waits until then, so that it lands in nobody's screen. */
  lend(): Disposable {
    const hidden = this.hide();
    this.#lent++;
    return {
      [Symbol.dispose]: () => {
        if (--this.#lent === 0) this.#tellHeld();
        hidden[Symbol.dispose]();
      },
    };
  }

  #tellHeld(): void {
    const text = this.#held.take();
    if (text !== '') this.stream.write(text);
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
    this.#lent = 0;
    this.#tellHeld();
    this.#erase();
    this.#text = '';
  }
}

/** The end of what was written, in whole lines. */
class Held {
  #parts: string[] = [];
  #size = 0;
  #left = 0;

  add(text: string): void {
    this.#parts.push(text);
    this.#size += text.length;
    if (this.#size > 2 * mostHeld) this.#shorten();
  }

  take(): string {
    if (this.#size > mostHeld) this.#shorten();
    const told = this.#left > 0 ? `… ${this.#left.toLocaleString('en')} lines before these are left out\n` : '';
    const text = told + this.#parts.join('');
    [this.#parts, this.#size, this.#left] = [[], 0, 0];
    return text;
  }

  #shorten(): void {
    const all = this.#parts.join('');
    const from = all.indexOf('\n', all.length - mostHeld) + 1;
    this.#left += all.slice(0, from).split('\n').length - 1;
    const rest = all.slice(from);
    [this.#parts, this.#size] = [[rest], rest.length];
  }
}
