import { AgentView } from '@agentpod/core';
import { expect, test } from 'vitest';
import { openSqliteStore } from '../adapters/sqlite/sqlite-store.ts';
import { anAgent } from '../testing/builders.ts';
import type { Usage } from './history/sampler.ts';
import { Views } from './views.ts';

test('what an agent uses now stands with it, and only while it is known', async () => {
  const { store, close } = await openSqliteStore(':memory:');
  let usage: Usage | undefined;
  const views = new Views({
    store,
    originOf: (host) => `http://${host}`,
    lifeSigns: () => ({ heartbeatAt: undefined, lastActivityAt: undefined }),
    usageOf: () => usage,
  });
  expect(views.of(anAgent())).not.toHaveProperty('usage');
  usage = { cpuFraction: 0.25, memoryBytes: 5, memoryLimitBytes: 10, diskBytes: 7 };
  expect(AgentView.parse(views.of(anAgent())).usage).toEqual(usage);
  await close();
});
