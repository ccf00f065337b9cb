// What a process writes, without the secrets that it was lent: logs are kept, sent to CIs and read by many.

export interface Veil {
  write(data: Uint8Array): void;
  /** Passes on what was held back because a secret might have begun with it. */
  end(): void;
}

const stars = Buffer.from('***');

/** Shorter ones stand in any text by chance, and would tell where they stand by being hidden. */
const shortest = 6;

/**
 * Passes bytes on to `to`, with `***` in place of each secret, of which a line counts by itself, as programs print keys
 * line by line. A secret that comes in two writes is found; what a process encodes otherwise is not.
 */
export function veil(secrets: readonly Uint8Array[], to: (data: Uint8Array) => void): Veil {
  const hidden = needlesOf(secrets);
  if (hidden.length === 0) return { write: to, end: () => {} };
  let held: Buffer = Buffer.alloc(0);
  const pass = (data: Uint8Array) => void (data.length > 0 && to(data));
  return {
    write(data) {
      let rest = Buffer.concat([held, data]);
      const shown: Buffer[] = [];
      for (let next = firstOf(hidden, rest); next; next = firstOf(hidden, rest)) {
        shown.push(rest.subarray(0, next.at), stars);
        rest = rest.subarray(next.at + next.length);
      }
      const open = openEnd(hidden, rest);
      held = rest.subarray(rest.length - open);
      pass(Buffer.concat([...shown, rest.subarray(0, rest.length - open)]));
    },
    end() {
      pass(held);
      held = Buffer.alloc(0);
    },
  };
}

/** The longest first, so that a whole key is one find and not one for each line. */
function needlesOf(secrets: readonly Uint8Array[]): readonly Buffer[] {
  // Latin1 has one character a byte.
  const texts = secrets.map((data) => Buffer.from(data).toString('latin1').trim());
  const words = new Set(texts.flatMap((text) => [text, ...text.split(/\s*\n\s*/)]));
  return [...words]
    .filter(({ length }) => length >= shortest)
    .sort((a, b) => b.length - a.length)
    .map((word) => Buffer.from(word, 'latin1'));
}

function firstOf(
  needles: readonly Buffer[],
  data: Buffer,
): { readonly at: number; readonly length: number } | undefined {
  let found: { at: number; length: number } | undefined;
  for (const needle of needles) {
    const at = data.indexOf(needle);
    if (at >= 0 && (!found || at < found.at)) found = { at, length: needle.length };
  }
  return found;
}

/** How many bytes at the end may be the beginning of a secret. */
function openEnd(needles: readonly Buffer[], data: Buffer): number {
  let most = 0;
  for (const needle of needles) {
    let at = data.indexOf(needle[0]!, Math.max(0, data.length - needle.length + 1));
    while (at >= 0 && data.length - at > most) {
      if (data.compare(needle, 0, data.length - at, at) === 0) most = data.length - at;
      else at = data.indexOf(needle[0]!, at + 1);
    }
  }
  return most;
}
