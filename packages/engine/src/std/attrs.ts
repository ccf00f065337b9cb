import { parseGoBool } from './go-bool.ts';
import { parseGoDuration } from './go-duration.ts';
import { nearest } from './nearest.ts';

/** Makes the failure that tells of an option that can't be taken as it is. */
export type WrongOption = (option: string, message: string) => Error;

/** Attributes while they are being read. Each is taken once; what is left at the end is unknown. */
export class Attrs {
  readonly #owner: string;
  readonly #left: Map<string, string>;
  readonly #known = new Set<string>();
  /** The failure for an option of these. */
  readonly wrong: WrongOption;

  /** `owner` is whose they are, as people call it: `the oci exporter`. */
  constructor(owner: string, attrs: Readonly<Record<string, string>>, wrong: WrongOption) {
    this.#owner = owner;
    this.#left = new Map(Object.entries(attrs));
    this.wrong = wrong;
  }

  text(name: string): string | undefined {
    this.#known.add(name);
    const value = this.#left.get(name);
    this.#left.delete(name);
    return value;
  }

  /** Go's booleans; a name without value (`push`) is true. */
  flag(name: string): boolean | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const read = value === '' ? true : parseGoBool(value);
    if (read !== undefined) return read;
    throw this.wrong(name, `non-bool value ${JSON.stringify(value)} specified for ${name}`);
  }

  integer(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (/^[+-]?\d+$/.test(value) && Number.isSafeInteger(number)) return number;
    throw this.wrong(name, `non-integer value ${JSON.stringify(value)} specified for ${name}`);
  }

  /** A whole number above zero. */
  count(name: string): number | undefined {
    const value = this.integer(name);
    if (value === undefined || value > 0) return value;
    throw this.wrong(name, `${name}=${value} should be above zero`);
  }

  /** Go's notation of a duration (`1m30s`), in milliseconds. */
  duration(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    try {
      return parseGoDuration(value) / 1e6;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw this.wrong(name, `${name}=${value} is no duration: write one such as 90s or 10m`);
    }
  }

  oneOf<const T extends string>(name: string, values: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === undefined || (values as readonly string[]).includes(value)) return value as T | undefined;
    throw this.wrong(name, `${name}=${value} is none of ${values.join(', ')}`);
  }

  /** Takes every attribute whose name matches. */
  matching(pattern: RegExp): { readonly name: string; readonly match: RegExpExecArray; readonly value: string }[] {
    const taken = [];
    for (const [name, value] of this.#left) {
      const match = pattern.exec(name);
      if (!match) continue;
      taken.push({ name, match, value });
      this.#left.delete(name);
    }
    return taken;
  }

  /** Fails for an attribute that nobody took. */
  end(): void {
    for (const name of this.#left.keys()) {
      const meant = nearest(name, this.#known);
      const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
      throw this.wrong(name, `${this.#owner} has no option ${JSON.stringify(name)}${hint}`);
    }
  }
}
