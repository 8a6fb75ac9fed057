import type { Labels, Ownership, Role } from './ownership.ts';

/** Asks the engine for all objects that carry these labels. */
type List<T> = (label: string[], signal: AbortSignal) => Promise<readonly T[]>;

interface Question<T> {
  readonly agentId: string;
  readonly answer: (found: readonly T[]) => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Our objects of one kind. Several agents that are looked at in the same moment share one listing: the engine takes as long to list the objects
 * of one as of all. A listing that had begun before the question is no answer to it: it may be older than what was done
 * since.
 */
export class SharedListing<T extends { readonly Labels?: Labels | null | undefined }> {
  readonly #ownership: Ownership;
  readonly #list: List<T>;
  readonly #role: Role | undefined;
  #questions: Question<T>[] = [];
  #isListing = false;

  constructor(ownership: Ownership, list: List<T>, role?: Role) {
    this.#ownership = ownership;
    this.#list = list;
    this.#role = role;
  }

  /** Whatever their role: helpers and what serves all agents among them. */
  async all(signal: AbortSignal): Promise<readonly T[]> {
    return this.#list(this.#ownership.filter(), signal);
  }

  async ofAgent(agentId: string, signal: AbortSignal): Promise<readonly T[]> {
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
      const label = this.#ownership.filter({ role: this.#role, agentId: others.length === 0 ? one : undefined });
      const found = await this.#list(label, new AbortController().signal);
      const byOwner = Map.groupBy(found, ({ Labels }) => this.#ownership.agentOf(Labels));
      for (const { agentId, answer } of asked) answer(byOwner.get(agentId) ?? []);
    } catch (error) {
      for (const { fail } of asked) fail(error);
    }
  }
}
