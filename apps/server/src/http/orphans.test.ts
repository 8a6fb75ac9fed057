import { randomUUID } from 'node:crypto';
import { engineNames } from '@agentpod/core';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { aBlock } from '../testing/builders.ts';
import { type AppUnderTest, startApp } from './app-under-test.ts';

const signal = new AbortController().signal;
let on: AppUnderTest;

beforeEach(async () => {
  on = await startApp();
});
afterEach(() => on.stop());

test('what an unknown agent left behind is listed, and removed when asked to; its volume stays', async () => {
  const agentId = randomUUID();
  const names = engineNames(agentId);
  await on.engine.createNetwork({ agentId, name: names.network, bridge: names.bridge, block: aBlock }, signal);
  await on.engine.createVolume({ agentId, name: names.state, role: 'state' }, signal);
  const { items } = await on.client.orphans();
  expect(items).toMatchObject([{ agentId, networks: [names.network], keptVolumes: [names.state] }]);
  expect(await on.client.removeOrphans()).toEqual({ items });
  expect(await on.engine.observe(agentId, signal)).toMatchObject({ networks: [], volumes: [{ name: names.state }] });
});

test('a stranger learns nothing of them', async () => {
  for (const method of ['GET', 'DELETE'] as const) {
    expect((await on.app.inject({ method, url: '/v1/orphans' })).statusCode).toBe(401);
  }
});
