/** The last of what a process said: at most 32 KiB, from the beginning of a line. */
export class Tail {
  #bytes = Buffer.alloc(0);
  #cut = false;

  push(data: Uint8Array): void {
    const all = Buffer.concat([this.#bytes, data]);
    this.#cut ||= all.length > most;
    this.#bytes = all.length > most ? all.subarray(all.length - most) : all;
  }

  get text(): string {
    const text = this.#bytes.toString('utf8');
    return (this.#cut ? text.slice(text.indexOf('\n') + 1) : text).trimEnd();
  }
}

const most = 32 << 10;
