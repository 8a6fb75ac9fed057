import {
  type Agent,
  type AgentStatus,
  AppError,
  type Block,
  type EventView,
  nextFreeBlock,
  type Recorded,
} from '@agentpod/core';
import { sql } from 'kysely';
import type { AgentQuery, NewAgent, NewEvent, SpecChange, Store, StoredSecret } from '../../ports/store.ts';
import { findAgentById, requireAgent, selectAgents, toAgent, toIso, toJson } from './agent-rows.ts';
import { createAgent } from './create-agent.ts';
import { type Database, openDatabase } from './database.ts';
import { finishDeletion, requestDeletion, undelete } from './delete-agent.ts';
import { addEvent, listEvents } from './events.ts';
import { recallIdempotent, rememberIdempotent } from './idempotency.ts';
import { listAgents } from './list-agents.ts';
import { mergeFacts, updateSpec, writeRecorded } from './change-agent.ts';

/** Opens the store in a file or `:memory:`; the database is shared with the accounts. Throws as `openDatabase` does. */
export async function openSqliteStore(
  path: string,
): Promise<{ store: Store; database: Database; close: () => Promise<void> }> {
  const database = await openDatabase(path);
  return { store: new SqliteStore(database), database, close: () => database.close() };
}

export class SqliteStore implements Store {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async ping(): Promise<void> {
    await sql`select 1`.execute(this.#database.query);
  }

  async createAgent(agent: NewAgent, now: number): Promise<Agent> {
    return this.#database.transact((tx) => createAgent(tx, agent, now));
  }

  async getAgent(id: string): Promise<Agent | undefined> {
    return findAgentById(this.#database.query, id);
  }

  async findAgent(
    ref: { tenant: string; agent: string },
    options: { deleted?: boolean } = {},
  ): Promise<Agent | undefined> {
    let rows = selectAgents(this.#database.query)
      .where('tenants.name', '=', ref.tenant)
      .where('agents.name', '=', ref.agent)
      .orderBy('agents.deleted_at', (order) => order.desc().nullsFirst())
      .orderBy('agents.id', 'desc');
    if (options.deleted !== true) rows = rows.where('agents.deleted_at', 'is', null);
    const row = await rows.executeTakeFirst();
    return row && toAgent(row);
  }

  async listAgents(query: AgentQuery): Promise<{ items: readonly Agent[]; nextCursor: string | undefined }> {
    return listAgents(this.#database.query, query);
  }

  async listManaged(): Promise<readonly Agent[]> {
    const rows = await selectAgents(this.#database.query)
      .where((eb) => eb.or([eb('agents.deleted_at', 'is', null), eb('agents.purge', '=', 1)]))
      .orderBy('agents.id')
      .execute();
    return rows.map(toAgent);
  }

  async knownAgents(): Promise<ReadonlySet<string>> {
    const rows = await this.#database.query.selectFrom('agents').select('id').execute();
    return new Set(rows.map(({ id }) => id));
  }

  async listTenants(): Promise<readonly { id: string; name: string; createdAt: string; agents: readonly string[] }[]> {
    const rows = await this.#database.query
      .selectFrom('tenants')
      .innerJoin('agents', 'agents.tenant_id', 'tenants.id')
      .where('tenants.deleted_at', 'is', null)
      .where('agents.deleted_at', 'is', null)
      .select(['tenants.id', 'tenants.name', 'tenants.created_at', 'agents.name as agent'])
      .orderBy('tenants.name')
      .orderBy('agents.name')
      .execute();
    return [...Map.groupBy(rows, ({ id }) => id).values()].flatMap((group) => {
      const [tenant] = group;
      if (!tenant) return [];
      const agents = group.map(({ agent }) => agent);
      return [{ id: tenant.id, name: tenant.name, createdAt: toIso(tenant.created_at), agents }];
    });
  }

  async updateSpec(id: string, change: SpecChange, now: number): Promise<Agent> {
    return this.#database.transact((tx) => updateSpec(tx, id, change, now));
  }

  async requestRestart(id: string, now: number): Promise<Agent> {
    return this.#database.transact(async (tx) => {
      const { recorded } = await requireAgent(tx, id);
      await writeRecorded(tx, id, { ...recorded, restarts: [], restartRequestedAt: now });
      return requireAgent(tx, id);
    });
  }

  async requestDeletion(id: string, purge: boolean, now: number): Promise<Agent> {
    return this.#database.transact((tx) => requestDeletion(tx, id, purge, now));
  }

  async finishDeletion(id: string, now: number): Promise<void> {
    await this.#database.transact((tx) => finishDeletion(tx, id, now));
  }

  async undelete(id: string): Promise<Agent> {
    return this.#database.transact((tx) => undelete(tx, id));
  }

  /** Of an agent that was purged meanwhile nothing is kept. */
  async saveStatus(id: string, status: AgentStatus): Promise<void> {
    const text = toJson(status);
    await this.#database.query
      .updateTable('agents')
      .set({ status: text })
      .where('id', '=', id)
      .where('status', '!=', text)
      .execute();
  }

  async saveRecorded(id: string, facts: Partial<Recorded>): Promise<void> {
    await this.#database.transact(async (tx) => {
      const { recorded } = await requireAgent(tx, id);
      await writeRecorded(tx, id, mergeFacts(recorded, facts));
    });
  }

  async reserveBlock(id: string, supernet: string, foreign: readonly string[]): Promise<Block> {
    return this.#database.transact(async (tx) => {
      const agent = await requireAgent(tx, id);
      if (agent.block) return agent.block;
      const taken = await tx.selectFrom('blocks').select('subnet').execute();
      const block = nextFreeBlock(supernet, new Set(taken.map(({ subnet }) => subnet)), foreign);
      await tx
        .insertInto('blocks')
        .values({ agent_id: id, ...block })
        .execute();
      return block;
    });
  }

  async releaseBlock(id: string): Promise<void> {
    await this.#database.query.deleteFrom('blocks').where('agent_id', '=', id).execute();
  }

  async getCredentials(id: string): Promise<string> {
    const row = await this.#database.query
      .selectFrom('credentials')
      .select('sealed')
      .where('agent_id', '=', id)
      .executeTakeFirst();
    if (!row) throw new AppError('not-found', 'AgentNotFound', `there is no agent with id ${id}`);
    return row.sealed;
  }

  async getSecret(tenantId: string, name: string): Promise<StoredSecret | undefined> {
    const row = await this.#database.query
      .selectFrom('secrets')
      .select(['sealed', 'version'])
      .where('tenant_id', '=', tenantId)
      .where('name', '=', name)
      .executeTakeFirst();
    return row && { sealed: row.sealed, version: row.version };
  }

  async addEvent(event: NewEvent): Promise<void> {
    await this.#database.transact((tx) => addEvent(tx, event));
  }

  async listEvents(agentId: string, limit: number): Promise<readonly Omit<EventView, 'agent'>[]> {
    return listEvents(this.#database.query, agentId, limit);
  }

  async recallIdempotent(key: string, requestHash: string, now: number): Promise<string | undefined> {
    return recallIdempotent(this.#database.query, { key, requestHash, now });
  }

  async rememberIdempotent(key: string, requestHash: string, agentId: string, now: number): Promise<void> {
    await this.#database.transact((tx) => rememberIdempotent(tx, { key, requestHash, agentId, now }));
  }

  async getSetting(name: string): Promise<string | undefined> {
    const row = await this.#database.query
      .selectFrom('settings')
      .select('value')
      .where('name', '=', name)
      .executeTakeFirst();
    return row?.value;
  }

  async putSetting(name: string, value: string): Promise<void> {
    await this.#database.query
      .insertInto('settings')
      .values({ name, value })
      .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
      .execute();
  }
}
