import { type Agent, type AgentList, type AgentView, type EventView, refOf, stateOf } from '@agentpod/core';
import type { AgentQuery, Store } from '../ports/store.ts';
import type { Usage } from './history/sampler.ts';

export interface ViewsDeps {
  readonly store: Pick<Store, 'getAgent' | 'listAgents' | 'listEvents' | 'listTenants'>;
  /** Scheme, host and port under which a host is reached. */
  readonly originOf: (host: string) => string;
  /** Milliseconds since 1970; what was not seen is undefined. */
  readonly lifeSigns: (agentId: string) => {
    readonly heartbeatAt: number | undefined;
    readonly lastActivityAt: number | undefined;
  };
  /** What it uses now. */
  readonly usageOf: (agent: Agent) => Usage | undefined;
}

const shownEvents = 100;

/** What everybody may read: what a person wants and what is, nothing that is sealed or recorded. */
export class Views {
  readonly #deps: ViewsDeps;

  constructor(deps: ViewsDeps) {
    this.#deps = deps;
  }

  of(agent: Agent): AgentView {
    const { heartbeatAt, lastActivityAt } = this.#deps.lifeSigns(agent.id);
    const usage = this.#deps.usageOf(agent);
    return {
      id: agent.id,
      ref: refOf(agent),
      tenant: agent.tenant,
      name: agent.name,
      url: this.#deps.originOf(agent.host),
      host: agent.host,
      state: stateOf(agent),
      generation: agent.generation,
      createdAt: agent.createdAt,
      ...(agent.deletion ? { deletedAt: agent.deletion.requestedAt } : {}),
      spec: agent.spec,
      status: agent.status,
      ...(heartbeatAt === undefined ? {} : { heartbeatAt: new Date(heartbeatAt).toISOString() }),
      ...(lastActivityAt === undefined ? {} : { lastActivityAt: new Date(lastActivityAt).toISOString() }),
      ...(usage ? { usage } : {}),
    };
  }

  async byId(id: string): Promise<AgentView | undefined> {
    const agent = await this.#deps.store.getAgent(id);
    return agent && this.of(agent);
  }

  async list(query: AgentQuery): Promise<AgentList> {
    const { items, nextCursor } = await this.#deps.store.listAgents(query);
    return { items: items.map((agent) => this.of(agent)), ...(nextCursor === undefined ? {} : { nextCursor }) };
  }

  /** Newest first. */
  async events(agent: Agent): Promise<EventView[]> {
    const events = await this.#deps.store.listEvents(agent.id, shownEvents);
    return events.map((event) => ({ ...event, agent: refOf(agent) }));
  }

  async tenants() {
    const tenants = await this.#deps.store.listTenants();
    return tenants.map((tenant) => ({ ...tenant, agents: [...tenant.agents] }));
  }
}
