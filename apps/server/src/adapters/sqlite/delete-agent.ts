import { type Agent, AppError, refOf } from '@agentpod/core';
import type { Transaction } from 'kysely';
import { findAgentById, requireAgent, toJson } from './agent-rows.ts';
import { requireFree } from './create-agent.ts';
import type { Tables } from './tables.ts';

/**
 * Asking again changes nothing, except that data which was to be kept may be given up. With `purge` a deleted agent is
 * managed once more, because its volumes still have to go.
 */
export async function requestDeletion(
  tx: Transaction<Tables>,
  id: string,
  purge: boolean,
  now: number,
): Promise<Agent> {
  const { deletion } = await requireAgent(tx, id);
  if (!deletion) {
    await tx
      .updateTable('agents')
      .set({ deletion_requested_at: now, purge: purge ? 1 : 0 })
      .where('id', '=', id)
      .execute();
  } else if (purge) {
    await tx.updateTable('agents').set({ purge: 1 }).where('id', '=', id).execute();
  }
  return requireAgent(tx, id);
}

export async function finishDeletion(tx: Transaction<Tables>, id: string, now: number): Promise<void> {
  const agent = await findAgentById(tx, id);
  if (!agent) return;
  if (!agent.deletion) {
    throw new AppError('conflict', 'Changed', `the deletion of ${refOf(agent)} was taken back`);
  }
  if (agent.block) {
    throw new AppError('conflict', 'BlockHeld', `${refOf(agent)} still holds the address ${agent.block.address}`);
  }
  if (agent.deletion.purge) {
    await tx.deleteFrom('idempotency').where('agent_id', '=', id).execute();
    await tx.deleteFrom('agents').where('id', '=', id).execute();
    await deleteOwnSecret(tx, agent);
  } else {
    await tx
      .updateTable('agents')
      .set({ deleted_at: now })
      .where('id', '=', id)
      .where('deleted_at', 'is', null)
      .execute();
  }
  await settleTenant(tx, agent.tenantId, now);
}

/** The model key belongs to this agent alone, although it is kept with the tenant. */
async function deleteOwnSecret(tx: Transaction<Tables>, { tenantId, spec }: Agent): Promise<void> {
  if (!spec.model.key) return;
  await tx.deleteFrom('secrets').where('tenant_id', '=', tenantId).where('name', '=', spec.model.key.secret).execute();
}

/** A tenant goes with its last agent: out of sight while one can be brought back, with its secrets when none can. */
async function settleTenant(tx: Transaction<Tables>, tenantId: string, now: number): Promise<void> {
  const agents = await tx.selectFrom('agents').select('deleted_at').where('tenant_id', '=', tenantId).execute();
  if (agents.length === 0) {
    await tx.deleteFrom('tenants').where('id', '=', tenantId).execute();
  } else if (agents.every(({ deleted_at }) => deleted_at !== null)) {
    await tx
      .updateTable('tenants')
      .set({ deleted_at: now })
      .where('id', '=', tenantId)
      .where('deleted_at', 'is', null)
      .execute();
  }
}

export async function undelete(tx: Transaction<Tables>, id: string): Promise<Agent> {
  const agent = await requireAgent(tx, id);
  if (!agent.deletion) return agent;
  if (agent.deletion.purge) {
    throw new AppError('conflict', 'BeingPurged', `the data of ${refOf(agent)} is being removed`);
  }
  await reviveTenant(tx, agent);
  const { deleted_at } = await tx
    .selectFrom('agents')
    .select('deleted_at')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  if (deleted_at !== null) await requireFree(tx, agent);

  const { image, stateVolumeCreatedAt, delivered } = agent.recorded;
  await tx
    .updateTable('agents')
    .set({
      deletion_requested_at: null,
      deleted_at: null,
      // The configuration went with the container; what lies in the state volume is still there.
      recorded: toJson({ image, stateVolumeCreatedAt, delivered: { state: delivered.state }, restarts: [] }),
      status: toJson({ observedGeneration: 0, conditions: [] }),
    })
    .where('id', '=', id)
    .execute();
  return requireAgent(tx, id);
}

async function reviveTenant(tx: Transaction<Tables>, agent: Agent): Promise<void> {
  const stranger = await tx
    .selectFrom('tenants')
    .select('id')
    .where('name', '=', agent.tenant)
    .where('deleted_at', 'is', null)
    .where('id', '!=', agent.tenantId)
    .executeTakeFirst();
  if (stranger) {
    throw new AppError('conflict', 'NameTaken', `the tenant ${agent.tenant} is another customer now`, {
      remedy: 'Delete the new one first.',
    });
  }
  await tx.updateTable('tenants').set({ deleted_at: null }).where('id', '=', agent.tenantId).execute();
}
