import type { Clock } from '../ports/clock.ts';

/** What a piece of work says about itself; the queue does the rest. */
export type Outcome =
  | { readonly kind: 'settled'; readonly lookAgainAt?: number | undefined }
  | { readonly kind: 'again' }
  | { readonly kind: 'retry' }
  | { readonly kind: 'stalled' };

export interface QueueOptions {
  readonly work: (key: string, signal: AbortSignal) => Promise<Outcome>;
  readonly clock: Clock;
  readonly concurrency: number;
  /** From 0 to below 1; spreads retries. */
  readonly random: () => number;
  /** One piece of work may take this long before its signal aborts. */
  readonly deadlineMs: number;
  readonly onFailure: (key: string, error: unknown) => void;
}

interface Entry {
  failures: number;
  /** Added while it was being worked on: runs once more afterwards. */
  dirty: boolean;
  consecutiveAgain: number;
  cancelTimer: (() => void) | undefined;
}

const longestRetryMs = 5 * 60_000;
const mostInARow = 10;

/**
 * One key is waiting at most once and worked on by one worker at most. A key added while it is being worked on runs
 * again afterwards. Urgent keys (a person waits) go before the others.
 */
export class WorkQueue {
  readonly #options: QueueOptions;
  readonly #urgent = new Set<string>();
  readonly #waiting = new Set<string>();
  readonly #active = new Map<string, Promise<void>>();
  readonly #entries = new Map<string, Entry>();
  readonly #shutdown = new AbortController();

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  add(key: string, { urgent = false } = {}): void {
    if (this.#shutdown.signal.aborted) return;
    const entry = this.#entry(key);
    entry.cancelTimer?.();
    entry.cancelTimer = undefined;
    if (this.#active.has(key)) {
      entry.dirty = true;
      return;
    }
    if (urgent) {
      this.#waiting.delete(key);
      this.#urgent.add(key);
    } else if (!this.#urgent.has(key)) {
      this.#waiting.add(key);
    }
    this.#pump();
  }

  /** No new work; waits for what is being done. Running work sees its signal abort after `graceMs`. */
  async drain(graceMs: number): Promise<void> {
    this.#urgent.clear();
    this.#waiting.clear();
    for (const entry of this.#entries.values()) entry.cancelTimer?.();
    const cancel = this.#options.clock.after(graceMs, () => this.#shutdown.abort());
    this.#closed = true;
    await Promise.allSettled(this.#active.values());
    cancel();
    this.#shutdown.abort();
  }
  #closed = false;

  #entry(key: string): Entry {
    let entry = this.#entries.get(key);
    if (!entry) {
      entry = { failures: 0, dirty: false, consecutiveAgain: 0, cancelTimer: undefined };
      this.#entries.set(key, entry);
    }
    return entry;
  }

  #pump(): void {
    while (!this.#closed && this.#active.size < this.#options.concurrency) {
      const key = first(this.#urgent) ?? first(this.#waiting);
      if (key === undefined) return;
      this.#urgent.delete(key);
      this.#waiting.delete(key);
      this.#active.set(key, this.#run(key));
    }
  }

  async #run(key: string): Promise<void> {
    const entry = this.#entry(key);
    entry.dirty = false;
    const deadline = new AbortController();
    const cancelDeadline = this.#options.clock.after(this.#options.deadlineMs, () => deadline.abort());
    let outcome: Outcome;
    try {
      outcome = await this.#options.work(key, AbortSignal.any([this.#shutdown.signal, deadline.signal]));
    } catch (error) {
      this.#options.onFailure(key, error);
      outcome = { kind: 'retry' };
    }
    cancelDeadline();
    this.#active.delete(key);
    if (!this.#closed) this.#schedule(key, entry, outcome);
    this.#pump();
  }

  #schedule(key: string, entry: Entry, outcome: Outcome): void {
    const { clock } = this.#options;
    entry.consecutiveAgain = outcome.kind === 'again' ? entry.consecutiveAgain + 1 : 0;
    const tired = entry.consecutiveAgain >= mostInARow;
    if (outcome.kind === 'retry' || tired) {
      entry.failures += 1;
      const waitMs = Math.min(1000 * 2 ** (entry.failures - 1), longestRetryMs) * (0.8 + 0.4 * this.#options.random());
      if (!entry.dirty) entry.cancelTimer = clock.after(waitMs, () => this.add(key));
    } else {
      entry.failures = 0;
    }
    if (outcome.kind === 'settled' && outcome.lookAgainAt !== undefined && !entry.dirty) {
      entry.cancelTimer = clock.after(Math.max(0, outcome.lookAgainAt - clock.now()), () => this.add(key));
    }
    if (entry.dirty || (outcome.kind === 'again' && !tired)) this.add(key);
    else if (entry.cancelTimer === undefined && entry.failures === 0) this.#entries.delete(key);
  }
}

function first(keys: ReadonlySet<string>): string | undefined {
  return keys.values().next().value;
}
