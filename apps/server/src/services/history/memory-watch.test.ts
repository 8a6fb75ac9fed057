import { type Agent, type AgentStatus, sampleLevels } from '@agentpod/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SqliteHistory } from '../../adapters/sqlite/sqlite-history.ts';
import { openSqliteStore } from '../../adapters/sqlite/sqlite-store.ts';
import type { HistoryStore } from '../../ports/history-store.ts';
import type { Store } from '../../ports/store.ts';
import { aNewAgent } from '../../testing/builders.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { MemoryWatch } from './memory-watch.ts';

const hour = 3_600_000;
const mib = 2 ** 20;

let clock: FakeClock;
let store: Store;
let history: HistoryStore;
let close: () => Promise<void>;
let changed: string[];
let watch: MemoryWatch;
beforeEach(async () => {
  clock = new FakeClock();
  const opened = await openSqliteStore(':memory:');
  ({ store, close } = opened);
  history = new SqliteHistory(opened.database);
  changed = [];
  watch = new MemoryWatch({ history, store, clock, changed: (id) => changed.push(id) });
});
afterEach(() => close());

const runningSince = (startedAt: number): AgentStatus => ({
  observedGeneration: 1,
  conditions: [],
  instance: { name: 'x', state: 'running', startedAt: new Date(startedAt).toISOString(), image: 'x', restarts: 0 },
});

async function makeAgent(tenant: string): Promise<Agent> {
  const agent = await store.createAgent(aNewAgent({ tenant }), clock.now());
  await store.saveStatus(agent.id, runningSince(clock.now()));
  return agent;
}

/** Samples of so many hours, with so many MiB more in each. */
async function live(agent: Agent, hours: number, mibPerHour: number): Promise<void> {
  const from = clock.now();
  for (let minute = 0; minute < hours * 60; minute += 5) {
    const memoryBytes = Math.round((600 + (mibPerHour * minute) / 60) * mib);
    await history.addSamples([
      { agentId: agent.id, at: from + minute * 60_000, cpuFraction: 0, memoryBytes, diskBytes: undefined },
    ]);
  }
  clock = new FakeClock(from + hours * hour);
  watch = new MemoryWatch({ history, store, clock, changed: (id) => changed.push(id) });
}

test('nothing is said before the first look: what was found before a restart of the control plane stands', async () => {
  const agent = await makeAgent('acme');
  expect(watch.findingsOf(agent.id)).toEqual([]);
  await watch.look();
  expect(watch.findingsOf(agent.id)).toMatchObject([{ type: 'MemoryStable', status: 'Unknown', reason: 'Measuring' }]);
});

test('an agent whose memory grows to its limit within a day is found, and the controller is told', async () => {
  const [leaking, steady] = [await makeAgent('leaking'), await makeAgent('steady')];
  const begin = clock;
  await live(leaking, 9, 90);
  const end = clock;
  clock = begin;
  await live(steady, 9, 0);
  expect(clock.now()).toBe(end.now());
  await history.compact(clock.now());
  await watch.look();
  expect(watch.findingsOf(leaking.id)).toMatchObject([
    { status: 'False', reason: 'MemoryGrowing', message: expect.stringContaining('in about 7 h') },
  ]);
  expect(watch.findingsOf(steady.id)).toMatchObject([{ status: 'True', reason: 'Steady' }]);
  expect(changed.toSorted()).toEqual([leaking.id, steady.id].toSorted());
  await watch.look();
  expect(changed).toHaveLength(2);
});

test('a restart takes the warning back at once, and the old run says nothing about the new one', async () => {
  const agent = await makeAgent('acme');
  await live(agent, 9, 90);
  await watch.look();
  expect(watch.findingsOf(agent.id)).toMatchObject([{ reason: 'MemoryGrowing' }]);
  const anew = runningSince(clock.now());
  await store.saveStatus(agent.id, anew);
  watch.statusSaved(agent, anew);
  expect(watch.findingsOf(agent.id)).toMatchObject([{ status: 'Unknown', reason: 'Measuring' }]);
  await watch.look();
  expect(watch.findingsOf(agent.id)).toMatchObject([{ status: 'Unknown', reason: 'Measuring' }]);
  // The samples of the old run are still there.
  const range = { from: 0, to: clock.now() };
  expect((await history.samples(agent.id, sampleLevels[1], range)).length).toBeGreaterThan(50);
});
