import {
  type Agent,
  type AgentStatus,
  type Finding,
  memoryFinding,
  type MemoryTrend,
  memoryTrend,
  sampleLevels,
} from '@agentpod/core';
import type { Clock } from '../../ports/clock.ts';
import type { HistoryStore } from '../../ports/history-store.ts';
import type { Store } from '../../ports/store.ts';

export interface MemoryWatchDeps {
  readonly history: Pick<HistoryStore, 'samples'>;
  readonly store: Pick<Store, 'listManaged'>;
  readonly clock: Pick<Clock, 'now'>;
  /** The verdict about an agent is another one now. */
  readonly changed: (agentId: string) => void;
}

interface Verdict {
  readonly startedAt: string;
  readonly trend: MemoryTrend;
}

const lookBackMs = 13 * 3_600_000;
const fiveMinutes = sampleLevels[1];

/** Tells of agents whose memory grows towards its limit. What it says holds for one run of the container. */
export class MemoryWatch {
  readonly #deps: MemoryWatchDeps;
  #verdicts: ReadonlyMap<string, Verdict> | undefined;
  readonly #startedAt = new Map<string, string | undefined>();

  constructor(deps: MemoryWatchDeps) {
    this.#deps = deps;
  }

  /** Nothing before the first look: what was found before a restart of the control plane stands until then. */
  findingsOf(agentId: string): readonly Finding[] {
    if (!this.#verdicts) return [];
    const verdict = this.#verdicts.get(agentId);
    const holds = verdict?.startedAt === this.#startedAt.get(agentId);
    return [memoryFinding(verdict && holds ? verdict.trend : { kind: 'unknown' })];
  }

  /** A new run begins with nothing. */
  statusSaved({ id }: Pick<Agent, 'id'>, { instance }: AgentStatus): void {
    this.#startedAt.set(id, runOf(instance));
  }

  async look(): Promise<void> {
    const { store, clock, changed } = this.#deps;
    const now = clock.now();
    const before = this.#verdicts;
    const verdicts = new Map<string, Verdict>();
    const agents = await store.listManaged();
    for (const agent of agents) {
      const startedAt = runOf(agent.status.instance);
      this.#startedAt.set(agent.id, startedAt);
      if (startedAt === undefined) continue;
      verdicts.set(agent.id, { startedAt, trend: await this.#trendOf(agent, startedAt, now) });
    }
    this.#verdicts = verdicts;
    for (const id of this.#startedAt.keys()) if (!verdicts.has(id)) this.#startedAt.delete(id);
    for (const [id, { trend }] of verdicts) if (before?.get(id)?.trend.kind !== trend.kind) changed(id);
  }

  async #trendOf(agent: Agent, startedAt: string, now: number): Promise<MemoryTrend> {
    const buckets = await this.#deps.history.samples(agent.id, fiveMinutes, { from: now - lookBackMs, to: now });
    return memoryTrend({
      points: buckets.map(({ at, memoryAverageBytes }) => ({ at, memoryBytes: memoryAverageBytes })),
      startedAt: Date.parse(startedAt),
      limitBytes: agent.spec.resources.memoryBytes,
      now,
    });
  }
}

function runOf(instance: AgentStatus['instance']): string | undefined {
  return instance?.state === 'running' ? instance.startedAt : undefined;
}
