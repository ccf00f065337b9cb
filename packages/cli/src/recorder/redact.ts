// What people type may hold secrets, and a record is shown to others: they are taken out before anything is kept.

import { redacted } from '@monokit/engine/std/redacted';
import { secretive, shortestSecret } from '../why/veil.ts';

const hidden = '***';

/** Flags whose values are assignments, each of one name or a list of them. */
const assigning = /^--(build-arg|var|set|label|annotation|cache-from|cache-to|output|secret|ssh|attest)(=|$)|^-o/;

/** Takes secrets out of the texts of one run. */
export class Redaction {
  readonly #values = new Set<string>();

  /** `more`: other names with their values, such as arguments that a config gives. */
  constructor(argv: readonly string[], more: Iterable<readonly [name: string, value: string]> = []) {
    for (const [name, value] of [...argv.flatMap((arg) => [...assignments(arg)]), ...more]) {
      if (isSecret(name) && value.length >= shortestSecret) this.#values.add(value);
    }
  }

  text(text: string): string {
    let safe = redacted(text);
    for (const value of this.#values) safe = safe.replaceAll(value, hidden);
    return safe;
  }

  /** The words of a command line. */
  words(argv: readonly string[]): readonly string[] {
    return argv.map((arg, i) => {
      const assigns = assigning.test(arg) || assigning.test(argv[i - 1] ?? '');
      let safe = arg;
      if (assigns) {
        for (const [name, value] of assignments(arg)) {
          if (isSecret(name) && value !== '') safe = safe.replace(`${name}=${value}`, `${name}=${hidden}`);
        }
      }
      return this.text(safe);
    });
  }
}

function isSecret(name: string): boolean {
  // The id, file or variable of a secret, and where its agent is, are no secret.
  return secretive.test(name) && !/^(--?secret|id|src|source|env|type)$/.test(name);
}

/** `NAME=VALUE` in a word, also one that is attached to its flag, and each of a list with commas. */
function* assignments(arg: string): Generator<readonly [name: string, value: string]> {
  const whole = /^(?:--[\w-]+=)?([^=,\s]+)=([\s\S]*)$/.exec(arg);
  if (!whole) return;
  if (isSecret(whole[1]!) || !arg.includes(',')) return void (yield [whole[1]!, whole[2]!]);
  for (const part of arg.split(',')) {
    const [, name, value] = /^(?:--[\w-]+=)?([^=]+)=(.*)$/.exec(part) ?? [];
    if (name !== undefined) yield [name, value!];
  }
}
