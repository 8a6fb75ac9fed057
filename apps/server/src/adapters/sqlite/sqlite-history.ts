import {
  AgentStateWord,
  presences,
  type SampleBucket,
  type SampleLevel,
  sampleLevels,
  type StateMark,
  type TimeRange,
} from '@agentpod/core';
import { type Kysely, sql, type Transaction } from 'kysely';
import { z } from 'zod';
import type { AgentMark, AgentSample, HistoryStore } from '../../ports/history-store.ts';
import type { Database } from './database.ts';
import { compact } from './compact-history.ts';
import { progressOf, setProgress } from './history-progress.ts';
import { coarseSamples, fineSamples } from './history-samples.ts';
import type { Tables } from './tables.ts';

const Word = z.object({ state: AgentStateWord, presence: z.enum(presences) });

export class SqliteHistory implements HistoryStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async openMarks(): Promise<ReadonlyMap<string, StateMark>> {
    const rows = await selectMarks(this.#database.query)
      .select('history_agents.agent_id')
      .where('at', '=', (eb) =>
        eb
          .selectFrom('state_marks as newest')
          .select((inner) => inner.fn.max<number>('newest.at').as('at'))
          .whereRef('newest.agent', '=', 'history_agents.number'),
      )
      .execute();
    return new Map(rows.map((row) => [row.agent_id, toMark(row)]));
  }

  async addMarks(marks: readonly AgentMark[], watchedUntil?: number): Promise<void> {
    await this.#database.transact(async (tx) => {
      await addAgents(tx, marks);
      const given = JSON.stringify(marks);
      await sql`
        insert or replace into state_marks (agent, at, state, presence, reason)
        select number, value ->> 'at', value ->> 'state', value ->> 'presence', value ->> 'reason'
        from json_each(${given}) join history_agents on agent_id = value ->> 'agentId'
      `.execute(tx);
      if (watchedUntil !== undefined) await setProgress(tx, 'watched', watchedUntil);
    });
  }

  async marks(agentId: string, { from, to }: TimeRange): Promise<readonly StateMark[]> {
    const ofAgent = selectMarks(this.#database.query).where('history_agents.agent_id', '=', agentId);
    const holding = await ofAgent.where('at', '<=', from).orderBy('at', 'desc').limit(1).execute();
    const within = await ofAgent.where('at', '>', from).where('at', '<', to).orderBy('at').execute();
    return [...holding, ...within].map(toMark);
  }

  async watchedUntil(): Promise<number | undefined> {
    return progressOf(this.#database.query, 'watched');
  }

  async addSamples(samples: readonly AgentSample[]): Promise<void> {
    const given = JSON.stringify(samples);
    await this.#database.transact(async (tx) => {
      await addAgents(tx, samples);
      await sql`
        insert or replace into samples_30s (at_seconds, agent, cpu_thousandths, memory_kib, disk_kib)
        select value ->> 'at' / 1000, number, cast(round(value ->> 'cpuFraction' * 1000) as integer),
          cast(round((value ->> 'memoryBytes') / 1024.0) as integer),
          cast(round((value ->> 'diskBytes') / 1024.0) as integer)
        from json_each(${given}) join history_agents on agent_id = value ->> 'agentId'
      `.execute(tx);
    });
  }

  async samples(agentId: string, level: SampleLevel, range: TimeRange): Promise<readonly SampleBucket[]> {
    const { query } = this.#database;
    if (level.name === '30s') return fineSamples(query, agentId, range);
    const finer = sampleLevels[sampleLevels.indexOf(level) - 1] ?? sampleLevels[0];
    const made = Math.max(range.from, (await progressOf(query, `samples_${level.name}`)) ?? 0);
    const ready = await coarseSamples(query, { agentId, level, from: range.from, to: Math.min(made, range.to) });
    return made < range.to ? [...ready, ...(await this.samples(agentId, finer, { from: made, to: range.to }))] : ready;
  }

  async compact(now: number): Promise<void> {
    await compact(this.#database, now);
  }
}

function selectMarks(db: Kysely<Tables>) {
  return db
    .selectFrom('state_marks')
    .innerJoin('history_agents', 'history_agents.number', 'state_marks.agent')
    .select(['at', 'state', 'presence', 'reason']);
}

function toMark({ at, reason, ...word }: { at: number; state: string; presence: string; reason: string }): StateMark {
  return { at, ...Word.parse(word), reason };
}

/** Those that exist: the last words about an agent may come after it was purged. */
async function addAgents(tx: Transaction<Tables>, about: readonly { readonly agentId: string }[]): Promise<void> {
  const ids = JSON.stringify(about.map(({ agentId }) => agentId));
  await sql`
    insert or ignore into history_agents (agent_id)
    select id from agents where id in (select value from json_each(${ids}))
  `.execute(tx);
}
