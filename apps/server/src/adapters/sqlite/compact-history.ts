import { sampleLevels, timelineKeepMs } from '@agentpod/core';
import { type RawBuilder, sql } from 'kysely';
import type { Database } from './database.ts';
import { progressOf, setProgress } from './history-progress.ts';

/** A sweep that began before a step ended may be written a little after it. */
const lateMs = 60_000;
/** An agent that changes its state all the time must not fill the disk. */
const mostMarks = 20_000;

const [fine, middle, coarse] = sampleLevels;

/** In a few transactions, so that others get in between; each leaves things whole. */
export async function compact(database: Database, now: number): Promise<void> {
  await make(
    database,
    'samples_5m',
    middle.stepMs,
    now,
    (window) => sql`
    select agent, ${window.step(sql`at_seconds`)}, count(*),
      round(avg(cpu_thousandths)), max(cpu_thousandths), round(avg(memory_kib)), max(memory_kib), max(disk_kib)
    from samples_30s where at_seconds >= ${window.from} and at_seconds < ${window.to} group by 1, 2
  `,
  );
  await make(
    database,
    'samples_1h',
    coarse.stepMs,
    now,
    (window) => sql`
    select agent, ${window.step(sql`at_seconds`)}, sum(samples),
      round(1.0 * sum(cpu_average_thousandths * samples) / sum(samples)), max(cpu_maximum_thousandths),
      round(1.0 * sum(memory_average_kib * samples) / sum(samples)), max(memory_maximum_kib), max(disk_kib)
    from samples_5m where at_seconds >= ${window.from} and at_seconds < ${window.to} group by 1, 2
  `,
  );
  await forget(database, now);
}

interface Window {
  readonly from: number;
  readonly to: number;
  /** The beginning of the step that a time lies in. */
  readonly step: (atSeconds: RawBuilder<unknown>) => RawBuilder<unknown>;
}

async function make(
  database: Database,
  table: 'samples_5m' | 'samples_1h',
  stepMs: number,
  now: number,
  select: (window: Window) => RawBuilder<unknown>,
): Promise<void> {
  const until = Math.floor((now - lateMs) / stepMs) * stepMs;
  await database.transact(async (tx) => {
    const made = (await progressOf(tx, table)) ?? 0;
    if (until <= made) return;
    const stepSeconds = sql.lit(stepMs / 1000);
    const window: Window = {
      from: made / 1000,
      to: until / 1000,
      step: (atSeconds) => sql`${atSeconds} / ${stepSeconds} * ${stepSeconds}`,
    };
    // Averages are whole, but of SQLite's floating type; a strict column takes those.
    await sql`insert or replace into ${sql.table(table)} ${select(window)}`.execute(tx);
    await setProgress(tx, table, until);
  });
}

async function forget(database: Database, now: number): Promise<void> {
  const before = (keepMs: number): number => Math.floor((now - keepMs) / 1000);
  await database.query.deleteFrom('samples_30s').where('at_seconds', '<', before(fine.keepMs)).execute();
  await database.transact(async (tx) => {
    const agents = await tx.selectFrom('history_agents').select('number').execute();
    for (const { number } of agents) {
      for (const { name, keepMs } of [middle, coarse]) {
        await tx
          .deleteFrom(`samples_${name}`)
          .where('agent', '=', number)
          .where('at_seconds', '<', before(keepMs))
          .execute();
      }
      // The mark that still holds at the limit stays, whatever its age.
      await sql`
        delete from state_marks where agent = ${number} and at < max(
          coalesce((select max(at) from state_marks where agent = ${number} and at <= ${now - timelineKeepMs}), 0),
          coalesce((select at from state_marks where agent = ${number} order by at desc limit 1 offset ${mostMarks}), 0)
        )
      `.execute(tx);
    }
  });
}
