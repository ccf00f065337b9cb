// Single keys, where a person is there to press them. The terminal is given back as it was, whatever ends the process.
import { spawn } from 'node:child_process';

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

  /** Runs a command of this program with the terminal to itself, keys and Ctrl-C too, to its exit code. */
  async lend(words: readonly string[], env: NodeJS.ProcessEnv): Promise<number | null> {
    this.#give();
    this.#lent = true;
    // Ctrl-C is for it alone.
    const ignore = () => undefined;
    const others = process.listeners('SIGINT');
    process.removeAllListeners('SIGINT').on('SIGINT', ignore);
    try {
      const child = spawn(process.execPath, [...process.execArgv, process.argv[1]!, ...words], {
        env,
        // Standard output is data's: what a person asks for goes to the terminal.
        stdio: [0, 2, 2],
      });
      return await new Promise((resolve, reject) => {
        child.on('error', reject);
        child.on('close', (code) => resolve(code));
      });
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
        process.kill(process.pid, 'SIGTSTP');
      } else if (Object.hasOwn(this.#keys, key)) this.#keys[key]!();
    }
  };

  readonly #take = (): void => {
    if (this.#lent) return;
    this.#stdin.setRawMode(true);
    this.#stdin.off('data', this.#hear).on('data', this.#hear);
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
