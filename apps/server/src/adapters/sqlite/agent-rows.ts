import { type Agent, AgentSpec, AgentStatus, AppError, canonicalJson, Recorded } from '@agentpod/core';
import type { Kysely } from 'kysely';
import type { Tables } from './tables.ts';

/** Agents with tenant name and block, to be narrowed by the caller. */
export function selectAgents(db: Kysely<Tables>) {
  return db
    .selectFrom('agents')
    .innerJoin('tenants', 'tenants.id', 'agents.tenant_id')
    .leftJoin('blocks', 'blocks.agent_id', 'agents.id')
    .selectAll('agents')
    .select(['tenants.name as tenant', 'blocks.subnet', 'blocks.gateway', 'blocks.address']);
}

type AgentRow = Awaited<ReturnType<ReturnType<typeof selectAgents>['executeTakeFirstOrThrow']>>;

export async function findAgentById(db: Kysely<Tables>, id: string): Promise<Agent | undefined> {
  const row = await selectAgents(db).where('agents.id', '=', id).executeTakeFirst();
  return row && toAgent(row);
}

export async function requireAgent(db: Kysely<Tables>, id: string): Promise<Agent> {
  const agent = await findAgentById(db, id);
  if (!agent) throw new AppError('not-found', 'AgentNotFound', `there is no agent with id ${id}`);
  return agent;
}

export function toAgent(row: AgentRow): Agent {
  const { subnet, gateway, address } = row;
  return {
    id: row.id,
    tenantId: row.tenant_id,
    tenant: row.tenant,
    name: row.name,
    host: row.host,
    generation: row.generation,
    createdAt: toIso(row.created_at),
    block: subnet === null || gateway === null || address === null ? undefined : { subnet, gateway, address },
    deletion:
      row.deletion_requested_at === null
        ? undefined
        : { requestedAt: toIso(row.deletion_requested_at), purge: row.purge === 1 },
    spec: AgentSpec.parse(JSON.parse(row.spec)),
    recorded: Recorded.parse(JSON.parse(row.recorded)),
    status: AgentStatus.parse(JSON.parse(row.status)),
  };
}

/** The same value is always the same text, so that "unchanged" can be asked of the database. */
export const toJson: (value: AgentSpec | Recorded | AgentStatus) => string = canonicalJson;

export function toIso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
