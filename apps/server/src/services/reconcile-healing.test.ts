import { type Agent, AppError, LoopProbe, type LoopView } from '@agentpod/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MemoryRuntime } from '../testing/memory-runtime.ts';
import { reconcileAgent, type ReconcileDeps } from './reconcile-agent.ts';
import { killedAt, ReconcileWorld, signal } from './reconcile-under-test.ts';

let world: ReconcileWorld;

beforeEach(async () => {
  world = await ReconcileWorld.open();
});
afterEach(() => world.close());

const nameOf = async (agent: Agent) => (await world.view(agent)).instances[0]?.name ?? '';
const phases = ['before', 'after'] as const;

/** Does something to an agent that answers, dies at the n-th call of what heals it, and starts anew; for every n. */
async function atEveryCall(
  phase: (typeof phases)[number],
  fault: (agent: Agent) => Promise<Partial<ReconcileDeps> | undefined>,
  check: (agent: Agent, n: number) => Promise<void>,
): Promise<number> {
  for (let n = 1; ; n++) {
    const agent = await world.createGood(`t${n}`);
    const changes = await fault(agent);
    const round = (runtime: MemoryRuntime) => reconcileAgent(agent.id, world.deps(runtime, changes), signal);
    const hit = await killedAt(world, n, phase, async (runtime) => {
      for (let count = 0; count < 4; count++) await round(runtime);
    });
    // The new process has its own probes: they saw nothing yet.
    await world.settle(agent.id);
    await check(agent, n);
    if (!hit) return n - 1;
  }
}

describe('killed at any call to the engine while it heals', () => {
  test.each(phases)('a hang (%s the call): one running instance, restarted and counted once', async (phase) => {
    const points = await atEveryCall(
      phase,
      async (agent) => {
        const loop: LoopView = { misses: 3, silentSince: world.now - 9000, cpu: { usedMs: 0, overMs: 5000 } };
        const target = { loop: LoopProbe.parse({ path: '/healthz', body: {} }) };
        const { targetOf } = world.deps(world.runtime());
        return {
          ...(await world.healthy(agent, { loop })),
          targetOf: async (one: Agent) => {
            const rendered = await targetOf(one);
            return rendered && { ...rendered, ...target };
          },
        };
      },
      async (agent, n) => {
        const { instances } = await world.view(agent);
        const { restarts } = (await world.stored(agent)).recorded;
        // Killed before anything was done, the new process knows of no hang: its own probes would tell it.
        const untouched = restarts.length === 0 && n === 1;
        expect({ n, states: instances.map(({ state }) => state) }).toEqual({ n, states: ['running'] });
        if (!untouched) expect({ n, reasons: restarts.map(({ reason }) => reason) }).toEqual({ n, reasons: ['Hung'] });
      },
    );
    expect(points).toBeGreaterThanOrEqual(3);
  });

  test.each(phases)('a crash (%s the call): started and counted once', async (phase) => {
    await atEveryCall(
      phase,
      async (agent) => {
        world.runtime().crash(await nameOf(agent), 1);
        return undefined;
      },
      async (agent, n) => {
        const { instances } = await world.view(agent);
        const { restarts } = (await world.stored(agent)).recorded;
        expect({ n, states: instances.map(({ state }) => state) }).toEqual({ n, states: ['running'] });
        expect({ n, restarts: restarts.length }).toEqual({ n, restarts: 1 });
      },
    );
  });

  test.each(phases)('a removed container (%s the call): made once, counted once, same data', async (phase) => {
    await atEveryCall(
      phase,
      async (agent) => {
        await world.runtime().removeInstance(await nameOf(agent), signal);
        return undefined;
      },
      async (agent, n) => {
        const { instances, volumes } = await world.view(agent);
        const { restarts } = (await world.stored(agent)).recorded;
        expect({ n, states: instances.map(({ state }) => state) }).toEqual({ n, states: ['running'] });
        expect({ n, restarts: restarts.map(({ reason }) => reason) }).toEqual({ n, restarts: ['InstanceGone'] });
        expect(volumes).toHaveLength(2);
      },
    );
  });

  test.each(phases)('a refused configuration (%s the call): the last good one runs', async (phase) => {
    await atEveryCall(
      phase,
      async (agent) => {
        const spec = { ...agent.spec, model: { provider: 'demo', name: 'bad' } };
        await world.store.updateSpec(agent.id, { spec, expectedGeneration: 1, secrets: {} }, world.now);
        await world.settle(agent.id);
        // Taken over by the running agent; what it is worth shows at the next start.
        const name = await nameOf(agent);
        world.runtime().crash(name, 1);
        await world.settle(agent.id);
        world.now += 1000;
        world.runtime().crash(name, 78);
        return undefined;
      },
      async (agent, n) => {
        const { instances } = await world.view(agent);
        expect({ n, states: instances.map(({ state }) => state) }).toEqual({ n, states: ['running'] });
        const stored = await world.stored(agent);
        expect({ n, rejected: stored.recorded.rejected }).toMatchObject({
          n,
          rejected: { generation: 2, reason: 'ConfigRefused' },
        });
        expect(stored.spec.model.name).toBe('bad');
        expect(stored.status.observedGeneration).toBe(1);
        const files = world.runtime().files(`agentpod-${instances[0]?.name.split('-')[1]}-config`);
        expect(files.get('config.json')?.content).not.toContain('bad');
      },
    );
  });
});

test('a configuration that was taken back is told with what it would have changed', async () => {
  const agent = await world.createGood();
  const spec = { ...agent.spec, plan: 'other', resources: { ...agent.spec.resources, cpus: 0.5 } };
  await world.store.updateSpec(agent.id, { spec, expectedGeneration: 1, secrets: {} }, world.now);
  await world.settle(agent.id);
  world.runtime().crash(await nameOf(agent), 78);
  await world.settle(agent.id);
  expect(await world.conditionOf(agent, 'Configured')).toMatchObject({ status: 'False', reason: 'ConfigRejected' });
  const events = await world.store.listEvents(agent.id, 50);
  const told = events.find(({ reason }) => reason === 'ConfigRejected');
  expect(told).toMatchObject({ type: 'warning' });
  expect(told?.message).toContain('resources.cpus: 1 → 0.5');
});

test('files that the agent itself refuses never reach it, and it goes on with the old ones', async () => {
  const agent = await world.createGood();
  const before = await world.view(agent);
  const spec = { ...agent.spec, model: { provider: 'demo', name: 'bad' } };
  await world.store.updateSpec(agent.id, { spec, expectedGeneration: 1, secrets: {} }, world.now);
  const runtime = world.runtime();
  runtime.validateFiles = async () => ({ ok: false, output: 'Unrecognized key: "bogus"' });
  const { targetOf } = world.deps(runtime);
  const checked: Partial<ReconcileDeps> = {
    ...(await world.healthy(agent)),
    targetOf: async (one) => {
      const rendered = await targetOf(one);
      return rendered && { ...rendered, validation: { command: ['check'] } };
    },
  };
  // The good configuration is on disk already, so that nothing is left to check or deliver.
  await world.settle(agent.id, runtime, checked);
  expect((await world.view(agent)).instances).toEqual(before.instances);
  expect(await world.conditionOf(agent, 'Ready')).toMatchObject({ status: 'True' });
  expect(await world.conditionOf(agent, 'Configured')).toMatchObject({ status: 'False', reason: 'ConfigRejected' });
  expect((await world.stored(agent)).recorded.rejected?.message).toContain('Unrecognized key');
});

test('an image that is being pulled is told while it comes', async () => {
  world.engine.images.clear();
  const agent = await world.create();
  const seen: string[] = [];
  const runtime = world.runtime();
  const { targetOf } = world.deps(runtime);
  await world.settle(agent.id, runtime, {
    targetOf: async (one) => {
      const rendered = await targetOf(one);
      return rendered && { ...rendered, imageReferences: { local: 'here:1', registry: 'registry.test/there:1' } };
    },
    changed: () => {
      void world.store.getAgent(agent.id).then((one) => {
        const ready = one?.status.conditions.find(({ type }) => type === 'Ready');
        if (ready) seen.push(`${ready.reason}: ${ready.message}`);
      });
    },
  });
  expect(seen).toContain('PullingImage: Getting the image: Downloaded');
  expect(await world.conditionOf(agent, 'Ready')).toMatchObject({ reason: 'Booting' });
});

test('an agent waits for its turn, and takes it only when it starts', async () => {
  const agent = await world.create();
  const taken: string[] = [];
  let open = false;
  const starts = { isOpen: () => open, take: (id: string) => taken.push(id), giveBack: () => undefined };
  await world.settle(agent.id, world.runtime(), { starts });
  expect((await world.view(agent)).instances).toMatchObject([{ state: 'created' }]);
  expect(await world.conditionOf(agent, 'Ready')).toMatchObject({ reason: 'Waiting' });
  expect(taken).toEqual([]);
  open = true;
  await world.settle(agent.id, world.runtime(), { starts });
  expect((await world.view(agent)).instances).toMatchObject([{ state: 'running' }]);
  expect(taken).toEqual([agent.id]);
});

test('an engine that fails in the middle of a restart is asked again, and the restart is counted once', async () => {
  const agent = await world.createGood();
  world.runtime().crash(await nameOf(agent), 1);
  const runtime = world.runtime();
  runtime.failNext('startInstance', new AppError('unavailable', 'EngineUnreachable', 'away'));
  expect(await world.settle(agent.id, runtime)).toBe('retry');
  await world.settle(agent.id, runtime);
  expect((await world.stored(agent)).recorded.restarts).toHaveLength(1);
  expect((await world.view(agent)).instances).toMatchObject([{ state: 'running' }]);
});

test('an agent that answers is not called down because new files could not be brought to it', async () => {
  const agent = await world.createGood();
  const spec = { ...agent.spec, model: { provider: 'demo', name: 'other' } };
  await world.store.updateSpec(agent.id, { spec, expectedGeneration: 1, secrets: {} }, world.now);
  const runtime = world.runtime();
  runtime.failNext('deliverFiles', new AppError('unavailable', 'HelperFailed', 'the helper failed'));
  expect(await world.settle(agent.id, runtime, await world.healthy(agent))).toBe('retry');
  expect(await world.conditionOf(agent, 'Ready')).toMatchObject({ status: 'True' });
  expect(await world.conditionOf(agent, 'Configured')).toMatchObject({ status: 'False', reason: 'HelperFailed' });
});

test('an agent that was stopped for a change is not called answering when the change fails after that', async () => {
  const agent = await world.createGood();
  const spec = { ...agent.spec, plan: 'other' };
  await world.store.updateSpec(agent.id, { spec, expectedGeneration: 1, secrets: {} }, world.now);
  const runtime = world.runtime();
  runtime.failNext('removeInstance', new AppError('unavailable', 'EngineUnreachable', 'away'));
  expect(await world.settle(agent.id, runtime, await world.healthy(agent))).toBe('retry');
  expect(await world.conditionOf(agent, 'Ready')).toMatchObject({ status: 'False', reason: 'EngineUnreachable' });
});
