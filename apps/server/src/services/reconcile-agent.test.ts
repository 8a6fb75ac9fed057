import { type Agent, AppError, type EngineView, engineNames, type Health, type RouteView } from '@agentpod/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../ports/store.ts';
import type { MemoryEngine } from '../testing/memory-engine.ts';
import { reconcileAgent } from './reconcile-agent.ts';
import { image, killedAt, ReconcileWorld, signal, supernet } from './reconcile-under-test.ts';

let world: ReconcileWorld;
let store: Store;
let engine: MemoryEngine;

beforeEach(async () => {
  world = await ReconcileWorld.open();
  ({ store, engine } = world);
});

afterEach(() => world.close());

const settle: ReconcileWorld['settle'] = (...args) => world.settle(...args);
const create = (name?: string) => world.create(name);
const view = (agent: Agent) => world.view(agent);
const conditionOf = (agent: Agent, condition: string) => world.conditionOf(agent, condition);
const runtimeOf = () => world.runtime();

describe('a new agent', () => {
  test('becomes one running instance with network, volumes and files', async () => {
    const agent = await create();
    const runtime = runtimeOf();
    await settle(agent.id, runtime);
    const seen = await view(agent);
    expect(seen.instances).toMatchObject([{ state: 'running' }]);
    expect(seen.networks).toHaveLength(1);
    expect(seen.volumes).toHaveLength(2);
    expect([...runtime.files(engineNames(agent.id).config).keys()]).toEqual(['config.json']);
    expect(await conditionOf(agent, 'Running')).toMatchObject({ status: 'True' });
    expect(await conditionOf(agent, 'Ready')).toMatchObject({ status: 'False', reason: 'Booting' });
  });

  test('is Ready only once its probes and its route said so', async () => {
    const agent = await create();
    const runtime = runtimeOf();
    await settle(agent.id, runtime);
    const [instance] = (await view(agent)).instances;
    const health: Health = {
      instanceId: instance?.id ?? '',
      startedAt: instance?.startedAt,
      started: 'yes',
      rpc: 'yes',
      lookedSince: 0,
      detail: undefined,
    };
    const route: RouteView = { live: true, answers: 'yes', certificate: 'not-needed', detail: undefined };
    await settle(agent.id, runtime, { lastSeen: () => ({ health, route: { ...route, answers: 'no' }, aside: [] }) });
    expect(await conditionOf(agent, 'Ready')).toMatchObject({ status: 'False', reason: 'NotReachable' });
    await settle(agent.id, runtime, { lastSeen: () => ({ health, route, aside: [] }) });
    expect(await conditionOf(agent, 'Ready')).toMatchObject({ status: 'True' });
  });

  test('whose image is nowhere stalls with the command that builds it, and leaves the others alone', async () => {
    engine.images.delete(image);
    engine.registry = new Set();
    const agent = await create();
    expect(await settle(agent.id, runtimeOf())).toBe('stalled');
    expect(await conditionOf(agent, 'Stalled')).toMatchObject({ status: 'True', reason: 'ImageUnavailable' });
    expect((await conditionOf(agent, 'Ready'))?.message).toContain('agentpod image build openclaw 2026.9.6');
    expect((await view(agent)).instances).toEqual([]);
  });

  test('moves to other addresses when a stranger has its own', async () => {
    const agent = await create();
    await store.reserveBlock(agent.id, supernet, []);
    await settle(agent.id, runtimeOf(), { hostRoutes: async () => ['10.203.0.0/24'] });
    expect((await view(agent)).networks).toMatchObject([{ subnet: '10.203.1.0/29' }]);
  });
});

test('an engine that does not answer changes nothing and is not taken for an empty one', async () => {
  const agent = await create();
  const runtime = runtimeOf();
  await settle(agent.id, runtime);
  const before = await view(agent);
  runtime.failNext('observe', new AppError('unavailable', 'EngineUnreachable', 'the engine does not answer'));
  expect(await settle(agent.id, runtime)).toBe('retry');
  expect(await conditionOf(agent, 'Ready')).toMatchObject({ status: 'Unknown', reason: 'EngineUnreachable' });
  expect(await view(agent)).toEqual(before);
});

describe('a server killed at any call to the engine', () => {
  const phases = ['before', 'after'] as const;

  test.each(phases)('during create (%s the call): one instance, nothing leaked', async (phase) => {
    let points = 0;
    for (let n = 1; ; n++) {
      const agent = await create(`t${n}`);
      // One pass and no retry: what comes after a kill is a new process.
      const hit = await killedAt(world, n, phase, async (runtime) => {
        for (let round = 0; round < 4; round++) await reconcileAgent(agent.id, world.deps(runtime), signal);
      });
      await settle(agent.id, runtimeOf());
      const seen = await view(agent);
      expect({ n, instances: seen.instances.map(({ state }) => state) }).toEqual({ n, instances: ['running'] });
      expect({ n, networks: seen.networks.length, volumes: seen.volumes.length }).toEqual({
        n,
        networks: 1,
        volumes: 2,
      });
      if (!hit) break;
      points += 1;
    }
    // Every kind of call of a create was a point: observe, subnets, image, network, volumes, files, create, start.
    expect(points).toBeGreaterThanOrEqual(10);
    const blocks = [...engine.networks.values()].map(({ block }) => block.subnet);
    expect(new Set(blocks).size).toBe(blocks.length);
  });

  test.each(phases)('during a purge (%s the call): nothing is left', async (phase) => {
    for (let n = 1; ; n++) {
      const agent = await create(`t${n}`);
      await settle(agent.id, runtimeOf());
      await store.requestDeletion(agent.id, true, world.now);
      const hit = await killedAt(world, n, phase, async (runtime) => {
        for (let round = 0; round < 4; round++) await reconcileAgent(agent.id, world.deps(runtime), signal);
      });
      await settle(agent.id, runtimeOf());
      expect(await view(agent)).toEqual({ networks: [], volumes: [], instances: [] });
      expect(await store.getAgent(agent.id)).toBeUndefined();
      if (!hit) break;
    }
  });

  test.each(phases)(
    'during the change to another container (%s the call): the data volume stays the same one',
    async (phase) => {
      for (let n = 1; ; n++) {
        const agent = await create(`t${n}`);
        await settle(agent.id, runtimeOf());
        const before = await view(agent);
        await store.updateSpec(
          agent.id,
          { spec: { ...agent.spec, plan: 'other' }, expectedGeneration: 1, secrets: {} },
          world.now,
        );
        const hit = await killedAt(world, n, phase, async (runtime) => {
          for (let round = 0; round < 4; round++) await reconcileAgent(agent.id, world.deps(runtime), signal);
        });
        await settle(agent.id, runtimeOf());
        const after = await view(agent);
        expect(after.instances).toMatchObject([{ state: 'running' }]);
        expect(after.instances[0]?.name).not.toBe(before.instances[0]?.name);
        expect(after.volumes).toEqual(before.volumes);
        expect(after.networks).toEqual(before.networks);
        if (!hit) break;
      }
    },
  );
});

test('a change of the model delivers files and keeps the container', async () => {
  const agent = await create();
  const runtime = runtimeOf();
  await settle(agent.id, runtime);
  const [before] = (await view(agent)).instances;
  const spec = { ...agent.spec, model: { provider: 'demo', name: 'other' } };
  await store.updateSpec(agent.id, { spec, expectedGeneration: 1, secrets: {} }, world.now);
  await settle(agent.id, runtime);
  expect((await view(agent)).instances).toEqual([before]);
  expect(runtime.files(engineNames(agent.id).config).get('config.json')?.content).toContain('other');
});

test('a deleted and undeleted agent has its old data and a new configuration', async () => {
  const agent = await create();
  const runtime = runtimeOf();
  await settle(agent.id, runtime);
  const before = await view(agent);
  await store.requestDeletion(agent.id, false, world.now);
  await settle(agent.id, runtime);
  expect((await view(agent)).volumes.map(({ name }) => name)).toEqual([engineNames(agent.id).state]);
  await store.undelete(agent.id, world.now);
  await settle(agent.id, runtime);
  const after = await view(agent);
  expect(after.instances).toMatchObject([{ state: 'running' }]);
  const state = (seen: EngineView) => seen.volumes.find(({ name }) => name === engineNames(agent.id).state);
  expect(state(after)).toEqual(state(before));
  expect([...runtime.files(engineNames(agent.id).config).keys()]).toEqual(['config.json']);
});

test('an agent whose data volume vanished is stopped, not started empty', async () => {
  const agent = await create();
  const runtime = runtimeOf();
  await settle(agent.id, runtime);
  engine.volumes.delete(engineNames(agent.id).state);
  await settle(agent.id, runtime);
  expect(await conditionOf(agent, 'Stalled')).toMatchObject({ status: 'True', reason: 'DataMissing' });
  expect((await view(agent)).instances).toMatchObject([{ state: 'exited' }]);
});

test('each change of readiness is one event, not one per look', async () => {
  const agent = await create();
  const runtime = runtimeOf();
  await settle(agent.id, runtime);
  for (let look = 0; look < 5; look++) await settle(agent.id, runtime);
  const events = await store.listEvents(agent.id, 50);
  expect(events.map(({ reason }) => reason)).toEqual(['Booting', 'Creating']);
});
