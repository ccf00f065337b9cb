// What a record may show of a value. Names tell which are secrets; of those stands a digest that only this machine can
// make, so that one can see that it is another one, and nobody can find out which by trying.

import { createHmac, randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { redacted } from '@monokit/engine/std/redacted';
import { uniqueName } from '@monokit/engine/std/temp';

export interface Veil {
  /** A variable's value. */
  value<T extends string | undefined>(name: string, value: T): T | string;
  /** Something written; credentials in addresses are left out. */
  text(text: string): string;
  /** Values by names like `env NAME` and `build-arg:NAME`. */
  all(values: Readonly<Record<string, string>>): Record<string, string>;
  /** The same veil, which hides those of these values that are secret wherever they stand. */
  knowing(values: Readonly<Record<string, string>>): Veil;
}

/** `key` is what digests are made with, asked for once there is something to hide. */
export function veilWith(key: () => Uint8Array, secrets: readonly string[] = []): Veil {
  let known: Uint8Array | undefined;
  const digest = (text: string) =>
    `~${createHmac('sha256', (known ??= key()))
      .update(text)
      .digest('hex')
      .slice(0, 8)}`;
  const text = (written: string) =>
    redacted(secrets.reduce((shown, secret) => shown.replaceAll(secret, () => digest(secret)), written)).replaceAll(
      assignment,
      (_, name: string, value: string) => `${name}=${digest(value)}`,
    );
  const value = <T extends string | undefined>(name: string, plain: T) =>
    plain === undefined ? plain : secretive.test(name) ? digest(plain) : text(plain);
  const all = (values: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(values).map(([name, plain]) => [name, value(nameIn(name), plain)]));
  const knowing = (values: Readonly<Record<string, string>>) => {
    const found = Object.entries(values).flatMap(([name, plain]) =>
      secretive.test(nameIn(name)) && plain.length >= shortestSecret ? [plain] : [],
    );
    return veilWith(key, [...secrets, ...found]);
  };
  return { value, text, all, knowing };
}

/** Shorter values are words that stand elsewhere, too. */
export const shortestSecret = 6;

/** Names of variables, also behind what they are part of, whose values nobody should read. */
export const secretive =
  /(secret|passw|passphrase|token|credential|private|api_?key|access_?key|signing_?key|auth(?!or)|signature|(^|[_.:])(key|pat|pwd)($|_))/i;

/** Such a variable with its value, within a text. */
const assignment =
  /\b(\w*(?:secret|passw(?:or)?d|passphrase|token|credential|api_?key|access_?key|private_?key)\w*)=("[^"]*"|'[^']*'|[^\s"']+)/gi;

/** The variable in `env NAME`, `label NAME`, `build-arg:NAME`. */
function nameIn(key: string): string {
  return /^(?:env|label|build-arg)[ :](.*)$/s.exec(key)?.[1] ?? '';
}

/** The key that is kept in a file, made when it is first asked for. It is there whole or not at all. */
export function keyIn(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const temporary = `${file}.${uniqueName()}`;
  try {
    writeFileSync(temporary, randomBytes(32), { mode: 0o600 });
    linkSync(temporary, file);
  } catch (error) {
    // Another process was first: its key is everybody's.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(temporary, { force: true });
  }
  return readFileSync(file);
}
