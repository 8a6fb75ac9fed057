import { type AppError, toAppError } from '@agentpod/core';
import type { Clock } from '../../ports/clock.ts';

export interface RepeatingOptions {
  readonly work: (signal: AbortSignal) => Promise<void>;
  readonly everyMs: number;
  readonly clock: Clock;
  /** From 0 to below 1; keeps several of these from falling into step. */
  readonly random: () => number;
  /** Once per row of failures. */
  readonly onError: (error: AppError) => void;
}

/** Work that is done again and again, never twice at a time, and goes on whatever happens to one round of it. */
export class Repeating {
  readonly #options: RepeatingOptions;
  readonly #stop = new AbortController();
  #cancel: () => void = () => undefined;
  #running: Promise<void> = Promise.resolve();
  #failing = false;

  constructor(options: RepeatingOptions) {
    this.#options = options;
  }

  start(firstAfterMs = this.#options.everyMs): void {
    this.#schedule(firstAfterMs);
  }

  /** Lets the round that is running finish. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#cancel();
    await this.#running;
  }

  #schedule(afterMs: number): void {
    if (this.#stop.signal.aborted) return;
    const { clock, random, everyMs } = this.#options;
    const startedAt = clock.now();
    this.#cancel = clock.after(Math.round(afterMs), () => {
      this.#running = this.#round().then(() => {
        // From the beginning of the round: a slow one does not make the next one late.
        const tookMs = clock.now() - startedAt - afterMs;
        this.#schedule(Math.max(0, everyMs * (0.95 + 0.1 * random()) - Math.max(0, tookMs)));
      });
    });
  }

  async #round(): Promise<void> {
    try {
      await this.#options.work(this.#stop.signal);
      this.#failing = false;
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      if (!this.#failing) this.#options.onError(toAppError(error));
      this.#failing = true;
    }
  }
}
