import type { SampleBucket, SampleLevel, TimeRange } from '@agentpod/core';
import type { Kysely } from 'kysely';
import type { Tables } from './tables.ts';

const bytesPerKib = 1024;

/** As they were measured, each for its own. */
export async function fineSamples(db: Kysely<Tables>, agentId: string, range: TimeRange): Promise<SampleBucket[]> {
  const rows = await db
    .selectFrom('samples_30s')
    .select(['at_seconds', 'cpu_thousandths', 'memory_kib', 'disk_kib'])
    // The agent's number first: without it the whole range of everybody would be joined.
    .where('agent', '=', (eb) => eb.selectFrom('history_agents').select('number').where('agent_id', '=', agentId))
    .where('at_seconds', '>=', Math.floor(range.from / 1000))
    .where('at_seconds', '<', Math.ceil(range.to / 1000))
    .orderBy('at_seconds')
    .execute();
  return rows.map((row) => ({
    at: row.at_seconds * 1000,
    samples: 1,
    cpuAverage: row.cpu_thousandths / 1000,
    cpuMaximum: row.cpu_thousandths / 1000,
    memoryAverageBytes: row.memory_kib * bytesPerKib,
    memoryMaximumBytes: row.memory_kib * bytesPerKib,
    diskBytes: bytesOf(row.disk_kib),
  }));
}

/** Every one that touches the range. */
export async function coarseSamples(
  db: Kysely<Tables>,
  wanted: TimeRange & { readonly agentId: string; readonly level: Exclude<SampleLevel, { name: '30s' }> },
): Promise<SampleBucket[]> {
  const { agentId, level, from, to } = wanted;
  const rows = await db
    .selectFrom(`samples_${level.name}`)
    .selectAll()
    .where('agent', '=', (eb) => eb.selectFrom('history_agents').select('number').where('agent_id', '=', agentId))
    .where('at_seconds', '>=', (from - (from % level.stepMs)) / 1000)
    .where('at_seconds', '<', Math.ceil(to / 1000))
    .orderBy('at_seconds')
    .execute();
  return rows.map((row) => ({
    at: row.at_seconds * 1000,
    samples: row.samples,
    cpuAverage: row.cpu_average_thousandths / 1000,
    cpuMaximum: row.cpu_maximum_thousandths / 1000,
    memoryAverageBytes: row.memory_average_kib * bytesPerKib,
    memoryMaximumBytes: row.memory_maximum_kib * bytesPerKib,
    diskBytes: bytesOf(row.disk_kib),
  }));
}

function bytesOf(kib: number | null): number | undefined {
  return kib === null ? undefined : kib * bytesPerKib;
}
