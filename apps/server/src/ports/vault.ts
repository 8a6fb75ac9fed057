/** Seals values so that the database alone reveals nothing. Envelope encryption: master key → key per value. */
export interface Vault {
  /** `context` is bound to the ciphertext: a value sealed for one place does not open in another. */
  seal(plain: string, context: string): string;
  /** Throws `bug`/`SealBroken` when the text was altered, moved, or sealed with another master key. */
  open(sealed: string, context: string): string;
}
