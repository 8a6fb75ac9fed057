/** A promise that was broken. */
export class Violation extends Error {
  override readonly name = 'Violation';
  readonly invariant: string;

  constructor(invariant: string, message: string) {
    super(message);
    this.invariant = invariant;
  }
}

/** Keeps the first broken promise; the rest follows from it. */
export class Judge {
  verdict: Violation | undefined;
  readonly #heard: (violation: Violation) => void;

  constructor(heard: (violation: Violation) => void) {
    this.#heard = heard;
  }

  /** Does not throw: whoever broke the promise must not be able to catch it. */
  accuse(invariant: string, message: string): void {
    if (this.verdict) return;
    this.verdict = new Violation(invariant, message);
    this.#heard(this.verdict);
  }
}
