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

/** Somebody ended the program from outside: the reason of every `signal` that commands get. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
  /** The exit code that shells expect then. */
  readonly code: number;

  constructor(by: 'SIGHUP' | 'SIGINT' | 'SIGTERM') {
    super(`stopped by ${by}`);
    this.code = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }[by];
  }
}

/** It took longer than `--timeout` allows: the reason of the signal then, named as that of `AbortSignal.timeout`. */
export class TimedOut extends Error {
  override readonly name = 'TimeoutError';
}

/** Says that the time was up, where that ended a run. */
export function timedOut({ aborted, reason }: AbortSignal): { readonly timedOut?: string } {
  return aborted && reason instanceof TimedOut ? { timedOut: reason.message } : {};
}

/** The exit code of what somebody stopped; undefined for what goes its own way, and for what took too long. */
export function stopCode({ aborted, reason }: AbortSignal): number | undefined {
  if (!aborted || reason instanceof TimedOut) return undefined;
  return reason instanceof Stopped ? reason.code : 130;
}
