import { type HostCheck, plainText } from '@agentpod/core';
import type { Clock } from '../../ports/clock.ts';

/** One look at something the whole host stands on. What it throws is its failure. */
export interface HostLook {
  readonly name: HostCheck['name'];
  readonly look: (signal: AbortSignal) => Promise<Pick<HostCheck, 'ok' | 'message' | 'critical'>>;
}

const timeoutMs = 5000;
const longestMessage = 300;

/** Remembers of each check since when it is as it is. */
export class HostChecks {
  readonly #looks: readonly HostLook[];
  readonly #clock: Clock;
  #results: readonly HostCheck[] = [];
  #startedAt = Number.NEGATIVE_INFINITY;
  #running: Promise<void> | undefined;

  constructor(looks: readonly HostLook[], clock: Clock) {
    this.#looks = looks;
    this.#clock = clock;
  }

  get results(): readonly HostCheck[] {
    return this.#results;
  }

  get isFailing(): boolean {
    return this.#results.some(({ ok }) => !ok);
  }

  /** Makes sure that the last look began after this moment. Never throws. */
  async lookAfter(time: number): Promise<void> {
    // One that is on its way may have begun too early; time does not stand still, so the second one cannot.
    const isOld = (): boolean => this.#startedAt <= time || this.#startedAt > this.#clock.now();
    for (let round = 0; round < 2 && isOld(); round++) {
      this.#running ??= this.#runAll().finally(() => {
        this.#running = undefined;
      });
      await this.#running;
    }
  }

  async #runAll(): Promise<void> {
    this.#startedAt = this.#clock.now();
    const found = await Promise.all(this.#looks.map((look) => this.#inTime(look)));
    const now = this.#clock.now();
    this.#results = found.map((check) => {
      const before = this.#results.find(({ name }) => name === check.name);
      return { ...check, since: before?.ok === check.ok ? before.since : now };
    });
  }

  async #inTime({ name, look }: HostLook): Promise<Omit<HostCheck, 'since'>> {
    const stop = new AbortController();
    const late = Promise.withResolvers<never>();
    const cancel = this.#clock.after(timeoutMs, () => {
      stop.abort();
      late.reject(new Error(`no answer within ${timeoutMs / 1000} s`));
    });
    try {
      return { name, ...(await Promise.race([look(stop.signal), late.promise])) };
    } catch (error) {
      const said = error instanceof Error ? error.message : String(error);
      return { name, ok: false, message: plainText(said, longestMessage) };
    } finally {
      cancel();
    }
  }
}
