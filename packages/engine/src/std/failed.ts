/** What a room says went wrong: a `kind` out of the room's own union, and a sentence for people. */
export interface FailureKind {
  readonly kind: string;
  /** One sentence that names what failed and, where it can, what to do. Never holds a secret. */
  readonly message: string;
}

/**
 * The one error class for work that failed (exit code, registry said no, disk full).
 * Bugs stay plain `Error`s; cancellation is `signal.reason`, untouched; mistakes in what people wrote are `Diagnostic`s.
 */
export class Failed<F extends FailureKind = FailureKind> extends Error {
  override readonly name = 'Failed';
  readonly failure: F;

  constructor(failure: F, options?: { readonly cause?: unknown }) {
    super(failure.message, options);
    this.failure = failure;
  }
}

/** The `Failed` of this kind in `error` or in its causes, outermost first. */
export function failedOf<K extends string>(error: unknown, kind: K): Failed<FailureKind & { kind: K }> | undefined {
  for (let e = error; e instanceof Error; e = e.cause) {
    if (e instanceof Failed && e.failure.kind === kind) return e as Failed<FailureKind & { kind: K }>;
  }
  return undefined;
}
