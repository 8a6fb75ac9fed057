/** Time as an argument: services never read the real clock or set real timers. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls once after `milliseconds`; the answer cancels it. */
  after(milliseconds: number, call: () => void): () => void;
}
