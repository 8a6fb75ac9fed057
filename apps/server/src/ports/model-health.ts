import type { ModelReport } from '@agentpod/core';

/** What the gateway saw of the calls to agents' models. It counts anew whenever it starts. */
export interface ModelHealth {
  /** By the agent's id; agents that the gateway does not know yet are absent. Throws `unavailable` when it does not say. */
  read(signal: AbortSignal): Promise<ReadonlyMap<string, ModelReport>>;
}
