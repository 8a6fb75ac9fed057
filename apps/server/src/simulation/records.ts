import type { Agent, AgentSpec, AgentStatus, Recorded } from '@agentpod/core';
import type { NewEvent, Store } from '../ports/store.ts';
import { overridden } from './overridden.ts';
import type { SimClock } from './sim-clock.ts';

export interface Told extends NewEvent {
  readonly atMs: number;
}

/** What the store holds of one agent, as far as invariants speak of it. Moments are of the clock that never jumps. */
export interface AgentRecord {
  readonly id: string;
  readonly ref: string;
  readonly host: string;
  spec: AgentSpec;
  generation: number;
  deletion: { readonly purge: boolean } | undefined;
  isGone: boolean;
  recorded: Partial<Recorded>;
  status: AgentStatus | undefined;
  /** When a person, or a configuration taken back, last gave a reason to start it anew or to stop it. */
  askedAtMs: number;
  readonly events: Told[];
}

export type Saved = (record: AgentRecord, status: AgentStatus) => void;

/** Reads along what goes into the store, so that invariants can be checked at any moment without asking it. */
export class Records {
  readonly #clock: SimClock;
  readonly #agents = new Map<string, AgentRecord>();
  /** Called before a status is saved, and when somebody asked for something. */
  onStatus: Saved = () => undefined;
  onAsked: (record: AgentRecord) => void = () => undefined;

  constructor(clock: SimClock) {
    this.#clock = clock;
  }

  all(): readonly AgentRecord[] {
    return [...this.#agents.values()];
  }

  of(agentId: string): AgentRecord | undefined {
    return this.#agents.get(agentId);
  }

  byHost(host: string): AgentRecord | undefined {
    return this.all().find((record) => record.host === host);
  }

  /** The store, with us reading along. */
  readingAlong(store: Store): Store {
    const created = async (...call: Parameters<Store['createAgent']>) => this.#took(await store.createAgent(...call));
    const asked =
      <A extends unknown[]>(change: (...call: A) => Promise<Agent>) =>
      async (...call: A): Promise<Agent> => {
        const agent = this.#took(await change(...call));
        this.#asked(agent.id);
        return agent;
      };
    const changes: Partial<Store> = {
      createAgent: created,
      updateSpec: asked((...call: Parameters<Store['updateSpec']>) => store.updateSpec(...call)),
      requestRestart: asked((...call: Parameters<Store['requestRestart']>) => store.requestRestart(...call)),
      requestDeletion: asked((...call: Parameters<Store['requestDeletion']>) => store.requestDeletion(...call)),
      undelete: asked((...call: Parameters<Store['undelete']>) => store.undelete(...call)),
      finishDeletion: async (id, now) => {
        await store.finishDeletion(id, now);
        const record = this.of(id);
        if (record) record.isGone = true;
      },
      saveRecorded: async (id, facts) => {
        await store.saveRecorded(id, facts);
        const record = this.of(id);
        if (!record) return;
        record.recorded = { ...record.recorded, ...facts };
        if (facts.rejected || facts.restartRequestedAt !== undefined) this.#asked(id);
      },
      saveStatus: async (id, status) => {
        const record = this.of(id);
        if (record) this.onStatus(record, status);
        await store.saveStatus(id, status);
        if (record) record.status = status;
      },
      addEvent: async (event) => {
        await store.addEvent(event);
        this.of(event.agentId)?.events.push({ ...event, atMs: this.#clock.elapsedMs });
      },
    };
    return overridden(store, changes);
  }

  #took(agent: Agent): Agent {
    const before = this.#agents.get(agent.id);
    const record: AgentRecord = {
      id: agent.id,
      ref: agent.name === 'main' ? agent.tenant : `${agent.tenant}/${agent.name}`,
      host: agent.host,
      spec: agent.spec,
      generation: agent.generation,
      deletion: agent.deletion && { purge: agent.deletion.purge },
      isGone: agent.deletion !== undefined && before?.isGone === true && !agent.deletion.purge,
      recorded: agent.recorded,
      status: agent.status,
      askedAtMs: before?.askedAtMs ?? Number.NEGATIVE_INFINITY,
      events: before?.events ?? [],
    };
    this.#agents.set(agent.id, record);
    return agent;
  }

  #asked(agentId: string): void {
    const record = this.of(agentId);
    if (!record) return;
    record.askedAtMs = this.#clock.elapsedMs;
    this.onAsked(record);
  }
}
