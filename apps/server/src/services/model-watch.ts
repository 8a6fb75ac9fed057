import { type AppError, type Finding, modelFinding, toAppError } from '@agentpod/core';
import type { Clock } from '../ports/clock.ts';
import type { ModelHealth } from '../ports/model-health.ts';

export interface ModelWatchDeps {
  readonly health: ModelHealth;
  readonly clock: Clock;
  /** What is found of this agent's model is not what it was. */
  readonly changed: (agentId: string) => void;
  /** Once per outage of the gateway. */
  readonly onError: (error: AppError) => void;
}

const everyMs = 15_000;

/**
 * Looks every 15 s at how model calls went and keeps what follows from it. While the gateway does not say, what was
 * found last stands.
 */
export class ModelWatch {
  readonly #deps: ModelWatchDeps;
  readonly #stop = new AbortController();
  #findings: ReadonlyMap<string, Finding> = new Map();
  #outage = false;
  #cancel: () => void = () => undefined;

  constructor(deps: ModelWatchDeps) {
    this.#deps = deps;
  }

  /** Stands beside `Ready`; `undefined` when nothing is known, and what is stored still stands. */
  findingOf(agentId: string): Finding | undefined {
    return this.#findings.get(agentId);
  }

  start(): void {
    void this.#round();
  }

  stop(): void {
    this.#stop.abort();
    this.#cancel();
  }

  async #round(): Promise<void> {
    const { health, clock, changed, onError } = this.#deps;
    try {
      const reports = await health.read(this.#stop.signal);
      const before = this.#findings;
      this.#findings = new Map(
        [...reports].flatMap(([id, report]) => {
          const finding = modelFinding(report, clock.now());
          return finding ? [[id, finding]] : [];
        }),
      );
      this.#outage = false;
      for (const [id, finding] of this.#findings) if (!isSame(before.get(id), finding)) changed(id);
    } catch (error) {
      if (!this.#outage && !this.#stop.signal.aborted) onError(toAppError(error));
      this.#outage = true;
    }
    if (!this.#stop.signal.aborted) this.#cancel = clock.after(everyMs, () => void this.#round());
  }
}

function isSame(before: Finding | undefined, now: Finding): boolean {
  return before?.status === now.status && before.reason === now.reason && before.message === now.message;
}
