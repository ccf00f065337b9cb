// Single keys, where a person is there to press them. The terminal is given back as it was, whatever ends the process.

export type Keys = Readonly<Record<string, () => void>>;

const [interrupt, suspend] = ['\u0003', '\u001A'];

export class HotKeys implements Disposable {
  readonly #stdin: NodeJS.ReadStream;
  readonly #keys: Keys;
  #lent = false;

  /** Undefined where standard input is no terminal. */
  static listen(stdin: NodeJS.ReadStream, keys: Keys): HotKeys | undefined {
    return stdin.isTTY ? new HotKeys(stdin, keys) : undefined;
  }

  private constructor(stdin: NodeJS.ReadStream, keys: Keys) {
    this.#stdin = stdin;
    this.#keys = keys;
    process.on('exit', this.#restore);
    process.on('SIGCONT', this.#take);
    this.#take();
  }

  /** Lets somebody else have the terminal, keys and Ctrl-C too, until the work is done. */
  async lend<T>(work: () => Promise<T>): Promise<T> {
    this.#give();
    this.#lent = true;
    const ignore = () => undefined;
    const others = process.listeners('SIGINT');
    process.removeAllListeners('SIGINT').on('SIGINT', ignore);
    try {
      return await work();
    } finally {
      process.off('SIGINT', ignore);
      for (const listener of others) process.on('SIGINT', listener as NodeJS.SignalsListener);
      this.#lent = false;
      this.#take();
    }
  }

  readonly #hear = (data: Buffer): void => {
    for (const key of data.toString('latin1')) {
      if (key === interrupt) process.kill(process.pid, 'SIGINT');
      else if (key === suspend) {
        this.#restore();
        // As the terminal would: the whole job.
        process.kill(0, 'SIGTSTP');
      } else if (Object.hasOwn(this.#keys, key)) this.#keys[key]!();
    }
  };

  readonly #take = (): void => {
    if (this.#lent) return;
    this.#stdin.setRawMode(true);
    this.#stdin.off('data', this.#hear).on('data', this.#hear);
    this.#stdin.ref?.();
    this.#stdin.resume();
  };

  readonly #restore = (): void => {
    this.#stdin.setRawMode(false);
  };

  #give(): void {
    this.#stdin.off('data', this.#hear);
    this.#restore();
    this.#stdin.pause();
  }

  [Symbol.dispose](): void {
    process.off('exit', this.#restore);
    process.off('SIGCONT', this.#take);
    this.#give();
  }
}
