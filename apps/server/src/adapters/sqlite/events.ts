import type { EventView } from '@agentpod/core';
import type { Kysely, Transaction } from 'kysely';
import type { NewEvent } from '../../ports/store.ts';
import { toIso } from './agent-rows.ts';
import type { Tables } from './tables.ts';

export async function addEvent(tx: Transaction<Tables>, event: NewEvent): Promise<void> {
  const { agentId, time, type, reason, message } = event;
  const agent = await tx.selectFrom('agents').select('id').where('id', '=', agentId).executeTakeFirst();
  // The last event of a purge comes when there is nothing left to tell it of.
  if (!agent) return;
  const newest = await newestFirst(tx, agentId).limit(1).executeTakeFirst();
  if (newest?.reason === reason && newest.message === message) {
    await tx
      .updateTable('events')
      .set((eb) => ({ time, count: eb('count', '+', 1) }))
      .where('id', '=', newest.id)
      .execute();
  } else {
    await tx.insertInto('events').values({ agent_id: agentId, time, type, reason, message, count: 1 }).execute();
  }
}

export async function listEvents(
  db: Kysely<Tables>,
  agentId: string,
  limit: number,
): Promise<readonly Omit<EventView, 'agent'>[]> {
  const rows = await newestFirst(db, agentId).limit(limit).execute();
  return rows.map(({ id, time, type, reason, message, count }) => ({
    id,
    time: toIso(time),
    type,
    reason,
    message,
    count,
  }));
}

function newestFirst(db: Kysely<Tables>, agentId: string) {
  return db.selectFrom('events').selectAll().where('agent_id', '=', agentId).orderBy('id', 'desc');
}
