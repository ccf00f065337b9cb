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
    if (['', '1', 't', 'T', 'true', 'TRUE', 'True'].includes(value)) return true;
    if (['0', 'f', 'F', 'false', 'FALSE', 'False'].includes(value)) return false;
    throw this.wrong(name, `non-bool value ${JSON.stringify(value)} specified for ${name}`);
  }

  integer(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const number = Number(value);
    if (/^[+-]?\d+$/.test(value) && Number.isSafeInteger(number)) return number;
    throw this.wrong(name, `non-integer value ${JSON.stringify(value)} specified for ${name}`);
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
