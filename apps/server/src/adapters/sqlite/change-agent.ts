import { type Agent, AppError, pendingRestart, type Recorded, refOf } from '@agentpod/core';
import type { Transaction } from 'kysely';
import type { SpecChange } from '../../ports/store.ts';
import { requireAgent, toJson } from './agent-rows.ts';
import { putSecrets } from './secrets.ts';
import type { Tables } from './tables.ts';

export async function updateSpec(tx: Transaction<Tables>, id: string, change: SpecChange, now: number): Promise<Agent> {
  const { spec, expectedGeneration, secrets } = change;
  const { numUpdatedRows } = await tx
    .updateTable('agents')
    .set({ spec: toJson(spec), generation: expectedGeneration + 1 })
    .where('id', '=', id)
    .where('generation', '=', expectedGeneration)
    .executeTakeFirstOrThrow();
  const agent = await requireAgent(tx, id);
  if (numUpdatedRows === 0n) {
    throw new AppError(
      'conflict',
      'Changed',
      `${refOf(agent)} was changed meanwhile: it is at generation ${agent.generation}, not ${expectedGeneration}`,
      { remedy: 'Read it again and repeat the change.' },
    );
  }
  await putSecrets(tx, { tenantId: agent.tenantId, secrets, now });
  return agent;
}

/** Restarts from before the one that was asked for are forgiven, also when they come from an older reading. */
export function mergeFacts(before: Recorded, facts: Partial<Recorded>): Recorded {
  const merged = { ...before, ...facts };
  const since = pendingRestart(merged) ?? 0;
  return { ...merged, restarts: merged.restarts.filter(({ at }) => at >= since) };
}

export async function writeRecorded(tx: Transaction<Tables>, id: string, recorded: Recorded): Promise<void> {
  await tx
    .updateTable('agents')
    .set({ recorded: toJson(recorded) })
    .where('id', '=', id)
    .execute();
}
