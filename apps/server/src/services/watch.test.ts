import type { AgentView } from '@agentpod/core';
import { expect, test } from 'vitest';
import { anAgent } from '../testing/builders.ts';
import { settle } from '../testing/fake-clock.ts';
import { Changes } from './changes.ts';
import { Views } from './views.ts';
import { watch } from './watch.ts';

const agents = ['a', 'b', 'c'].map((tenant) => anAgent({ id: tenant, tenant }));

function watching(duringList: (changes: Changes) => void) {
  const changes = new Changes();
  const views = new Views({
    originOf: (host) => `http://${host}`,
    lifeSigns: () => ({ heartbeatAt: undefined, lastActivityAt: undefined }),
    usageOf: () => undefined,
    store: {
      getAgent: async (id) => agents.find((agent) => agent.id === id),
      // One to a page.
      async listAgents({ cursor }) {
        duringList(changes);
        const at = Number(cursor ?? 0);
        return { items: agents.slice(at, at + 1), nextCursor: at + 1 < agents.length ? String(at + 1) : undefined };
      },
      listEvents: async () => [],
      listTenants: async () => [],
    },
  });
  return { changes, views };
}

const wordOf = (message: { agent?: AgentView; id?: string }) => message.agent?.id ?? `gone ${message.id ?? ''}`;

async function read(duringList: (changes: Changes) => void): Promise<string[]> {
  const { changes, views } = watching(duringList);
  const stop = new AbortController();
  const heard: string[] = [];
  const reading = (async () => {
    for await (const message of watch(views, changes, stop.signal)) heard.push(wordOf(message));
  })();
  await settle();
  stop.abort();
  await reading;
  return heard;
}

test('every page of agents comes first', async () => {
  expect(await read(() => undefined)).toEqual(['a', 'b', 'c']);
});

test('what changes while the list is being read comes after it', async () => {
  expect(await read((changes) => changes.publish('b'))).toEqual(['a', 'b', 'c', 'b']);
});

test('what is not there any more is said to be gone', async () => {
  expect(await read((changes) => changes.publish('z'))).toEqual(['a', 'b', 'c', 'gone z']);
});
