/** What the person typed cannot be done as it stands. Printed without a stack; exit code 2. */
export class Mistake extends Error {
  override readonly name = 'Mistake';
  /** What to do about it. */
  readonly hint?: string;

  constructor(message: string, hint?: string) {
    super(message);
    if (hint !== undefined) this.hint = hint;
  }
}

/** Nothing is left of what was selected, and that is fine: told in a line, with exit code 0. */
export class NothingSelected extends Error {
  override readonly name = 'NothingSelected';
}
