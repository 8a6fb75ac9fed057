import { AppError } from '@agentpod/core';
import type { Kysely, Transaction } from 'kysely';
import type { Tables } from './tables.ts';

const keptMs = 24 * 3600_000;

export async function recallIdempotent(
  db: Kysely<Tables>,
  request: { key: string; requestHash: string; now: number },
): Promise<string | undefined> {
  const row = await db
    .selectFrom('idempotency')
    .select(['request_hash', 'agent_id'])
    .where('key', '=', request.key)
    .where('created_at', '>', request.now - keptMs)
    .executeTakeFirst();
  if (row && row.request_hash !== request.requestHash) {
    throw new AppError('conflict', 'KeyReused', 'this idempotency key was used for another request', {
      remedy: 'Use a new key for every request that is not a repetition.',
    });
  }
  return row?.agent_id;
}

/** The first answer stays. Also the moment to forget what nobody will ask for again. */
export async function rememberIdempotent(
  tx: Transaction<Tables>,
  request: { key: string; requestHash: string; agentId: string; now: number },
): Promise<void> {
  await tx
    .deleteFrom('idempotency')
    .where('created_at', '<=', request.now - keptMs)
    .execute();
  const remembered = await recallIdempotent(tx, request);
  if (remembered !== undefined) return;
  await tx
    .insertInto('idempotency')
    .values({
      key: request.key,
      request_hash: request.requestHash,
      agent_id: request.agentId,
      created_at: request.now,
    })
    .execute();
}
