import { randomUUID } from 'node:crypto';
import { engineNames, orphanGraceMs } from '@agentpod/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../testing/fake-clock.ts';
import { Orphans } from './orphans.ts';
import { ReconcileWorld, signal } from './reconcile-under-test.ts';

const hourMs = 3_600_000;
let world: ReconcileWorld;
let clock: FakeClock;
let orphans: Orphans;
let removed: string[];
let orphanId: string;

beforeEach(async () => {
  world = await ReconcileWorld.open();
  clock = new FakeClock();
  removed = [];
  orphans = new Orphans({
    runtime: world.runtime(),
    store: world.store,
    clock,
    onRemoved: (id) => removed.push(id),
  });
  // An agent that the store forgot.
  await world.createGood();
  orphanId = randomUUID();
  for (const map of [world.engine.containers, world.engine.networks, world.engine.volumes]) {
    for (const owned of map.values()) Object.assign(owned, { agentId: orphanId });
  }
});
afterEach(() => world.close());

const left = () => world.runtime().observe(orphanId, signal);

test('an orphan is listed with what would go and what would stay, and nothing happens to it', async () => {
  const [seen] = await orphans.list(signal);
  expect(seen).toMatchObject({
    agentId: orphanId,
    containers: [expect.stringMatching(/^agentpod-/)],
    networks: [expect.any(String)],
    keptVolumes: [expect.stringMatching(/-state$/), expect.stringMatching(/-config$/)],
  });
  expect((await left()).instances).toMatchObject([{ state: 'running' }]);
});

test('it outlives its grace period by nothing but its volumes', async () => {
  await orphans.sweep(signal);
  await clock.advance(orphanGraceMs - hourMs);
  await orphans.sweep(signal);
  expect((await left()).instances).toHaveLength(1);
  await clock.advance(hourMs);
  await orphans.sweep(signal);
  expect(await left()).toMatchObject({ instances: [], networks: [] });
  expect((await left()).volumes).toHaveLength(2);
  expect(removed).toEqual([orphanId]);
});

test('asked to, it goes at once', async () => {
  await orphans.remove(signal);
  expect(await left()).toMatchObject({ instances: [], networks: [] });
  expect((await left()).volumes).toHaveLength(2);
});

test('agents that are known, deleted ones among them, are none', async () => {
  const kept = await world.createGood('kept');
  const deleted = await world.createGood('deleted');
  await world.store.requestDeletion(deleted.id, false, clock.now());
  await world.settle(deleted.id);
  expect(world.engine.volumes.has(engineNames(deleted.id).state)).toBe(true);
  expect((await orphans.list(signal)).map(({ agentId }) => agentId)).toEqual([orphanId]);
  await orphans.remove(signal);
  expect((await world.view(kept)).instances).toHaveLength(1);
});
