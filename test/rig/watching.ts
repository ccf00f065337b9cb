import assert from 'node:assert/strict';
import { patience, type Rig } from './rig.ts';

/** A watch that is under way, and what it has told since it was last asked. */
export class Watching implements AsyncDisposable {
  readonly #started: ReturnType<Rig['start']>;
  #output = '';
  #read = 0;

  constructor(rig: Rig, args: readonly string[], options: Parameters<Rig['start']>[1] = {}) {
    this.#started = rig.start(['watch', ...args], options);
    const { stdout, stderr } = this.#started.child;
    for (const stream of [stdout, stderr]) stream.on('data', (text: string) => (this.#output += text));
  }

  /** Waits for a text that was not told before the last one that was waited for; gives all up to it. */
  async hears(text: string): Promise<string> {
    const { child } = this.#started;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const look = () => {
      const at = this.#output.indexOf(text, this.#read);
      if (at < 0) return;
      const told = this.#output.slice(this.#read, at + text.length);
      this.#read = at + text.length;
      resolve(told);
    };
    const end = () => reject(new Error(`it ended without telling ${JSON.stringify(text)}:\n${this.#output}`));
    const late = setTimeout(
      () => reject(new Error(`it did not tell ${JSON.stringify(text)}:\n${this.#output}`)),
      patience,
    );
    child.stdout.on('data', look);
    child.stderr.on('data', look);
    child.on('close', end);
    look();
    try {
      return await promise;
    } finally {
      clearTimeout(late);
      child.stdout.off('data', look);
      child.stderr.off('data', look);
      child.off('close', end);
    }
  }

  /** Waits for texts that may be told in any order; gives all up to the last of them. */
  async hearsAll(...texts: readonly string[]): Promise<string> {
    const from = this.#read;
    let end = from;
    for (const text of texts) {
      this.#read = from;
      await this.hears(text);
      end = Math.max(end, this.#read);
    }
    this.#read = end;
    return this.#output.slice(from, end);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#started.child.kill('SIGINT');
    const { code } = await this.#started.done;
    assert.equal(code, 130);
  }
}
