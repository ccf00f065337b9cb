/** Numbers that look random and are the same for the same seed. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0;
  }

  /** A whole number from 0 to `limit - 1`. */
  roll(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % Math.max(1, limit);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.roll(items.length)]!;
  }
}

const largest = 1 << 17;

/** An input with a few things changed: bytes, words, pieces twice or gone, pieces of another input, pieces many times. */
export function mutate(
  input: Uint8Array,
  { dice, words, other }: { readonly dice: Dice; readonly words: readonly string[]; readonly other: Uint8Array },
): Uint8Array {
  let bytes = Buffer.from(input);
  for (let times = 1 + dice.roll(6); times > 0; times--) {
    const at = dice.roll(bytes.length + 1);
    const until = Math.min(bytes.length, at + 1 + dice.roll(dice.pick([2, 16, 200])));
    const piece = bytes.subarray(at, until);
    const replaced = (middle: Uint8Array, end = at) =>
      Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(end)]);
    switch (dice.roll(8)) {
      case 0:
        if (at < bytes.length) bytes[at] = dice.roll(256);
        break;
      case 1:
        bytes = replaced(Buffer.alloc(0), until);
        break;
      case 2:
        bytes = replaced(Buffer.concat(Array.from({ length: dice.pick([1, 1, 1, 30, 300]) }, () => piece)));
        break;
      case 3: {
        const from = dice.roll(other.length);
        bytes = replaced(other.subarray(from, from + 1 + dice.roll(300)));
        break;
      }
      case 4:
        bytes = replaced(Buffer.from(dice.pick(words).repeat(dice.pick([1, 1, 1, 1, 50, 2000]))));
        break;
      case 5:
        bytes = replaced(Buffer.from(dice.pick(words)), until);
        break;
      case 6:
        bytes = replaced(Buffer.from(` ${dice.pick(words)}${dice.pick(words)}`));
        break;
      case 7:
        bytes = replaced(Buffer.from(String(dice.pick([0, -1, 8, 255, 65536, 2 ** 31, 2 ** 53, 1e300]))), until);
        break;
    }
    if (bytes.length > largest) bytes = Buffer.from(bytes.subarray(0, largest));
  }
  return bytes;
}
