import type { Dice } from './dice.ts';
import type { SimClock } from './sim-clock.ts';
import type { EngineManners } from './troubles.ts';

interface Stream {
  readonly push: (agentId: string) => void;
  readonly fail: (error: Error) => void;
}

/** The engine's events on their way to whoever follows them: late, twice, or not at all. */
export class EventStreams {
  readonly #streams = new Set<Stream>();
  readonly #clock: SimClock;
  readonly #dice: Dice;
  readonly #manners: EngineManners;

  constructor(clock: SimClock, dice: Dice, manners: EngineManners) {
    this.#clock = clock;
    this.#dice = dice;
    this.#manners = manners;
  }

  tell(agentId: string): void {
    const { lostEvents, doubledEvents, lateEvents } = this.#manners;
    for (const stream of this.#streams) {
      if (this.#dice.chance(lostEvents)) continue;
      if (this.#dice.chance(lateEvents)) {
        this.#clock.after(this.#dice.between(1, 40_000), () => stream.push(agentId));
        continue;
      }
      stream.push(agentId);
      if (this.#dice.chance(doubledEvents)) stream.push(agentId);
    }
  }

  break(error: Error): void {
    for (const stream of this.#streams) stream.fail(error);
    this.#streams.clear();
  }

  async *follow(signal: AbortSignal): AsyncGenerator<string> {
    const waiting: string[] = [];
    let failure: Error | undefined;
    let wake = (): void => undefined;
    const stream: Stream = {
      push: (agentId) => {
        waiting.push(agentId);
        wake();
      },
      fail: (error) => {
        failure = error;
        wake();
      },
    };
    this.#streams.add(stream);
    const stop = (): void => wake();
    signal.addEventListener('abort', stop, { once: true });
    try {
      while (!signal.aborted) {
        if (failure) throw failure;
        const next = waiting.shift();
        if (next !== undefined) yield next;
        else {
          const { promise, resolve } = Promise.withResolvers<void>();
          wake = resolve;
          await promise;
        }
      }
    } finally {
      this.#streams.delete(stream);
      signal.removeEventListener('abort', stop);
    }
  }
}
