import { type Agent, AppError, engineNames, sampleLevels } from '@agentpod/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SqliteHistory } from '../../adapters/sqlite/sqlite-history.ts';
import { openSqliteStore } from '../../adapters/sqlite/sqlite-store.ts';
import type { HistoryStore } from '../../ports/history-store.ts';
import type { InstanceUsage } from '../../ports/runtime.ts';
import type { Store } from '../../ports/store.ts';
import { aNewAgent } from '../../testing/builders.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { Sampler } from './sampler.ts';

const second = 1000;
const minute = 60 * second;
const kib = 1024;

let clock: FakeClock;
let t0: number;
let store: Store;
let history: HistoryStore;
let close: () => Promise<void>;
let errors: string[];
let sampler: Sampler;
/** By name of the instance; what is not there does not run. */
let engine: Map<string, () => InstanceUsage | Promise<InstanceUsage>>;
/** `undefined`: the engine cannot tell. */
let volumes: Map<string, number> | undefined;
let calls: { usage: number; volumeSizes: number; atOnce: number; most: number };
beforeEach(async () => {
  clock = new FakeClock();
  t0 = clock.now();
  const opened = await openSqliteStore(':memory:');
  ({ store, close } = opened);
  history = new SqliteHistory(opened.database);
  errors = [];
  engine = new Map();
  volumes = new Map();
  calls = { usage: 0, volumeSizes: 0, atOnce: 0, most: 0 };
  sampler = new Sampler({
    runtime: {
      usage: async (name) => {
        calls.usage += 1;
        calls.most = Math.max(calls.most, ++calls.atOnce);
        await Promise.resolve();
        calls.atOnce -= 1;
        const answer = engine.get(name);
        if (!answer) throw new AppError('not-found', 'NotRunning', `${name} does not run`);
        return answer();
      },
      volumeSizes: async () => {
        calls.volumeSizes += 1;
        if (!volumes) throw new AppError('unavailable', 'RuntimeFailed', 'already measuring');
        return volumes;
      },
    },
    store,
    history,
    clock,
    random: () => 0.5,
    onError: (what, { reason }) => errors.push(`${what}: ${reason}`),
  });
});
afterEach(async () => {
  await sampler.stop();
  await close();
});

async function makeRunning(tenant: string, startedAt = clock.now()): Promise<Agent> {
  const { id } = await store.createAgent(aNewAgent({ tenant }), clock.now());
  await store.saveStatus(id, {
    observedGeneration: 1,
    conditions: [],
    instance: {
      name: `agentpod-${tenant}`,
      state: 'running',
      startedAt: new Date(startedAt).toISOString(),
      image: 'x',
      restarts: 0,
    },
  });
  return (await store.getAgent(id)) as Agent;
}
/** Uses so much of a core from its start on. */
const busy =
  (cores: number, memoryBytes: number, startedAt = clock.now()) =>
  (): InstanceUsage => ({
    cpuMs: (clock.now() - startedAt) * cores,
    memoryBytes,
  });
const samplesOf = async ({ id }: Agent) =>
  history.samples(id, sampleLevels[0], { from: t0 - minute, to: clock.now() + 1 });

describe('a sweep', () => {
  test('measures what every running agent uses, twice a minute', async () => {
    const [one, two] = [await makeRunning('one'), await makeRunning('two')];
    engine.set('agentpod-one', busy(0.25, 100 * kib));
    engine.set('agentpod-two', busy(1.5, 200 * kib));
    sampler.start();
    await clock.advance(2 * minute + second);
    expect((await samplesOf(one)).map(({ at }) => (at - t0) / second)).toEqual([30, 60, 90, 120]);
    expect((await samplesOf(one))[0]).toMatchObject({ cpuAverage: 0.25, memoryAverageBytes: 100 * kib });
    expect((await samplesOf(two))[3]).toMatchObject({ cpuAverage: 1.5, memoryAverageBytes: 200 * kib });
    expect(sampler.usageOf(two)).toEqual({
      cpuFraction: 1.5,
      memoryBytes: 200 * kib,
      memoryLimitBytes: two.spec.resources.memoryBytes,
    });
  });

  test('leaves those alone that do not run, and forgets what they used', async () => {
    const agent = await makeRunning('one');
    engine.set('agentpod-one', busy(1, kib));
    sampler.start();
    await clock.advance(minute + second);
    expect(sampler.usageOf(agent)).toBeDefined();
    await store.saveStatus(agent.id, { observedGeneration: 1, conditions: [] });
    const before = calls.usage;
    await clock.advance(minute);
    expect(calls.usage).toBe(before);
    expect(sampler.usageOf(agent)).toBeUndefined();
  });

  test('of a container that was started anew begins anew: no time below zero, none of the old run', async () => {
    const agent = await makeRunning('one');
    engine.set('agentpod-one', busy(1, kib));
    sampler.start();
    await clock.advance(minute + second);
    // The engine restarted it by itself, and nobody noticed yet.
    engine.set('agentpod-one', busy(0.5, kib));
    await clock.advance(minute);
    expect((await samplesOf(agent)).map(({ cpuAverage }) => cpuAverage)).toEqual([1, 1, 0.5]);
  });

  test('asks a few at a time', async () => {
    for (let i = 0; i < 30; i++) {
      await makeRunning(`t${i}`);
      engine.set(`agentpod-t${i}`, busy(1, kib));
    }
    sampler.start();
    await clock.advance(second);
    expect(calls).toMatchObject({ usage: 30, most: 16 });
  });

  test('one container that cannot be read costs the others nothing', async () => {
    const [bad, good] = [await makeRunning('bad'), await makeRunning('good')];
    engine.set('agentpod-bad', () => {
      throw new AppError('unavailable', 'EngineTimeout', 'slow');
    });
    engine.set('agentpod-good', busy(1, kib));
    sampler.start();
    await clock.advance(5 * minute);
    expect(await samplesOf(bad)).toEqual([]);
    expect((await samplesOf(good)).length).toBeGreaterThan(8);
    expect(errors).toEqual(['usage: EngineTimeout']);
  });

  test('one that ended in between is no failure', async () => {
    await makeRunning('gone');
    sampler.start();
    await clock.advance(minute);
    expect(errors).toEqual([]);
  });

  test('an engine that is away is not asked once for every agent, and is used again when it is back', async () => {
    for (let i = 0; i < 60; i++) {
      await makeRunning(`t${i}`);
      engine.set(`agentpod-t${i}`, () => {
        throw new AppError('unavailable', 'EngineUnreachable', 'away');
      });
    }
    sampler.start();
    await clock.advance(minute + second);
    expect(calls.usage).toBeLessThan(3 * 20);
    expect(errors).toEqual(['usage: EngineUnreachable']);
    for (const name of engine.keys()) engine.set(name, busy(1, kib));
    await clock.advance(minute);
    const [first] = await store.listManaged();
    expect(first && (await samplesOf(first)).length).toBeGreaterThan(0);
  });

  test('numbers that are old are not shown as those of now', async () => {
    const agent = await makeRunning('one');
    engine.set('agentpod-one', busy(1, kib));
    sampler.start();
    await clock.advance(minute);
    engine.set('agentpod-one', () => {
      throw new AppError('unavailable', 'EngineUnreachable', 'away');
    });
    await clock.advance(2 * minute);
    expect(sampler.usageOf(agent)).toBeUndefined();
  });
});

describe('disk', () => {
  test('is measured every ten minutes: both volumes of an agent together', async () => {
    const agent = await makeRunning('one');
    const names = engineNames(agent.id);
    engine.set('agentpod-one', busy(0, kib));
    volumes = new Map([
      [names.state, 5000 * kib],
      [names.config, 3 * kib],
      ['somebody-elses', 9],
    ]);
    sampler.start();
    await clock.advance(31 * minute);
    expect(calls.volumeSizes).toBe(4);
    expect(sampler.usageOf(agent)).toMatchObject({ diskBytes: 5003 * kib });
    const measured = (await samplesOf(agent)).flatMap(({ diskBytes }) => (diskBytes === undefined ? [] : [diskBytes]));
    expect(measured).toEqual(Array(4).fill(5003 * kib));
  });

  test('that cannot be measured is told once and leaves the rest alone', async () => {
    const agent = await makeRunning('one');
    engine.set('agentpod-one', busy(1, kib));
    volumes = undefined;
    sampler.start();
    await clock.advance(32 * minute);
    expect(errors).toEqual(['disk usage: RuntimeFailed']);
    expect(sampler.usageOf(agent)).not.toHaveProperty('diskBytes');
    expect((await samplesOf(agent)).length).toBeGreaterThan(60);
  });
});
