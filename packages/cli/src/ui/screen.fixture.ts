// A terminal in memory, as a stream to write to: what is on its screen and above it can be read.

import { cursorTo, clearLine, moveCursor } from 'node:readline';
import { Writable } from 'node:stream';
import xterm from '@xterm/headless';

export interface ScreenStream extends NodeJS.WriteStream {
  /** Every row, those that have scrolled away first; a line that the terminal wrapped is one. */
  lines(): string[];
  /** Rows of the screen as they are, wrapped ones each. */
  rowsShown(): string[];
  resize(columns: number, rows: number): void;
  /** All that was written, in pieces. */
  readonly pieces: readonly string[];
}

export function screenStream({ columns = 80, rows = 24 } = {}): ScreenStream {
  const terminal = new xterm.Terminal({
    cols: columns,
    rows,
    scrollback: 5000,
    allowProposedApi: true,
    convertEol: true,
  });
  // Its public way to write needs a clock that goes on by itself.
  const core = (terminal as unknown as { readonly _core: { writeSync(text: string): void } })._core;
  const pieces: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(chunk, _encoding, done) {
      pieces.push(String(chunk));
      core.writeSync(String(chunk));
      done();
    },
  });
  const read = (joined: boolean) => {
    const lines: string[] = [];
    const buffer = terminal.buffer.active;
    for (let y = 0; y < buffer.length; y++) {
      const line = buffer.getLine(y)!;
      const text = line.translateToString(true);
      if (joined && line.isWrapped) lines[lines.length - 1] += text;
      else lines.push(text);
    }
    return lines.slice(0, lines.findLastIndex((line) => line.trim() !== '') + 1);
  };
  const facts = {
    isTTY: true,
    columns,
    rows,
    pieces,
    cursorTo: (x: number, y?: number) => cursorTo(stream, x, y),
    clearLine: (direction: -1 | 0 | 1) => clearLine(stream, direction),
    moveCursor: (dx: number, dy: number) => moveCursor(stream, dx, dy),
    lines: () => read(true),
    rowsShown: () => read(false),
    resize(cols: number, height: number) {
      terminal.resize(cols, height);
      Object.assign(stream, { columns: cols, rows: height });
      stream.emit('resize');
    },
  };
  return Object.assign(stream, facts) as unknown as ScreenStream;
}
