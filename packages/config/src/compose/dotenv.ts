// .env files: `NAME=value` a line, `export` before it or not, values plain or in quotes. Double quotes and plain values
// may name other variables.

import { interpolated } from './interpolate.ts';

/** The variables of a text, in order. `lookUp` knows those around it. Throws a `TypeError` with the line. */
export function parseDotEnv(text: string, lookUp: (name: string) => string | undefined): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const all = text.replace(/^\ufeff/, '').replaceAll('\r\n', '\n');
  const line = /[ \t]*(?:export[ \t]+)?([A-Za-z_][\w.-]*)[ \t]*(?:(=|:[ \t]*)[ \t]*|(?=\n|$))/y;
  let at = 0;
  while (at < all.length) {
    const blank = /[ \t]*(?:#[^\n]*)?(?:\n|$)/y;
    blank.lastIndex = at;
    const skipped = blank.exec(all);
    if (skipped && (skipped[0] !== '' || at >= all.length)) {
      at += skipped[0].length;
      continue;
    }
    line.lastIndex = at;
    const found = line.exec(all);
    const number = all.slice(0, at).split('\n').length;
    if (!found) throw new TypeError(`line ${number} of it is not NAME=value`);
    at += found[0].length;
    const [, name = '', sign] = found;
    if (sign === undefined) {
      // A name alone takes the value that is around.
      const around = lookUp(name);
      if (around !== undefined) values.set(name, around);
      continue;
    }
    const value = valueAt(all, at, number);
    at = value.end;
    const known = (other: string) => lookUp(other) ?? values.get(other);
    values.set(name, value.literal ? value.text : interpolated(value.text, { lookUp: known, unset: () => undefined }));
  }
  return values;
}

interface Written {
  readonly text: string;
  /** Whether its dollars are dollars. */
  readonly literal: boolean;
  readonly end: number;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$$' };

function valueAt(all: string, at: number, number: number): Written {
  const quote = all[at];
  if (quote === '"' || quote === "'") {
    const pattern =
      quote === '"' ? /"((?:[^"\\]|\\[^])*)"[ \t]*(?:#[^\n]*)?(?=\n|$)/y : /'([^']*)'[ \t]*(?:#[^\n]*)?(?=\n|$)/y;
    pattern.lastIndex = at;
    const found = pattern.exec(all);
    if (!found) throw new TypeError(`the value of line ${number} has no closing quote`);
    const end = at + found[0].length;
    if (quote === "'") return { text: found[1]!, literal: true, end };
    const text = found[1]!.replace(/\\([^])/g, (whole, c: string) => escapes[c] ?? whole);
    return { text, literal: false, end };
  }
  const newline = all.indexOf('\n', at);
  const end = newline < 0 ? all.length : newline;
  const plain = all.slice(at, end).replace(/(?:^|[ \t])#.*$/, '');
  return { text: plain.trim(), literal: false, end };
}
