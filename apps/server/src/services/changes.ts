/**
 * Tells readers which agents look different now. A message is an id and nothing else: whoever hears it reads the agent
 * again. A slow reader hears of an agent once, however often it changed meanwhile, so nobody's backlog grows past the
 * number of agents.
 */
export class Changes {
  readonly #readers = new Set<Reader>();

  publish(agentId: string): void {
    for (const reader of this.#readers) reader.add(agentId);
  }

  /** Hears everything published after this call, even before the first read. Ends with `signal`. */
  subscribe(signal: AbortSignal): AsyncIterable<string> {
    const reader = new Reader();
    if (!signal.aborted) {
      this.#readers.add(reader);
      signal.addEventListener('abort', () => {
        this.#readers.delete(reader);
        reader.end();
      });
    } else {
      reader.end();
    }
    return reader.read();
  }

  get readers(): number {
    return this.#readers.size;
  }
}

class Reader {
  readonly #pending = new Set<string>();
  #ended = false;
  #wake: () => void = () => undefined;

  add(agentId: string): void {
    this.#pending.add(agentId);
    this.#wake();
  }

  end(): void {
    this.#ended = true;
    this.#wake();
  }

  async *read(): AsyncGenerator<string> {
    while (!this.#ended) {
      const [next] = this.#pending;
      if (next === undefined) {
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        await promise;
        continue;
      }
      this.#pending.delete(next);
      yield next;
    }
  }
}
