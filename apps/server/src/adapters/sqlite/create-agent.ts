import { randomUUIDv7 } from 'node:crypto';
import { type Agent, AppError, refOf } from '@agentpod/core';
import type { Transaction } from 'kysely';
import type { NewAgent } from '../../ports/store.ts';
import { requireAgent, selectAgents, toJson } from './agent-rows.ts';
import { putSecrets } from './secrets.ts';
import type { Tables } from './tables.ts';

export async function createAgent(tx: Transaction<Tables>, agent: NewAgent, now: number): Promise<Agent> {
  await requireFree(tx, agent);
  const { id } = agent;
  const tenantId = await livingTenant(tx, agent.tenant, now);
  await tx
    .insertInto('agents')
    .values({
      id,
      tenant_id: tenantId,
      name: agent.name,
      host: agent.host,
      spec: toJson(agent.spec),
      generation: 1,
      created_at: now,
      deletion_requested_at: null,
      purge: 0,
      deleted_at: null,
      recorded: toJson({ delivered: {}, restarts: [] }),
      status: toJson({ observedGeneration: 0, conditions: [] }),
    })
    .execute();
  await tx.insertInto('credentials').values({ agent_id: id, sealed: agent.sealedCredentials }).execute();
  await putSecrets(tx, { tenantId, secrets: agent.secrets, now });
  return requireAgent(tx, id);
}

/** Throws `conflict`/`NameTaken` or `conflict`/`HostTaken`. An agent keeps both until its deletion is finished. */
export async function requireFree(
  tx: Transaction<Tables>,
  wanted: Pick<NewAgent, 'tenant' | 'name' | 'host'>,
): Promise<void> {
  const holders = await selectAgents(tx)
    .where('agents.deleted_at', 'is', null)
    .where((eb) =>
      eb.or([
        eb('agents.host', '=', wanted.host),
        eb.and([eb('tenants.name', '=', wanted.tenant), eb('agents.name', '=', wanted.name)]),
      ]),
    )
    .execute();
  const namesake = holders.find(({ tenant, name }) => tenant === wanted.tenant && name === wanted.name);
  if (namesake) {
    const leaving = namesake.deletion_requested_at === null ? '' : ' and is still being deleted';
    throw new AppError('conflict', 'NameTaken', `the agent ${refOf(wanted)} exists already${leaving}`, {
      field: 'ref',
    });
  }
  const neighbour = holders[0];
  if (neighbour) {
    throw new AppError('conflict', 'HostTaken', `the host ${wanted.host} belongs to the agent ${refOf(neighbour)}`, {
      field: 'ref',
      remedy: 'Choose another name.',
    });
  }
}

/** A tenant whose agents were all deleted is no longer there: its name then means a new customer. */
async function livingTenant(tx: Transaction<Tables>, name: string, now: number): Promise<string> {
  const existing = await tx
    .selectFrom('tenants')
    .select('id')
    .where('name', '=', name)
    .where('deleted_at', 'is', null)
    .executeTakeFirst();
  if (existing) return existing.id;
  const id = randomUUIDv7();
  await tx.insertInto('tenants').values({ id, name, created_at: now, deleted_at: null }).execute();
  return id;
}
