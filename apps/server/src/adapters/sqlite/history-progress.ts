import type { Kysely } from 'kysely';
import type { Tables } from './tables.ts';

export type Progress = 'watched' | 'samples_5m' | 'samples_1h';

/** Until when this was done; `undefined` when never. */
export async function progressOf(db: Kysely<Tables>, name: Progress): Promise<number | undefined> {
  const row = await db.selectFrom('history_progress').select('at').where('name', '=', name).executeTakeFirst();
  return row?.at;
}

export async function setProgress(db: Kysely<Tables>, name: Progress, at: number): Promise<void> {
  await db
    .insertInto('history_progress')
    .values({ name, at })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ at }))
    .execute();
}
