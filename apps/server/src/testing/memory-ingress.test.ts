import { describe, expect, test } from 'vitest';
import { desiredIngress, ingressContract } from './ingress-contract.ts';
import { MemoryIngress } from './memory-ingress.ts';

describe('MemoryIngress', () => {
  ingressContract(async () => ({ ingress: new MemoryIngress(), stop: async () => {} }));

  test('a proxy that is down does not answer', async () => {
    const ingress = new MemoryIngress();
    await ingress.apply(desiredIngress());
    ingress.down = true;
    expect(await ingress.liveRevision()).toBeUndefined();
  });
});
