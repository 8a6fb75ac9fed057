const windowMs = 60_000;

/**
 * How much an agent may send in a minute. Generous for the busiest of them (each event of a long reply repeats what was
 * said so far), and an end to one that floods.
 */
const most = { bytes: 32 * 1024 ** 2, frames: 30_000 };

export class TrafficLimit {
  readonly #now: () => number;
  #since: number;
  #bytes = 0;
  #frames = 0;

  constructor(now: () => number) {
    this.#now = now;
    this.#since = now();
  }

  /** Whether what came in is still bearable. */
  admit(came: { readonly bytes?: number; readonly frames?: number }): boolean {
    const now = this.#now();
    if (now - this.#since >= windowMs) {
      this.#since = now;
      this.#bytes = 0;
      this.#frames = 0;
    }
    this.#bytes += came.bytes ?? 0;
    this.#frames += came.frames ?? 0;
    return this.#bytes <= most.bytes && this.#frames <= most.frames;
  }
}
