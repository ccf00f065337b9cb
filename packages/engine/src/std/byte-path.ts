// Names in a Linux tree are bytes, and layers may hold any. Here a name or path is a string with one character a byte
// (latin1), so that it sorts as the bytes do, joins with `+`, and keeps what is no UTF-8.

/** A path or name, one character a byte. */
export type BytePath = string;

// oxlint-disable-next-line no-control-regex
const beyondAscii = /[^\0-\x7f]/;

export function isAscii(text: string): boolean {
  return !beyondAscii.test(text);
}

/** What `node:fs` and `sys` take. */
export function fsPath(path: BytePath): string | Buffer {
  return beyondAscii.test(path) ? Buffer.from(path, 'latin1') : path;
}

/** A path as people and Node write it. */
export function bytePath(text: string): BytePath {
  return beyondAscii.test(text) ? Buffer.from(text).toString('latin1') : text;
}

/** For people: bytes that are no UTF-8 become replacement characters. */
export function textOf(path: BytePath): string {
  return beyondAscii.test(path) ? Buffer.from(path, 'latin1').toString() : path;
}

/** The names of a path from the root, which nothing climbs over. */
export function namesOf(path: BytePath): BytePath[] {
  const names: BytePath[] = [];
  for (const name of path.split('/')) {
    if (name === '' || name === '.') continue;
    if (name === '..') names.pop();
    else names.push(name);
  }
  return names;
}
