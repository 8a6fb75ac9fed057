import type { Clock } from '../ports/clock.ts';

interface Timer {
  readonly at: number;
  /** Timers of one moment fire in the order in which they were set. */
  readonly number: number;
  readonly call: () => void;
  cancelled: boolean;
}

/**
 * Time that moves only when told to, for a whole machine: waiting is measured by a clock that never jumps, the time of day
 * by one that does.
 */
export class SimClock implements Clock {
  /** Milliseconds since the simulation began. */
  elapsedMs = 0;
  #offsetMs = Date.UTC(2026, 0, 1);
  #timers = 0;
  /** A heap: the next one is the first. */
  readonly #heap: Timer[] = [];

  now(): number {
    return this.#offsetMs + this.elapsedMs;
  }

  /** Somebody sets the time of day. */
  jump(milliseconds: number): void {
    this.#offsetMs += milliseconds;
  }

  after(milliseconds: number, call: () => void): () => void {
    // Whole milliseconds, as the clocks of real machines.
    const at = this.elapsedMs + Math.max(0, Math.ceil(milliseconds));
    const timer = { at, number: this.#timers++, call, cancelled: false };
    this.#push(timer);
    return () => {
      timer.cancelled = true;
    };
  }

  /** Lets time pass, and everything happen that is due meanwhile, until `done` or `milliseconds` are over. */
  async run(milliseconds: number, done: () => boolean = () => false): Promise<void> {
    const end = this.elapsedMs + milliseconds;
    await everythingReady();
    while (!done()) {
      const next = this.#heap[0];
      if (!next || next.at > end) {
        this.elapsedMs = end;
        return;
      }
      this.#pop();
      if (next.cancelled) continue;
      this.elapsedMs = next.at;
      next.call();
      // Promises that are resolved go on before anything else happens.
      await everythingReady();
    }
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let index = heap.length;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (!above || isBefore(above, timer)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = timer;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      const [one, other] = [heap[left], heap[left + 1]];
      if (!one) break;
      const [child, place] = other && isBefore(other, one) ? [other, left + 1] : [one, left];
      if (isBefore(last, child)) break;
      heap[index] = child;
      index = place;
    }
    heap[index] = last;
  }
}

function isBefore(one: Timer, other: Timer): boolean {
  return one.at < other.at || (one.at === other.at && one.number < other.number);
}

/** One turn of the event loop: by its end no promise is left that could go on by itself. */
function everythingReady(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
