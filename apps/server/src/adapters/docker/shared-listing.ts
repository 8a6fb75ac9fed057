/** Answers with the objects of one agent, or of all agents of this installation. */
type List<T> = (agentId: string | undefined, signal: AbortSignal) => Promise<readonly T[]>;

interface Question<T> {
  readonly agentId: string;
  readonly answer: (found: readonly T[]) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Several agents that are looked at in the same moment share one listing: the engine takes as long to list the objects
 * of one as of all. A listing that had begun before the question is no answer to it: it may be older than what was done
 * since.
 */
export class SharedListing<T> {
  readonly #list: List<T>;
  readonly #ownerOf: (object: T) => string | undefined;
  #questions: Question<T>[] = [];
  #isListing = false;

  constructor(list: List<T>, ownerOf: (object: T) => string | undefined) {
    this.#list = list;
    this.#ownerOf = ownerOf;
  }

  async of(agentId: string, signal: AbortSignal): Promise<readonly T[]> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<readonly T[]>();
    const giveUp = (): void => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
    this.#questions.push({ agentId, answer: resolve, fail: reject });
    if (!this.#isListing) void this.#answerAll();
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
  }

  async #answerAll(): Promise<void> {
    this.#isListing = true;
    while (this.#questions.length > 0) {
      const asked = this.#questions;
      this.#questions = [];
      await this.#answer(asked);
    }
    this.#isListing = false;
  }

  async #answer(asked: readonly Question<T>[]): Promise<void> {
    const [one, ...others] = new Set(asked.map(({ agentId }) => agentId));
    try {
      // Nobody's own signal: that one gives up must not cost the others their answer.
      const found = await this.#list(others.length === 0 ? one : undefined, new AbortController().signal);
      const byOwner = Map.groupBy(found, this.#ownerOf);
      for (const { agentId, answer } of asked) answer(byOwner.get(agentId) ?? []);
    } catch (error) {
      for (const { fail } of asked) fail(error);
    }
  }
}
