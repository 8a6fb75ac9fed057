import type { Agent } from '@agentpod/core';
import { expect, test } from 'vitest';
import type { Host } from '../ports/host.ts';
import type { Store } from '../ports/store.ts';
import { aBlock, anAgent } from '../testing/builders.ts';
import { FakeClock } from '../testing/fake-clock.ts';
import { MemoryIngress } from '../testing/memory-ingress.ts';
import { aType } from '../testing/stub-agent-type.ts';
import { IngressSync } from './ingress-sync.ts';

function routed(agents: readonly Agent[]) {
  const ingress = new MemoryIngress();
  const clock = new FakeClock();
  const sync = new IngressSync({
    store: { listManaged: async () => agents } as Partial<Store> as Store,
    ingress,
    host: {} as Host,
    clock,
    typeOf: () => aType,
    consoleHost: 'console.localhost',
    certifies: false,
    publicAddresses: [],
  });
  const isLive = async ({ id }: Agent) => (await sync.live(id, AbortSignal.timeout(5000))).live;
  return { sync, ingress, clock, isLive };
}

const acme = anAgent({ block: aBlock });

test('that the proxy runs what was written is believed for five seconds; that it does not, never', async () => {
  const { sync, ingress, clock, isLive } = routed([acme]);
  expect(await isLive(acme)).toBe(false);
  await sync.sync();
  ingress.down = true;
  expect(await isLive(acme)).toBe(false);
  ingress.down = false;
  expect(await isLive(acme)).toBe(true);
  ingress.down = true;
  await clock.advance(4999);
  expect(await isLive(acme)).toBe(true);
  await clock.advance(1);
  expect(await isLive(acme)).toBe(false);
});

test('what was seen of an older revision says nothing of the newest', async () => {
  const agents = [acme];
  const { sync, ingress, isLive } = routed(agents);
  await sync.sync();
  expect(await isLive(acme)).toBe(true);
  agents.push(anAgent({ id: 'another', host: 'another.localhost', block: aBlock }));
  await sync.sync();
  ingress.down = true;
  expect(await isLive(acme)).toBe(false);
});
