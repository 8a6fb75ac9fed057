import { type Agent, type AgentStatus, AppError, toSegments } from '@agentpod/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SqliteHistory } from '../../adapters/sqlite/sqlite-history.ts';
import { openSqliteStore } from '../../adapters/sqlite/sqlite-store.ts';
import type { HistoryStore } from '../../ports/history-store.ts';
import type { Store } from '../../ports/store.ts';
import { aChange, aNewAgent, aSpec } from '../../testing/builders.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { StateRecorder } from './state-recorder.ts';

const second = 1000;
const minute = 60 * second;

let clock: FakeClock;
/** How far the time of day is ahead of the timers. */
let sleptMs: number;
let store: Store;
let history: HistoryStore;
let close: () => Promise<void>;
let t0: number;
let errors: AppError[];
let recorder: StateRecorder;
beforeEach(async () => {
  clock = new FakeClock();
  sleptMs = 0;
  t0 = clock.now();
  const opened = await openSqliteStore(':memory:');
  ({ store, close } = opened);
  history = new SqliteHistory(opened.database);
  errors = [];
  recorder = await started();
});
afterEach(async () => {
  await recorder.stop();
  await close();
});

async function started(by: HistoryStore = history): Promise<StateRecorder> {
  const made = new StateRecorder({
    history: by,
    store,
    clock: { now: () => clock.now() + sleptMs, after: (milliseconds, call) => clock.after(milliseconds, call) },
    random: () => 0.5,
    patienceMs: 90 * second,
    onError: (error) => errors.push(error),
  });
  await made.start();
  return made;
}

const statusOf = (ready: 'True' | 'False' | 'Unknown', reason: string): AgentStatus => ({
  observedGeneration: 1,
  conditions: (['Running', 'Healthy', 'Ready'] as const).map((type) => ({
    type,
    status: type === 'Healthy' && ready === 'False' ? 'False' : type === 'Ready' ? ready : 'True',
    reason,
    message: '',
    observedGeneration: 1,
    lastTransitionTime: '2026-11-01T00:00:00.000Z',
  })),
});
const answering = statusOf('True', 'Answering');
const down = statusOf('False', 'Exited');

async function makeAgent(tenant = 'acme'): Promise<Agent> {
  return store.createAgent(aNewAgent({ tenant }), clock.now());
}
/** As the controller does it, or only half of it. */
async function save(agent: Agent, status: AgentStatus, { heard = true } = {}): Promise<void> {
  await store.saveStatus(agent.id, status);
  if (heard) recorder.statusSaved((await store.getAgent(agent.id)) ?? agent, status);
}
/** Looks at these agents every 30 s for so long. */
async function watch(milliseconds: number, ...agents: readonly Agent[]): Promise<void> {
  for (let passed = 0; passed < milliseconds; passed += 30 * second) {
    for (const { id } of agents) recorder.looked(id);
    await clock.advance(30 * second);
  }
}
/** In seconds since the beginning. */
async function timeline(agent: Agent) {
  const range = { from: t0, to: clock.now() };
  const segments = toSegments(await history.marks(agent.id, range), range);
  return segments.map(({ from, to, presence, reason }) => [(from - t0) / second, (to - t0) / second, presence, reason]);
}

describe('while it runs', () => {
  test('every change of state is written down when its status is saved', async () => {
    const agent = await makeAgent();
    await save(agent, down);
    await clock.advance(10 * second);
    await save(agent, answering);
    await clock.advance(5 * second);
    await save(agent, answering);
    await clock.advance(5 * second);
    await save(agent, statusOf('False', 'OutOfMemory'));
    await clock.advance(5 * second);
    expect(await timeline(agent)).toEqual([
      [0, 10, 'down', 'Exited'],
      [10, 20, 'answering', 'Answering'],
      [20, 25, 'down', 'OutOfMemory'],
    ]);
  });

  test('an agent that waits for its turn is down from its creation on, not unknown', async () => {
    const agent = await makeAgent();
    await clock.advance(20 * second);
    await save(agent, down);
    await clock.advance(5 * second);
    expect(await timeline(agent)).toEqual([[0, 25, 'down', 'Exited']]);
    // One that was there before anything was recorded is not: nobody knows.
    const older = await store.createAgent(aNewAgent({ tenant: 'older' }), t0 - minute);
    await save(older, down);
    await clock.advance(5 * second);
    expect(await timeline(older)).toEqual([[25, 30, 'down', 'Exited']]);
  });

  test('a change that it was not told of is found at the next beat', async () => {
    const agent = await makeAgent();
    await save(agent, answering);
    await watch(minute, agent);
    await save(agent, down, { heard: false });
    await watch(minute, agent);
    expect(await timeline(agent)).toMatchObject([
      [0, expect.any(Number), 'answering', 'Answering'],
      [expect.any(Number), 120, 'down', 'Exited'],
    ]);
  });

  test('a person who stops an agent takes it out of the reckoning', async () => {
    const agent = await makeAgent();
    await save(agent, answering);
    await watch(minute, agent);
    await store.updateSpec(agent.id, aChange({ spec: aSpec({ suspended: true }) }), clock.now());
    await save(agent, statusOf('False', 'Suspended'));
    await watch(5 * minute, agent);
    expect(await timeline(agent)).toEqual([
      [0, 60, 'answering', 'Answering'],
      [60, 360, 'unwanted', 'Suspended'],
    ]);
  });

  test('an agent that answered and that nobody looks at any more is unknown from the last look on', async () => {
    const [watched, forgotten] = [await makeAgent('a'), await makeAgent('b')];
    await save(watched, answering);
    await save(forgotten, answering);
    await watch(2 * minute, watched, forgotten);
    await watch(5 * minute, watched);
    expect(await timeline(watched)).toEqual([[0, 420, 'answering', 'Answering']]);
    expect(await timeline(forgotten)).toEqual([
      [0, 90, 'answering', 'Answering'],
      [90, 420, 'unknown', 'NotWatched'],
    ]);
    // One that is down is not excused by that: it was seen down.
    const broken = await makeAgent('c');
    await save(broken, down);
    await watch(5 * minute);
    expect((await timeline(broken)).map(([, , presence]) => presence)).toEqual(['down']);
  });

  test('a machine that slept does not take the night for uptime', async () => {
    const agent = await makeAgent();
    await save(agent, answering);
    await watch(2 * minute, agent);
    // No timer fires while a machine sleeps, and then all do.
    sleptMs = 8 * 3600 * second;
    await watch(minute, agent);
    const range = { from: t0, to: clock.now() + sleptMs };
    const segments = toSegments(await history.marks(agent.id, range), range);
    expect(segments.map(({ from, to, presence }) => [from - t0, to - t0, presence])).toEqual([
      [0, 2 * minute, 'answering'],
      [2 * minute, 2 * minute + 30 * second + sleptMs, 'unknown'],
      [2 * minute + 30 * second + sleptMs, 3 * minute + sleptMs, 'answering'],
    ]);
  });
});

describe('over a restart of the control plane', () => {
  test('the time from its last heartbeat to the first look is unknown', async () => {
    const agent = await makeAgent();
    await save(agent, answering);
    await watch(2 * minute, agent);
    // Killed: nobody stops anything, its timers are gone.
    clock = new FakeClock(t0 + 10 * minute);
    recorder = await started();
    await clock.advance(5 * second);
    recorder.looked(agent.id);
    await watch(2 * minute, agent);
    expect(await timeline(agent)).toEqual([
      [0, 120, 'answering', 'Answering'],
      [120, expect.any(Number), 'unknown', 'NotWatched'],
      [expect.any(Number), 725, 'answering', 'Answering'],
    ]);
    const [, , back] = await timeline(agent);
    expect(Number(back?.[0])).toBeLessThanOrEqual(10 * 60 + 35);
  });

  test('probes that have not answered yet are no outage; one that is seen answering counts at once', async () => {
    const [slow, quick, broken] = [await makeAgent('a'), await makeAgent('b'), await makeAgent('c')];
    for (const agent of [slow, quick, broken]) await save(agent, answering);
    await watch(minute, slow, quick, broken);
    await recorder.stop();
    recorder = await started();
    const booting = statusOf('False', 'Booting');
    for (const agent of [slow, quick, broken]) await save(agent, booting);
    await clock.advance(2 * second);
    await save(quick, answering);
    await clock.advance(18 * second);
    await save(slow, answering);
    await watch(minute, slow, quick);
    const presences = async (agent: Agent) => (await timeline(agent)).map(([, , presence]) => presence);
    expect(await presences(quick)).toEqual(['answering', 'unknown', 'answering']);
    expect(await presences(slow)).toEqual(['answering', 'unknown', 'answering']);
    expect((await timeline(quick))[1]).toEqual([60, 62, 'unknown', 'NotWatched']);
    // Still not answering half a minute later: it is down, and was not up meanwhile.
    expect(await presences(broken)).toEqual(['answering', 'unknown', 'down']);
    expect(Number((await timeline(broken))[2]?.[0])).toBeLessThanOrEqual(92);
  });

  test('a control plane that is stopped in order leaves nothing unknown before its end', async () => {
    const agent = await makeAgent();
    await save(agent, answering);
    await watch(minute, agent);
    await clock.advance(10 * second);
    await recorder.stop();
    await clock.advance(50 * second);
    recorder = await started();
    await save(agent, answering);
    await clock.advance(second);
    expect((await timeline(agent)).map(([from]) => from)).toEqual([0, 70, 120]);
  });

  test('an agent made meanwhile, and one that is stopped, have no unknown time', async () => {
    const stopped = await makeAgent('a');
    await store.updateSpec(stopped.id, aChange({ spec: aSpec({ suspended: true }) }), clock.now());
    await save(stopped, statusOf('False', 'Suspended'));
    await watch(minute, stopped);
    await recorder.stop();
    await clock.advance(10 * minute);
    recorder = await started();
    const made = await makeAgent('b');
    await save(made, statusOf('False', 'Creating'));
    await watch(minute, stopped, made);
    expect((await timeline(stopped)).map(([, , presence]) => presence)).toEqual(['unwanted']);
    expect((await timeline(made)).map(([, , presence]) => presence)).toEqual(['down']);
  });
});

describe('when the database cannot be written', () => {
  test.each([
    ['before the next beat', 0],
    ['over many beats', 3 * minute],
  ])('a change is not lost, is told once, and is written when it can be: %s', async (_, brokenMs) => {
    await recorder.stop();
    let broken = false;
    recorder = await started({
      openMarks: () => history.openMarks(),
      watchedUntil: () => history.watchedUntil(),
      addMarks: async (...marks) => {
        if (broken) throw new AppError('unavailable', 'DatabaseUnwritable', 'the disk is full');
        return history.addMarks(...marks);
      },
    } as HistoryStore);
    const agent = await makeAgent();
    await save(agent, answering);
    await watch(minute, agent);
    broken = true;
    await save(agent, down);
    await clock.advance(1);
    await watch(brokenMs, agent);
    broken = false;
    await watch(minute, agent);
    const presences = (await timeline(agent)).map(([, , presence]) => presence);
    expect(presences.filter((presence) => presence !== 'unknown')).toEqual(['answering', 'down']);
    expect(errors.length).toBeLessThanOrEqual(2);
    expect(errors[0]).toMatchObject({ reason: 'DatabaseUnwritable' });
  });
});
