import { randomBytes, randomUUIDv7 } from 'node:crypto';
import { beforeEach, describe, expect, test } from 'vitest';
import { FileVault } from '../adapters/vault-file/file-vault.ts';
import type { StoredSecret } from '../ports/store.ts';
import { anAgent, aSpec } from '../testing/builders.ts';
import { Credentials } from './credentials.ts';
import { modelKeyRef, Secrets } from './secrets.ts';

const vault = new FileVault(randomBytes(32));
const withKey = (id: string) =>
  anAgent({ id, spec: aSpec({ model: { provider: 'qwen', name: 'qwen3-max', key: modelKeyRef(id) } }) });

describe('model keys', () => {
  let kept: Record<string, StoredSecret>;
  let secrets: Secrets;
  beforeEach(() => {
    kept = {};
    secrets = new Secrets({ getSecret: async (_tenantId, name) => kept[name] }, vault);
  });

  test('open for the agent they were sealed for, in the version they have', async () => {
    const agent = withKey(randomUUIDv7());
    Object.assign(kept, secrets.sealFirst(agent.id, 'sk-one'));
    expect(await secrets.modelKey(agent)).toEqual({ value: 'sk-one', version: 1 });
    Object.assign(kept, await secrets.sealNext(agent, 'sk-two'));
    expect(await secrets.modelKey(agent)).toEqual({ value: 'sk-two', version: 2 });
    expect(await secrets.isModelKey(agent, 'sk-two')).toBe(true);
    expect(await secrets.isModelKey(agent, 'sk-one')).toBe(false);
  });

  test('do not open for another agent, even when its spec names them', async () => {
    const [owner, thief] = [withKey(randomUUIDv7()), withKey(randomUUIDv7())];
    Object.assign(kept, secrets.sealFirst(owner.id, 'sk-one'));
    const stolen = { ...thief, spec: owner.spec };
    await expect(secrets.modelKey(stolen)).rejects.toMatchObject({ reason: 'SealBroken' });
  });

  test('do not open in a version they were not sealed for', async () => {
    const agent = withKey(randomUUIDv7());
    const [[name, sealed]] = Object.entries(secrets.sealFirst(agent.id, 'sk-one')) as [[string, StoredSecret]];
    kept[name] = { ...sealed, version: 2 };
    await expect(secrets.modelKey(agent)).rejects.toMatchObject({ reason: 'SealBroken' });
  });

  test('one that is named but not there is said, and no key is none', async () => {
    await expect(secrets.modelKey(withKey(randomUUIDv7()))).rejects.toMatchObject({ reason: 'SecretMissing' });
    expect(await secrets.modelKey(anAgent())).toBeUndefined();
    expect(await secrets.isModelKey(anAgent(), '')).toBe(false);
  });

  test.each(['', 'two words', 'line\n', 'schlüssel', 'x'.repeat(4097)])('%j is none', (key) => {
    expect(() => secrets.sealFirst(randomUUIDv7(), key)).toThrow(expect.objectContaining({ field: 'modelKey' }));
  });
});

describe('credentials', () => {
  const sealedBy = new Map<string, string>();
  const credentials = new Credentials({ getCredentials: async (id) => sealedBy.get(id) ?? '' }, vault);

  test('are new for each agent, and only the name of the customer is in them', async () => {
    const [one, two] = [randomUUIDv7(), randomUUIDv7()];
    for (const id of [one, two]) sealedBy.set(id, credentials.create(id, 'acme'));
    const [first, second] = [await credentials.of({ id: one }), await credentials.of({ id: two })];
    expect(first).toEqual({
      virtualKey: expect.stringMatching(/^apk_[\w-]{43}$/),
      controlUser: expect.stringMatching(/^agentpod-[\w-]{32}$/),
      ingressUser: 'owner@acme',
      probeUser: expect.stringMatching(/^probe-[\w-]{32}$/),
      probeToken: expect.stringMatching(/^[\w-]{43}$/),
    });
    const shared = Object.values(first).filter((value) => Object.values(second).includes(value));
    expect(shared).toEqual(['owner@acme']);
    expect(sealedBy.get(one)).not.toContain(first.virtualKey);
  });

  test('are opened once, and forgotten with their agent', async () => {
    const id = randomUUIDv7();
    sealedBy.set(id, credentials.create(id, 'acme'));
    const first = await credentials.of({ id });
    sealedBy.delete(id);
    expect(await credentials.of({ id })).toEqual(first);
    credentials.forget(id);
    await expect(credentials.of({ id })).rejects.toMatchObject({ reason: 'SealBroken' });
  });

  test('of one agent do not open for another', async () => {
    const [one, two] = [randomUUIDv7(), randomUUIDv7()];
    sealedBy.set(two, credentials.create(one, 'acme'));
    await expect(credentials.of({ id: two })).rejects.toMatchObject({ reason: 'SealBroken' });
  });
});
