import { ModelFailure } from './dialect.ts';

/** How many things each key does at once, up to a limit. */
export class Slots {
  readonly #most: number;
  readonly #taken = new Map<string, number>();

  constructor(most: number) {
    this.#most = most;
  }

  /** The way to give it back, to be called once; nothing when none is free. */
  take(key: string): (() => void) | undefined {
    const taken = this.#taken.get(key) ?? 0;
    if (taken >= this.#most) return undefined;
    this.#taken.set(key, taken + 1);
    return () => {
      const left = (this.#taken.get(key) ?? 1) - 1;
      if (left === 0) this.#taken.delete(key);
      else this.#taken.set(key, left);
    };
  }

  /** Throws `busy` when none is free. */
  async hold<T>(key: string, work: () => Promise<T>): Promise<T> {
    const release = this.take(key);
    if (release === undefined) throw new ModelFailure('busy', `at most ${this.#most} calls at once`);
    try {
      return await work();
    } finally {
      release();
    }
  }
}
