import { isAlive, judgeOrphans, orphanGraceMs, OrphanSightings, type OrphanView } from '@agentpod/core';
import type { Clock } from '../ports/clock.ts';
import type { RuntimeEngine } from '../ports/runtime.ts';
import type { Store } from '../ports/store.ts';

export interface OrphansDeps {
  readonly runtime: Pick<RuntimeEngine, 'owners' | 'observe' | 'stopInstance' | 'removeInstance' | 'removeNetwork'>;
  readonly store: Pick<Store, 'knownAgents' | 'getSetting' | 'putSetting'>;
  readonly clock: Pick<Clock, 'now'>;
  readonly onRemoved: (agentId: string) => void;
}

const setting = 'orphans.sightings';
const sweepEveryMs = 10 * 60_000;
const graceSeconds = 30;

/**
 * Containers and networks of agents that nobody knows: what an older database that was put back leaves behind. They go
 * after a grace period. Volumes never do: they may be all that is left of a customer's data.
 */
export class Orphans {
  readonly #deps: OrphansDeps;
  #sweptAt = Number.NEGATIVE_INFINITY;

  constructor(deps: OrphansDeps) {
    this.#deps = deps;
  }

  /** Looks, and removes what is due; at most every ten minutes, however often it is called. */
  async sweep(signal: AbortSignal): Promise<void> {
    const now = this.#deps.clock.now();
    if (now - this.#sweptAt < sweepEveryMs && now >= this.#sweptAt) return;
    this.#sweptAt = now;
    const { due } = await this.#judge(signal);
    for (const id of due) await this.#remove(id, signal);
  }

  /** What is there and what would happen to it. Changes nothing on the engine. */
  async list(signal: AbortSignal): Promise<OrphanView[]> {
    const { sightings } = await this.#judge(signal);
    return Promise.all(
      Object.entries(sightings).map(async ([agentId, seenAt]) => {
        const { instances, networks, volumes } = await this.#deps.runtime.observe(agentId, signal);
        return {
          agentId,
          seenAt: new Date(seenAt).toISOString(),
          removalAt: new Date(seenAt + orphanGraceMs).toISOString(),
          containers: instances.map(({ name }) => name),
          networks: networks.map(({ name }) => name),
          keptVolumes: volumes.map(({ name }) => name),
        };
      }),
    );
  }

  /** Without waiting for the grace period. Answers what was there. */
  async remove(signal: AbortSignal): Promise<OrphanView[]> {
    const orphans = await this.list(signal);
    for (const { agentId } of orphans) await this.#remove(agentId, signal);
    return orphans;
  }

  async #judge(signal: AbortSignal) {
    const { runtime, store, clock } = this.#deps;
    // The engine first: an agent that is created in between is known by the time it is looked for.
    const owners = await runtime.owners(signal);
    const known = await store.knownAgents();
    const before = OrphanSightings.parse(JSON.parse((await store.getSetting(setting)) ?? '{}'));
    const judged = judgeOrphans({ owners, known, sightings: before, now: clock.now() });
    await store.putSetting(setting, JSON.stringify(judged.sightings));
    return judged;
  }

  async #remove(agentId: string, signal: AbortSignal): Promise<void> {
    const { runtime, onRemoved } = this.#deps;
    const { instances, networks } = await runtime.observe(agentId, signal);
    for (const instance of instances) {
      if (isAlive(instance)) await runtime.stopInstance(instance.name, graceSeconds, signal);
      await runtime.removeInstance(instance.name, signal);
    }
    for (const { name } of networks) await runtime.removeNetwork(name, signal);
    if (instances.length > 0 || networks.length > 0) onRemoved(agentId);
  }
}
