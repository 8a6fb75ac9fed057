/** When a process is to die by itself: at a call to the world outside, counted over all it talks to. */
export interface Fate {
  readonly atCall: number;
  readonly when: 'before' | 'after';
}

/**
 * One life of the control plane's process. What it talks to is handed to it through `to`: after its death nothing of it
 * goes on, and nothing it asked for comes back.
 */
export class Mortal {
  isDead = false;
  #fate: Fate | undefined;
  readonly #died: () => void;
  #calls = 0;

  constructor(fate: Fate | undefined, died: () => void) {
    this.#fate = fate;
    this.#died = died;
  }

  die(): void {
    if (this.isDead) return;
    this.isDead = true;
    this.#died();
  }

  /** It is not to die of its fate any more. */
  pardon(): void {
    this.#fate = undefined;
  }

  /** The same thing, as this process reaches it. */
  to<T extends object>(other: T): T {
    const methods = new Map<string | symbol, unknown>();
    return new Proxy(other, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name);
        if (typeof method !== 'function') return method;
        let wrapped = methods.get(name);
        if (!wrapped) {
          wrapped = this.#wrap((...given) => Reflect.apply(method, target, given));
          methods.set(name, wrapped);
        }
        return wrapped;
      },
    });
  }

  #wrap(call: (...given: unknown[]) => unknown): (...given: unknown[]) => unknown {
    return (...given) => {
      const number = this.#calls++;
      if (this.#fate?.atCall === number && this.#fate.when === 'before') this.die();
      if (this.isDead) return never();
      const answer = call(...given);
      if (answer instanceof Promise) return this.#answered(answer, number);
      return isStream(answer) ? this.#streamed(answer) : answer;
    };
  }

  async #answered(answer: Promise<unknown>, number: number): Promise<unknown> {
    try {
      const value = await answer;
      if (this.#fate?.atCall === number) this.die();
      return this.isDead ? await never() : value;
    } catch (error) {
      if (this.isDead) await never();
      throw error;
    }
  }

  async *#streamed(stream: AsyncIterable<unknown>): AsyncGenerator {
    try {
      for await (const item of stream) yield this.isDead ? await never() : item;
    } catch (error) {
      if (this.isDead) await never();
      throw error;
    }
    if (this.isDead) await never();
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
