// A few lines at the bottom of a terminal that are drawn again and again, and lines above them that stay. The home of ora,
// which owns the cursor.

import type { Ora } from 'ora';
import { rowsOf } from './columns.ts';
import type { LiveRegion } from './live.ts';

/** Milliseconds from frame to frame: twelve a second at most. */
const frame = 100;

/** A run that is over by then needs no spinner. In milliseconds after the region was opened. */
const firstFrame = 40;

/** A terminal that knows this shows what is between at once, others ignore it (DEC mode 2026). */
const [hold, show] = ['\u001b[?2026h', '\u001b[?2026l'];

export interface RegionOptions {
  readonly stream: NodeJS.WriteStream;
  readonly env: NodeJS.ProcessEnv;
  readonly utf8: boolean;
  /** Asked for each frame. No line may be wider than the screen. */
  readonly draw: () => LiveRegion;
}

export class Region implements Disposable {
  readonly #options: RegionOptions;
  readonly #timer: NodeJS.Timeout;
  readonly #write: (text: string) => void;
  readonly #onResize = () => this.#resized();
  #spinner: Ora | undefined;
  #closed = false;
  /** The lines of the last frame. */
  #drawn: readonly string[] = [];
  #pending = '';
  #flushedAt = 0;
  #flush: NodeJS.Timeout | undefined;

  constructor(options: RegionOptions) {
    this.#options = options;
    const { stream } = options;
    this.#write = stream.write.bind(stream) as (text: string) => void; // as it is before ora listens in
    this.#timer = setTimeout(() => void this.#open(), firstFrame);
    this.#timer.unref();
    stream.on('resize', this.#onResize);
  }

  /** Lines that stay, above. Many within a frame are written with the next one. */
  print(text: string): void {
    this.#pending += text;
    if (this.#flush) return;
    const wait = this.#spinner ? this.#flushedAt + frame - performance.now() : 0;
    if (wait <= 0) this.#flushNow();
    else this.#flush = setTimeout(() => this.#flushNow(), wait);
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    this.#options.stream.off('resize', this.#onResize);
    this.#spinner?.stop();
    this.#spinner = undefined;
    this.#flushNow();
  }

  async #open(): Promise<void> {
    const { default: ora } = await import('ora');
    if (this.#closed) return;
    const { stream, utf8, draw } = this.#options;
    const spinner: Ora = ora({
      stream,
      discardStdin: false,
      hideCursor: true,
      isEnabled: true,
      spinner: utf8 ? 'dots' : 'line',
      interval: frame,
      // Asked at the beginning of each frame; the status comes behind the spinner.
      prefixText: () => {
        const { steps, status } = draw();
        // The cursor waits on a row of its own: how a terminal treats the one it is on when it is resized, nobody knows.
        spinner.text = `${status}\n`;
        this.#drawn = [...steps, `   ${status}`];
        return steps.map((line) => `${line}\n`).join('');
      },
    });
    this.#spinner = spinner;
    spinner.start();
  }

  #flushNow(): void {
    clearTimeout(this.#flush);
    this.#flush = undefined;
    this.#flushedAt = performance.now();
    const text = this.#pending;
    this.#pending = '';
    if (text === '') return;
    if (!this.#spinner) return this.#write(text);
    this.#write(hold);
    this.#options.stream.write(text); // ora clears its lines, and draws them again below
    this.#write(show);
  }

  /** What was drawn for a wider screen takes more rows now, where the terminal wraps it: those go first. */
  #resized(): void {
    if (!this.#spinner) return;
    const { stream, env } = this.#options;
    const { columns = 80 } = stream;
    const rows = this.#drawn.reduce((sum, line) => sum + rowsOf(line, columns), 0);
    const extra = wrapsAgain(env) ? rows - this.#drawn.length : 0;
    if (extra > 0) this.#write('\u001b[2K\u001b[1A'.repeat(extra));
    this.#spinner.render();
  }
}

/** Whether the terminal wraps lines anew when it becomes narrower; xterm, rxvt, screen and the console cut them. */
function wrapsAgain(env: NodeJS.ProcessEnv): boolean {
  const term = env['TERM'] ?? '';
  const cuts = env['XTERM_VERSION'] !== undefined || /^(rxvt|linux)/.test(term) || env['STY'] !== undefined;
  return !cuts;
}
