export interface StartGateOptions {
  /** How many may boot at the same time. */
  readonly most: number;
  /** After so long an agent does not hold back others any more, whether it came up or not. */
  readonly longestMs: number;
  readonly now: () => number;
  /** Whether it finished its start. */
  readonly isUp: (agentId: string) => boolean;
}

/**
 * Lets few agents boot at once. After a restart of the machine all of them want to, and a boot takes a whole core for
 * many seconds: those that answer already must not starve for it.
 */
export class StartGate {
  readonly #options: StartGateOptions;
  readonly #booting = new Map<string, number>();

  constructor(options: StartGateOptions) {
    this.#options = options;
  }

  isOpen(agentId: string): boolean {
    const { most, longestMs, now, isUp } = this.#options;
    for (const [other, since] of this.#booting) {
      const forMs = now() - since;
      // Negative when the clock was set back.
      if (forMs > longestMs || forMs < 0 || isUp(other)) this.#booting.delete(other);
    }
    return this.#booting.has(agentId) || this.#booting.size < most;
  }

  take(agentId: string): void {
    this.#booting.set(agentId, this.#options.now());
  }

  giveBack(agentId: string): void {
    this.#booting.delete(agentId);
  }
}
