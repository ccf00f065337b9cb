// Files that somebody names as changed, in place of git.

import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { Mistake } from '../mistake.ts';

/** Absolute paths of `--files`, whose words may have several with commas between them. */
export function filesIn(words: readonly string[], cwd: string): readonly string[] {
  return absolute(
    words.flatMap((word) => word.split(',')),
    cwd,
  );
}

/** Absolute paths from a stream: one a line, or with NUL behind each; in quotes as git writes them. */
export function filesFrom(stdin: NodeJS.ReadStream, cwd: string): Promise<readonly string[]> {
  if (stdin.isTTY) {
    throw new Mistake('--stdin reads standard input, which is the terminal', 'send the names of files into it');
  }
  // It can be read once, and a watch asks again.
  let files = read.get(stdin);
  if (!files) read.set(stdin, (files = text(stdin).then((names) => absolute(namesIn(names), cwd))));
  return files;
}

const read = new WeakMap<NodeJS.ReadStream, Promise<readonly string[]>>();

/** Names as a list of them was written. */
export function namesIn(list: string): readonly string[] {
  return list.includes('\0') ? list.split('\0') : list.split(/\r?\n/).map(unquoted);
}

function absolute(names: readonly string[], cwd: string): readonly string[] {
  return names.filter((name) => name !== '').map((name) => resolve(cwd, name));
}

const escapes: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '"': '"',
  '\\': '\\',
};

/** `"b\303\251.txt"`: git puts names in quotes that have more than ASCII in them. */
function unquoted(name: string): string {
  const inside = /^"((?:[^"\\]|\\(?:[abfnrtv"\\]|[0-3][0-7]{2}))*)"$/.exec(name)?.[1];
  if (inside === undefined) return name;
  const bytes = Buffer.from(inside).toString('latin1');
  const plain = bytes.replaceAll(/\\(?:([0-7]{3})|(.))/g, (_all, octal?: string, letter?: string) =>
    octal === undefined ? escapes[letter!]! : String.fromCharCode(Number.parseInt(octal, 8)),
  );
  return Buffer.from(plain, 'latin1').toString();
}
