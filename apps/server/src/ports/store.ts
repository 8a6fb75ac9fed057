import type { Agent, AgentSpec, AgentStatus, Block, EventView, Recorded } from '@agentpod/core';

export interface NewAgent {
  /** UUIDv7, made by the caller: what is sealed for this agent is bound to its id before it exists. */
  readonly id: string;
  readonly tenant: string;
  readonly name: string;
  readonly host: string;
  readonly spec: AgentSpec;
  /** Sealed already; keyed by secret name. Kept with the tenant. */
  readonly secrets: Readonly<Record<string, StoredSecret>>;
  /** Sealed credentials of the agent itself. */
  readonly sealedCredentials: string;
}

export interface StoredSecret {
  readonly sealed: string;
  /** Part of what the value is sealed with; goes up by one with each new value, 1 is the first. */
  readonly version: number;
}

export interface SpecChange {
  readonly spec: AgentSpec;
  /** The generation that the new spec was made from. */
  readonly expectedGeneration: number;
  /** New values of the tenant's secrets, written in the same transaction; keyed by secret name. */
  readonly secrets: Readonly<Record<string, StoredSecret>>;
}

export interface AgentQuery {
  readonly tenant?: string | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
  readonly deleted: boolean;
}

export interface NewEvent {
  readonly agentId: string;
  readonly type: EventView['type'];
  readonly reason: string;
  readonly message: string;
  readonly time: number;
}

/**
 * The memory of the control plane. Every method is one transaction. Changes are compare-and-set, so that two writers
 * never overwrite each other unseen.
 */
export interface Store {
  /** `reachable` means a statement was executed just now. */
  ping(): Promise<void>;

  /**
   * Makes the agent, and the tenant when it is its first. Throws `conflict`/`NameTaken` when an agent of that name is
   * alive, `conflict`/`HostTaken` naming the other agent when its host would be the same.
   */
  createAgent(agent: NewAgent, now: number): Promise<Agent>;
  getAgent(id: string): Promise<Agent | undefined>;
  /** Living agents first; with `deleted`, the newest deleted one of that name if none is alive. */
  findAgent(ref: { tenant: string; agent: string }, options?: { deleted?: boolean }): Promise<Agent | undefined>;
  listAgents(query: AgentQuery): Promise<{ items: readonly Agent[]; nextCursor: string | undefined }>;
  /** Every agent that is alive or being deleted: what the controller looks after. */
  listManaged(): Promise<readonly Agent[]>;
  /** Ids of all agents, those that were deleted and can be brought back among them. */
  knownAgents(): Promise<ReadonlySet<string>>;
  listTenants(): Promise<readonly { id: string; name: string; createdAt: string; agents: readonly string[] }[]>;

  /** New spec, generation + 1. Throws `conflict`/`Changed` when `expectedGeneration` is no longer the present one. */
  updateSpec(id: string, change: SpecChange, now: number): Promise<Agent>;
  requestRestart(id: string, now: number): Promise<Agent>;
  requestDeletion(id: string, purge: boolean, now: number): Promise<Agent>;
  /**
   * The engine holds nothing more of it: its name and host are free again. With purge, its row goes too, and the
   * secret that its spec's `model.key` names (the names of such secrets carry the agent's id, nobody shares them).
   */
  finishDeletion(id: string, now: number): Promise<void>;
  /** Brings a deleted agent back with its data. Throws `conflict` when the name or host was taken meanwhile. */
  undelete(id: string, now: number): Promise<Agent>;

  saveStatus(id: string, status: AgentStatus): Promise<void>;
  /** Merges these facts into what is recorded, key by key, so that a restart asked for meanwhile is not lost. */
  saveRecorded(id: string, facts: Partial<Recorded>): Promise<void>;

  /** The lowest block free for this agent, in the same transaction; the one it has, when it has one. */
  reserveBlock(id: string, supernet: string, foreign: readonly string[]): Promise<Block>;
  releaseBlock(id: string): Promise<void>;

  getCredentials(id: string): Promise<string>;
  /** Of the agent's tenant. */
  getSecret(tenantId: string, name: string): Promise<StoredSecret | undefined>;

  /** A repeat of the newest event of that agent (same reason and message) is counted, not added. */
  addEvent(event: NewEvent): Promise<void>;
  /** Newest first. */
  listEvents(agentId: string, limit: number): Promise<readonly Omit<EventView, 'agent'>[]>;

  /** The answer once given to this key; `conflict`/`KeyReused` when the request was another. Kept 24 h. */
  recallIdempotent(key: string, requestHash: string, now: number): Promise<string | undefined>;
  rememberIdempotent(key: string, requestHash: string, agentId: string, now: number): Promise<void>;

  getSetting(name: string): Promise<string | undefined>;
  putSetting(name: string, value: string): Promise<void>;
}
