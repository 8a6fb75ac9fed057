import type { Agent, AgentStatus, AppError } from '@agentpod/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../ports/store.ts';
import { aChange, aNewAgent, aRecord, aRestart, aSpec } from './builders.ts';

const supernet = '10.203.0.0/16';
const t0 = Date.parse('2026-11-01T00:00:00.000Z');
const first = { sealed: 'sealed-1', version: 1 };
const second = { sealed: 'sealed-2', version: 2 };
const absent = '019a0000-0000-7000-8000-00000000dead';

/** What every store does, whatever it keeps its rows in. `makeStore` gives an empty one. */
export function storeContract(name: string, makeStore: () => Promise<{ store: Store; close(): Promise<void> }>): void {
  describe(name, () => {
    let store: Store;
    let close: () => Promise<void>;
    beforeEach(async () => {
      ({ store, close } = await makeStore());
    });
    afterEach(() => close());

    /** As the controller does it: nothing is left in the engine, then the row follows. */
    async function remove(agent: Agent, purge = false, now = t0): Promise<void> {
      await store.requestDeletion(agent.id, purge, now);
      await store.releaseBlock(agent.id);
      await store.finishDeletion(agent.id, now);
    }

    describe('creating', () => {
      test('an agent is found by id and by name, with what was given and nothing observed', async () => {
        const spec = aSpec({ identity: { soul: '你好' } });
        const made = await store.createAgent(aNewAgent({ spec }), t0);
        expect(made).toMatchObject({
          tenant: 'acme',
          name: 'main',
          host: 'acme.localhost',
          spec,
          generation: 1,
          createdAt: '2026-11-01T00:00:00.000Z',
          block: undefined,
          deletion: undefined,
          recorded: { delivered: {}, restarts: [] },
          status: { observedGeneration: 0, conditions: [] },
        });
        expect(await store.getAgent(made.id)).toEqual(made);
        expect(await store.findAgent({ tenant: 'acme', agent: 'main' })).toEqual(made);
      });

      test('agents of one tenant share its id and its secrets', async () => {
        const main = await store.createAgent(aNewAgent({ secrets: { 'model-key': first } }), t0);
        const hr = await store.createAgent(aNewAgent({ name: 'hr' }), t0);
        expect(hr.tenantId).toBe(main.tenantId);
        expect(await store.getSecret(hr.tenantId, 'model-key')).toEqual(first);
        expect(await store.listTenants()).toEqual([
          { id: main.tenantId, name: 'acme', createdAt: '2026-11-01T00:00:00.000Z', agents: ['hr', 'main'] },
        ]);
      });

      test('a name that is taken is refused, and nothing is half made', async () => {
        const made = await store.createAgent(aNewAgent({ secrets: { k: first } }), t0);
        const again = store.createAgent(aNewAgent({ host: 'other.localhost', secrets: { k: second } }), t0);
        await expect(again).rejects.toMatchObject({ kind: 'conflict', reason: 'NameTaken' });
        expect(await store.listManaged()).toEqual([made]);
        expect(await store.getSecret(made.tenantId, 'k')).toEqual(first);
      });

      test('a host that is taken is refused with the name of the agent that has it, and no tenant is left behind', async () => {
        await store.createAgent(aNewAgent({ name: 'hr', host: 'acme-hr.localhost' }), t0);
        const clash = store.createAgent(aNewAgent({ tenant: 'acme-hr', host: 'acme-hr.localhost' }), t0);
        await expect(clash).rejects.toMatchObject({ kind: 'conflict', reason: 'HostTaken' });
        await expect(clash).rejects.toThrow('acme/hr');
        expect((await store.listTenants()).map(({ name }) => name)).toEqual(['acme']);
      });

      test('a creation that fails at its last step leaves nothing of the steps before', async () => {
        const outdated = store.createAgent(aNewAgent({ secrets: { k: second } }), t0);
        await expect(outdated).rejects.toMatchObject({ kind: 'conflict', reason: 'Changed' });
        expect(await store.listManaged()).toEqual([]);
        expect(await store.listTenants()).toEqual([]);
        await store.createAgent(aNewAgent({ secrets: { k: first } }), t0);
      });

      test('of many who want one name at the same time exactly one gets it', async () => {
        const attempts = await Promise.allSettled(Array.from({ length: 8 }, () => store.createAgent(aNewAgent(), t0)));
        const refused = attempts.filter((attempt) => attempt.status === 'rejected');
        expect(refused.map(({ reason }) => (reason as AppError).reason)).toEqual(Array(7).fill('NameTaken'));
        expect(await store.listManaged()).toHaveLength(1);
      });

      test('credentials are answered on request only', async () => {
        const made = await store.createAgent(aNewAgent({ sealedCredentials: 'sealed-planted' }), t0);
        expect(await store.getCredentials(made.id)).toBe('sealed-planted');
        expect(JSON.stringify(made)).not.toContain('sealed-planted');
        await expect(store.getCredentials(absent)).rejects.toMatchObject({ kind: 'not-found' });
      });
    });

    describe('changing', () => {
      test('a new spec raises the generation by one', async () => {
        const { id } = await store.createAgent(aNewAgent(), t0);
        const changed = await store.updateSpec(id, aChange({ spec: aSpec({ suspended: true }) }), t0);
        expect(changed).toMatchObject({ generation: 2, spec: { suspended: true } });
        expect(await store.getAgent(id)).toEqual(changed);
      });

      test('of two changes made from the same generation one is refused and lost nowhere', async () => {
        const { id } = await store.createAgent(aNewAgent(), t0);
        const results = await Promise.allSettled([
          store.updateSpec(id, aChange({ spec: aSpec({ plan: 'small' }) }), t0),
          store.updateSpec(id, aChange({ spec: aSpec({ suspended: true }) }), t0),
        ]);
        expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
        expect(results[1]).toMatchObject({ reason: { kind: 'conflict', reason: 'Changed' } });
        expect(await store.getAgent(id)).toMatchObject({ generation: 2, spec: { plan: 'small', suspended: false } });
      });

      test('what is not there cannot be changed', async () => {
        const missing = { kind: 'not-found', reason: 'AgentNotFound' };
        await expect(store.updateSpec(absent, aChange(), t0)).rejects.toMatchObject(missing);
        await expect(store.requestRestart(absent, t0)).rejects.toMatchObject(missing);
        await expect(store.requestDeletion(absent, false, t0)).rejects.toMatchObject(missing);
        await expect(store.undelete(absent, t0)).rejects.toMatchObject(missing);
        await expect(store.reserveBlock(absent, supernet, [])).rejects.toMatchObject(missing);
        await expect(store.saveRecorded(absent, {})).rejects.toMatchObject(missing);
        expect(await store.getAgent(absent)).toBeUndefined();
        expect(await store.findAgent({ tenant: 'acme', agent: 'main' })).toBeUndefined();
      });

      test('a restart that was asked for is recorded and forgives earlier restarts', async () => {
        const { id } = await store.createAgent(aNewAgent(), t0);
        await store.saveRecorded(
          id,
          aRecord({ restarts: [aRestart(t0 - 2), aRestart(t0 - 1)], stateVolumeCreatedAt: 'then' }),
        );
        const asked = await store.requestRestart(id, t0);
        expect(asked.recorded).toEqual(aRecord({ restarts: [], restartRequestedAt: t0, stateVolumeCreatedAt: 'then' }));
        expect(asked.generation).toBe(1);
      });

      test('facts are merged key by key', async () => {
        const { id } = await store.createAgent(aNewAgent(), t0);
        const image = { reference: 'agentpod/openclaw:2026.9.6', id: 'sha256:1' };
        await store.saveRecorded(id, { image });
        await store.saveRecorded(id, { restarts: [aRestart(t0)] });
        expect((await store.getAgent(id))?.recorded).toEqual(aRecord({ image, restarts: [aRestart(t0)] }));
      });

      test('a restart asked for while the controller worked from an older reading is not lost', async () => {
        const { id } = await store.createAgent(aNewAgent(), t0);
        await store.requestRestart(id, t0);
        await store.saveRecorded(id, { stateVolumeCreatedAt: 'now', restarts: [aRestart(t0 - 1), aRestart(t0 + 5)] });
        expect((await store.getAgent(id))?.recorded).toEqual(
          aRecord({ restarts: [aRestart(t0 + 5)], restartRequestedAt: t0, stateVolumeCreatedAt: 'now' }),
        );
      });

      test('new secret values come with the spec that uses them, each as the next version, or not at all', async () => {
        const { id, tenantId } = await store.createAgent(aNewAgent(), t0);
        await store.updateSpec(id, aChange({ secrets: { k: first } }), t0);
        expect(await store.getSecret(tenantId, 'k')).toEqual(first);
        await store.updateSpec(id, aChange({ expectedGeneration: 2, secrets: { k: second } }), t0);
        expect(await store.getSecret(tenantId, 'k')).toEqual(second);

        const late = store.updateSpec(id, aChange({ secrets: { k: { sealed: 'late', version: 3 } } }), t0);
        await expect(late).rejects.toMatchObject({ kind: 'conflict', reason: 'Changed' });
        const stale = store.updateSpec(id, aChange({ expectedGeneration: 3, secrets: { l: first, k: second } }), t0);
        await expect(stale).rejects.toMatchObject({ kind: 'conflict', reason: 'Changed' });
        const gap = store.updateSpec(id, aChange({ expectedGeneration: 3, secrets: { l: second } }), t0);
        await expect(gap).rejects.toMatchObject({ kind: 'conflict', reason: 'Changed' });
        expect(await store.getSecret(tenantId, 'k')).toEqual(second);
        expect(await store.getSecret(tenantId, 'l')).toBeUndefined();
        expect((await store.getAgent(id))?.generation).toBe(3);
      });

      test('status is kept as it was written', async () => {
        const { id } = await store.createAgent(aNewAgent(), t0);
        const status: AgentStatus = {
          observedGeneration: 1,
          conditions: [
            {
              type: 'Ready',
              status: 'False',
              reason: 'Creating',
              message: 'The container is being made',
              observedGeneration: 1,
              lastTransitionTime: '2026-11-01T00:00:00.000Z',
            },
          ],
          instance: { name: 'agentpod-a-b', state: 'created', image: 'sha256:0', restarts: 0 },
          lastError: '引擎没有回答',
        };
        await store.saveStatus(id, status);
        expect((await store.getAgent(id))?.status).toEqual(status);
      });

      test('the status of an agent that was purged meanwhile is let go', async () => {
        await store.saveStatus(absent, { observedGeneration: 1, conditions: [] });
        expect(await store.getAgent(absent)).toBeUndefined();
      });
    });

    describe('listing', () => {
      async function fill(tenants: readonly string[]): Promise<void> {
        for (const tenant of tenants) await store.createAgent(aNewAgent({ tenant }), t0);
      }
      const names = (items: readonly Agent[]) => items.map(({ tenant }) => tenant);

      test('agents come in the order of tenant and name, page by page', async () => {
        await fill(['delta', 'alpha', 'charlie', 'bravo', 'echo']);
        await store.createAgent(aNewAgent({ tenant: 'alpha', name: 'hr' }), t0);
        const page = await store.listAgents({ limit: 4, deleted: false });
        expect(page.items.map(({ tenant, name }) => `${tenant}/${name}`)).toEqual([
          'alpha/hr',
          'alpha/main',
          'bravo/main',
          'charlie/main',
        ]);
        const next = await store.listAgents({ limit: 4, deleted: false, cursor: page.nextCursor });
        expect(names(next.items)).toEqual(['delta', 'echo']);
        expect(next.nextCursor).toBeUndefined();
      });

      test('a page that is exactly full is the last one when nothing follows', async () => {
        await fill(['alpha', 'bravo']);
        expect((await store.listAgents({ limit: 2, deleted: false })).nextCursor).toBeUndefined();
      });

      test('agents made and deleted between two pages are neither repeated nor skipped over', async () => {
        await fill(['bravo', 'delta', 'foxtrot']);
        const page = await store.listAgents({ limit: 2, deleted: false });
        await fill(['alpha', 'charlie', 'echo']);
        const [bravo] = page.items;
        if (bravo) await remove(bravo);
        const next = await store.listAgents({ limit: 10, deleted: false, cursor: page.nextCursor });
        expect(names(next.items)).toEqual(['echo', 'foxtrot']);
      });

      test('one tenant alone can be asked for, and deleted agents are shown on request', async () => {
        await fill(['acme', 'beta']);
        const old = await store.findAgent({ tenant: 'acme', agent: 'main' });
        if (old) await remove(old);
        await fill(['acme']);
        const living = await store.listAgents({ tenant: 'acme', limit: 10, deleted: false });
        const all = await store.listAgents({ tenant: 'acme', limit: 10, deleted: true });
        expect(living.items).toHaveLength(1);
        expect(all.items).toHaveLength(2);
        expect(all.items.map(({ id }) => id)).toContain(old?.id);
      });

      test.each(['', 'x', 'bnVsbA', Buffer.from('["a"]').toString('base64url')])(
        'the cursor "%s" is refused',
        async (cursor) => {
          const listing = store.listAgents({ limit: 1, deleted: false, cursor });
          await expect(listing).rejects.toMatchObject({ kind: 'invalid', field: 'cursor' });
        },
      );
    });

    describe('deleting', () => {
      test('an agent keeps its name and host until the engine holds nothing more of it', async () => {
        const made = await store.createAgent(aNewAgent(), t0);
        const leaving = await store.requestDeletion(made.id, false, t0);
        expect(leaving.deletion).toEqual({ requestedAt: '2026-11-01T00:00:00.000Z', purge: false });
        expect(await store.listManaged()).toEqual([leaving]);
        expect(await store.findAgent({ tenant: 'acme', agent: 'main' })).toEqual(leaving);
        await expect(store.createAgent(aNewAgent(), t0)).rejects.toMatchObject({ reason: 'NameTaken' });
        const neighbour = store.createAgent(aNewAgent({ tenant: 'other', host: made.host }), t0);
        await expect(neighbour).rejects.toMatchObject({ reason: 'HostTaken' });

        await store.finishDeletion(made.id, t0);
        expect(await store.listManaged()).toEqual([]);
        expect(await store.listTenants()).toEqual([]);
        expect(await store.findAgent({ tenant: 'acme', agent: 'main' })).toBeUndefined();
        expect(await store.findAgent({ tenant: 'acme', agent: 'main' }, { deleted: true })).toEqual(leaving);
      });

      test('a new agent of a deleted name is another tenant that inherits nothing', async () => {
        const old = await store.createAgent(aNewAgent({ secrets: { 'model-key': first } }), t0);
        await store.addEvent({ agentId: old.id, type: 'normal', reason: 'Old', message: 'old', time: t0 });
        await remove(old);
        const young = await store.createAgent(aNewAgent({ sealedCredentials: 'young' }), t0 + 1);
        expect(young.id).not.toBe(old.id);
        expect(young.tenantId).not.toBe(old.tenantId);
        expect(await store.getSecret(young.tenantId, 'model-key')).toBeUndefined();
        expect(await store.listEvents(young.id, 10)).toEqual([]);
        expect(await store.findAgent({ tenant: 'acme', agent: 'main' }, { deleted: true })).toEqual(young);
      });

      test('while another agent of the tenant lives, a re-created one belongs to the same customer', async () => {
        const main = await store.createAgent(aNewAgent(), t0);
        await store.createAgent(aNewAgent({ name: 'hr' }), t0);
        await remove(main);
        const again = await store.createAgent(aNewAgent(), t0);
        expect(again.tenantId).toBe(main.tenantId);
        expect(again.id).not.toBe(main.id);
      });

      test('asking twice keeps the first moment; data once given up stays given up', async () => {
        const { id } = await store.createAgent(aNewAgent(), t0);
        await store.requestDeletion(id, false, t0);
        expect((await store.requestDeletion(id, true, t0 + 5)).deletion).toEqual({
          requestedAt: '2026-11-01T00:00:00.000Z',
          purge: true,
        });
        expect((await store.requestDeletion(id, false, t0 + 9)).deletion?.purge).toBe(true);
      });

      test('a deletion cannot be finished that nobody asked for, nor while the address is held', async () => {
        const { id } = await store.createAgent(aNewAgent(), t0);
        await store.reserveBlock(id, supernet, []);
        await expect(store.finishDeletion(id, t0)).rejects.toMatchObject({ kind: 'conflict', reason: 'Changed' });
        await store.requestDeletion(id, true, t0);
        await expect(store.finishDeletion(id, t0)).rejects.toMatchObject({ kind: 'conflict', reason: 'BlockHeld' });
        expect(await store.getAgent(id)).toBeDefined();
        await store.releaseBlock(id);
        await store.finishDeletion(id, t0);
        await store.finishDeletion(id, t0);
        expect(await store.getAgent(id)).toBeUndefined();
      });

      test('a purge leaves no row, credentials, events, remembered requests or secrets', async () => {
        const made = await store.createAgent(aNewAgent({ secrets: { k: first } }), t0);
        await store.addEvent({ agentId: made.id, type: 'normal', reason: 'R', message: 'm', time: t0 });
        await store.rememberIdempotent('key', 'hash', made.id, t0);
        await remove(made, true);
        await store.addEvent({ agentId: made.id, type: 'normal', reason: 'Deleted', message: 'm', time: t0 });
        expect(await store.getAgent(made.id)).toBeUndefined();
        expect(await store.findAgent({ tenant: 'acme', agent: 'main' }, { deleted: true })).toBeUndefined();
        await expect(store.getCredentials(made.id)).rejects.toMatchObject({ kind: 'not-found' });
        expect(await store.listEvents(made.id, 10)).toEqual([]);
        expect(await store.recallIdempotent('key', 'hash', t0)).toBeUndefined();
        expect(await store.getSecret(made.tenantId, 'k')).toBeUndefined();
      });

      test('secrets stay as long as one agent of the tenant lives or can be brought back', async () => {
        const main = await store.createAgent(aNewAgent({ secrets: { k: first } }), t0);
        const hr = await store.createAgent(aNewAgent({ name: 'hr' }), t0);
        await remove(hr);
        await remove(main, true);
        expect(await store.listTenants()).toEqual([]);
        expect(await store.getSecret(main.tenantId, 'k')).toEqual(first);
        await remove(hr, true);
        expect(await store.getSecret(main.tenantId, 'k')).toBeUndefined();
      });

      test('the model key of a purged agent goes although the tenant lives on', async () => {
        const model = { provider: 'qwen', name: 'qwen3-max', key: { secret: 'model-key-1' } };
        const hr = aNewAgent({ name: 'hr', spec: aSpec({ model }), secrets: { 'model-key-1': first, shared: first } });
        const made = await store.createAgent(hr, t0);
        await store.createAgent(aNewAgent(), t0);
        await remove(made, true);
        expect(await store.getSecret(made.tenantId, 'model-key-1')).toBeUndefined();
        expect(await store.getSecret(made.tenantId, 'shared')).toEqual(first);
      });

      test('purging a deleted agent makes the controller look after it again, beside a new one of its name', async () => {
        const old = await store.createAgent(aNewAgent(), t0);
        await remove(old);
        const young = await store.createAgent(aNewAgent(), t0);
        const purging = await store.requestDeletion(old.id, true, t0 + 1);
        expect(await store.listManaged()).toEqual([purging, young]);
        expect(await store.findAgent({ tenant: 'acme', agent: 'main' })).toEqual(young);
        await store.finishDeletion(old.id, t0 + 2);
        expect(await store.listManaged()).toEqual([young]);
        expect(await store.getAgent(old.id)).toBeUndefined();
      });
    });

    describe('undeleting', () => {
      test('agent and tenant come back with data and secrets, and with everything to be observed anew', async () => {
        const made = await store.createAgent(aNewAgent({ secrets: { k: first } }), t0);
        const state = { revision: 's1', volumeCreatedAt: 'then', files: { 'SOUL.md': 'r1' } };
        const kept = {
          image: { reference: 'agentpod/openclaw:2026.9.6', id: 'sha256:1' },
          stateVolumeCreatedAt: 'then',
        };
        await store.saveRecorded(
          made.id,
          aRecord({
            ...kept,
            delivered: { config: { revision: 'c1', volumeCreatedAt: 'then' }, state },
            restarts: [aRestart(t0)],
          }),
        );
        await store.requestRestart(made.id, t0);
        await remove(made);
        await store.saveStatus(made.id, { observedGeneration: 1, conditions: [], lastError: 'old' });

        const back = await store.undelete(made.id, t0 + 1);
        expect(back).toEqual({
          ...made,
          recorded: aRecord({ ...kept, delivered: { state } }),
          status: { observedGeneration: 0, conditions: [] },
        });
        expect(await store.listManaged()).toEqual([back]);
        expect(await store.listTenants()).toMatchObject([{ id: made.tenantId, agents: ['main'] }]);
        expect(await store.getSecret(back.tenantId, 'k')).toEqual(first);
      });

      test('a deletion that is still under way can be taken back, and a living agent stays as it is', async () => {
        const made = await store.createAgent(aNewAgent(), t0);
        await store.requestDeletion(made.id, false, t0);
        expect(await store.undelete(made.id, t0)).toEqual(made);
        expect(await store.undelete(made.id, t0)).toEqual(made);
      });

      test('it is refused when the name belongs to another customer now', async () => {
        const old = await store.createAgent(aNewAgent({ name: 'hr' }), t0);
        await remove(old);
        await store.createAgent(aNewAgent(), t0);
        await expect(store.undelete(old.id, t0)).rejects.toMatchObject({ kind: 'conflict', reason: 'NameTaken' });
        expect(await store.listTenants()).toMatchObject([{ agents: ['main'] }]);
      });

      test('it is refused when the same tenant has a new agent of that name', async () => {
        const old = await store.createAgent(aNewAgent(), t0);
        await store.createAgent(aNewAgent({ name: 'hr' }), t0);
        await remove(old);
        await store.createAgent(aNewAgent(), t0);
        await expect(store.undelete(old.id, t0)).rejects.toMatchObject({ kind: 'conflict', reason: 'NameTaken' });
      });

      test('it is refused when the host was taken meanwhile, and the tenant stays deleted', async () => {
        const old = await store.createAgent(aNewAgent({ name: 'hr', host: 'acme-hr.localhost' }), t0);
        await remove(old);
        await store.createAgent(aNewAgent({ tenant: 'acme-hr' }), t0);
        await expect(store.undelete(old.id, t0)).rejects.toMatchObject({ kind: 'conflict', reason: 'HostTaken' });
        expect((await store.listTenants()).map(({ name }) => name)).toEqual(['acme-hr']);
      });

      test('it is refused once the data is being removed', async () => {
        const old = await store.createAgent(aNewAgent(), t0);
        await remove(old);
        await store.requestDeletion(old.id, true, t0);
        await expect(store.undelete(old.id, t0)).rejects.toMatchObject({ kind: 'conflict', reason: 'BeingPurged' });
        expect(await store.listManaged()).toHaveLength(1);
      });

      test('of several deleted agents of a name the newest is found', async () => {
        const elder = await store.createAgent(aNewAgent(), t0);
        await remove(elder, false, t0 + 1);
        const younger = await store.createAgent(aNewAgent(), t0);
        await remove(younger, false, t0 + 2);
        const found = await store.findAgent({ tenant: 'acme', agent: 'main' }, { deleted: true });
        expect(found?.id).toBe(younger.id);
        expect((await store.undelete(elder.id, t0)).id).toBe(elder.id);
      });
    });

    describe('addresses', () => {
      test('an agent gets the lowest free block, and the same one when it asks again', async () => {
        const { id } = await store.createAgent(aNewAgent(), t0);
        const block = await store.reserveBlock(id, supernet, ['10.203.0.0/28']);
        expect(block).toEqual({ subnet: '10.203.0.16/29', gateway: '10.203.0.17', address: '10.203.0.18' });
        expect(await store.reserveBlock(id, supernet, [])).toEqual(block);
        expect((await store.getAgent(id))?.block).toEqual(block);
      });

      test('a full supernet says so', async () => {
        const { id } = await store.createAgent(aNewAgent(), t0);
        const full = store.reserveBlock(id, supernet, [supernet]);
        await expect(full).rejects.toMatchObject({ kind: 'terminal', reason: 'NoAddressLeft' });
        expect((await store.getAgent(id))?.block).toBeUndefined();
      });

      test('whatever the order, no two agents hold one block, and one is given again only after its release', async () => {
        const agents: string[] = [];
        for (const tenant of ['a', 'b', 'c', 'd', 'e']) {
          agents.push((await store.createAgent(aNewAgent({ tenant }), t0)).id);
        }
        const act = fc.record({ reserve: fc.boolean(), who: fc.nat(agents.length - 1) });
        await fc.assert(
          fc
            .asyncProperty(fc.array(act, { maxLength: 25 }), async (acts) => {
              const held = new Map<string, string>();
              for (const { reserve, who } of acts) {
                const id = agents[who] ?? '';
                if (reserve) {
                  const { subnet } = await store.reserveBlock(id, supernet, []);
                  expect(held.get(id) ?? subnet).toBe(subnet);
                  expect([...held].some(([other, taken]) => other !== id && taken === subnet)).toBe(false);
                  held.set(id, subnet);
                } else {
                  await store.releaseBlock(id);
                  held.delete(id);
                }
              }
              const stored = (await store.listManaged()).flatMap(({ id, block }) =>
                block ? [[id, block.subnet]] : [],
              );
              expect(new Map(stored as [string, string][])).toEqual(held);
            })
            .afterEach(async () => {
              for (const id of agents) await store.releaseBlock(id);
            }),
          { numRuns: 30 },
        );
      });

      test('agents that ask at the same time get different blocks', async () => {
        const made = await Promise.all(
          Array.from({ length: 20 }, (_, index) => store.createAgent(aNewAgent({ tenant: `t${index}` }), t0)),
        );
        const blocks = await Promise.all(made.map(({ id }) => store.reserveBlock(id, supernet, [])));
        expect(new Set(blocks.map(({ subnet }) => subnet)).size).toBe(20);
      });
    });

    describe('events, requests and settings', () => {
      test('a repeat of the newest event is counted, anything else is added, newest first', async () => {
        const { id } = await store.createAgent(aNewAgent(), t0);
        const other = await store.createAgent(aNewAgent({ tenant: 'other' }), t0);
        const event = { agentId: id, type: 'warning', reason: 'Exited', message: 'code 1', time: t0 } as const;
        await store.addEvent(event);
        await store.addEvent({ ...event, agentId: other.id });
        await store.addEvent({ ...event, time: t0 + 1000 });
        await store.addEvent({ ...event, message: 'code 2' });
        await store.addEvent(event);
        expect(await store.listEvents(id, 10)).toMatchObject([
          { message: 'code 1', count: 1 },
          { message: 'code 2', count: 1 },
          { message: 'code 1', count: 2, type: 'warning', reason: 'Exited', time: '2026-11-01T00:00:01.000Z' },
        ]);
        expect(await store.listEvents(id, 1)).toHaveLength(1);
      });

      test('an answer is recalled for a day, for the same request only', async () => {
        const day = 24 * 3600_000;
        expect(await store.recallIdempotent('key', 'hash', t0)).toBeUndefined();
        await store.rememberIdempotent('key', 'hash', 'agent-1', t0);
        await store.rememberIdempotent('key', 'hash', 'agent-2', t0 + 1);
        expect(await store.recallIdempotent('key', 'hash', t0 + day - 1)).toBe('agent-1');
        await expect(store.recallIdempotent('key', 'other', t0)).rejects.toMatchObject({
          kind: 'conflict',
          reason: 'KeyReused',
        });
        expect(await store.recallIdempotent('key', 'other', t0 + day)).toBeUndefined();
        await store.rememberIdempotent('key', 'other', 'agent-3', t0 + day);
        expect(await store.recallIdempotent('key', 'other', t0 + day)).toBe('agent-3');
      });

      test('a setting is what was put last', async () => {
        expect(await store.getSetting('name')).toBeUndefined();
        await store.putSetting('name', 'one');
        await store.putSetting('name', 'two');
        expect(await store.getSetting('name')).toBe('two');
      });

      test('a closed store does not answer the ping', async () => {
        await store.ping();
        await close();
        await expect(store.ping()).rejects.toThrow();
      });
    });
  });
}
