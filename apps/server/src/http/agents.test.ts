import { AppError, createClient } from '@agentpod/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { settle } from '../testing/fake-clock.ts';
import { type AppUnderTest, asRoot, GiB, injectCall, makeRunning, startApp } from './app-under-test.ts';

let on: AppUnderTest;
beforeEach(async () => {
  on = await startApp();
});
afterEach(async () => {
  await on.stop();
});

const reasons = async (ref: string) => (await on.client.events(ref)).items.map(({ reason }) => reason);
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => 'succeeded',
    (error: unknown) => error,
  );

/** Lets others come in between reading and writing, as a busier store would. */
function slowDown(method: 'findAgent' | 'listManaged'): void {
  const read = on.store[method].bind(on.store) as () => Promise<never>;
  on.store[method] = async (...query: []) => {
    const seen = await read(...query);
    await settle();
    return seen;
  };
}

describe('creating', () => {
  test('answers 202 with the agent, fills in defaults, and wakes the controller', async () => {
    const response = await on.app.inject({
      method: 'POST',
      url: '/v1/agents',
      headers: asRoot,
      payload: { ref: 'acme' },
    });
    expect(response.statusCode).toBe(202);
    expect(response.headers.etag).toBe('"1"');
    expect(response.json()).toMatchObject({
      ref: 'acme',
      url: 'http://acme.localhost',
      state: 'creating',
      spec: { type: 'openclaw', version: '2026.9.6', plan: 'standard', resources: { memoryBytes: 2 * GiB } },
    });
    expect(on.woken).toEqual([response.json<{ id: string }>().id]);
    expect(await reasons('acme')).toEqual(['Created']);
  });

  test('a second agent of a tenant gets a host of its own', async () => {
    const [main, hr] = [await on.client.createAgent({ ref: 'acme' }), await on.client.createAgent({ ref: 'acme/hr' })];
    expect([main.host, hr.host]).toEqual(['acme.localhost', 'acme-hr.localhost']);
    const tenants = (await on.app.inject({ url: '/v1/tenants', headers: asRoot })).json<{ items: unknown[] }>();
    expect(tenants.items).toMatchObject([{ name: 'acme', agents: ['hr', 'main'] }]);
  });

  test('the same again answers with the same agent and changes nothing', async () => {
    const request = { ref: 'acme', spec: { plan: 'small', identity: { soul: 'kind' } } };
    const first = await on.client.createAgent(request);
    on.woken.length = 0;
    expect(await on.client.createAgent(request)).toEqual(first);
    expect(await on.client.createAgent({ ref: 'acme' })).toEqual(first);
    expect(on.woken).toEqual([]);
  });

  test('two identical requests at the same moment make one agent', async () => {
    const made = await Promise.all([1, 2, 3].map(() => on.client.createAgent({ ref: 'acme' })));
    expect(new Set(made.map(({ id }) => id)).size).toBe(1);
  });

  test.each([
    [{ spec: { plan: 'standard' } }, 'spec.plan'],
    [{ spec: { version: '2026.9.7' } }, 'spec.version'],
    [{ spec: { resources: { memory: '1500m' } } }, 'spec.resources.memory'],
    [{ spec: { identity: { soul: 'rude' } } }, 'spec.identity.soul'],
    [{ spec: { model: { provider: 'qwen', name: 'qwen3-max' } } }, 'spec.model.baseUrl'],
    [{ spec: { config: { tools: {} } } }, 'spec.config'],
    [{ spec: { config: null } }, 'spec.config'],
    [{ modelKey: 'another' }, 'modelKey'],
  ])('the same name with other fields is a conflict that names the field: %j', async (other, field) => {
    await on.client.createAgent({
      ref: 'acme',
      spec: {
        plan: 'small',
        model: { provider: 'qwen', name: 'qwen3-max', baseUrl: 'http://qwen' },
        identity: { soul: 'kind' },
        config: { tools: { deny: ['exec'] } },
      },
      modelKey: 'sk-one',
    });
    await expect(on.client.createAgent({ ref: 'acme', ...other })).rejects.toMatchObject({
      kind: 'conflict',
      reason: 'DifferentSpec',
      field,
    });
    expect(await on.store.listManaged()).toHaveLength(1);
  });

  test('the same model key is no difference', async () => {
    const request = { ref: 'acme', spec: { model: { provider: 'qwen', name: 'qwen3-max' } }, modelKey: 'sk-one' };
    const first = await on.client.createAgent(request);
    expect(await on.client.createAgent(request)).toEqual(first);
  });

  test.each([
    [{ ref: 'Acme' }, 'invalid', 'ref'],
    [{ ref: 'acme/hr/x' }, 'invalid', 'ref'],
    [{ ref: 'console' }, 'invalid', 'ref'],
    [{ ref: '' }, 'invalid', 'ref'],
    [{}, 'invalid', 'ref'],
    [{ ref: 'acme', spec: { type: 'nanobot' } }, 'invalid', 'spec.type'],
    [{ ref: 'acme', spec: { version: 'latest' } }, 'invalid', 'spec.version'],
    [{ ref: 'acme', spec: { plan: 'constructor' } }, 'invalid', 'spec.plan'],
    [{ ref: 'acme', spec: { resources: { memory: 'much' } } }, 'invalid', 'spec.resources.memory'],
    [{ ref: 'acme', spec: { resources: { memory: '99999999999t' } }, force: true }, 'invalid', 'spec.resources.memory'],
    [{ ref: 'acme', spec: { resources: { memory: '512m' } } }, 'invalid', 'spec.resources.memory'],
    [{ ref: 'acme', spec: { resources: { cpus: -1 } } }, 'invalid', 'spec.resources.cpus'],
    [{ ref: 'acme', spec: { resources: { gpus: 1 } } }, 'invalid', 'spec.resources.gpus'],
    [{ ref: 'acme', spec: { suspended: true } }, 'invalid', 'spec.suspended'],
    [{ ref: 'acme', spec: { model: { provider: 'skynet', name: 'x' } } }, 'invalid', 'spec.model.provider'],
    [{ ref: 'acme', spec: { model: { provider: 'openai-compatible', name: 'x' } } }, 'invalid', 'spec.model.baseUrl'],
    [
      { ref: 'acme', spec: { model: { provider: 'openai-compatible', name: 'x', baseUrl: 'ftp://x' } } },
      'invalid',
      'spec.model.baseUrl',
    ],
    [{ ref: 'acme', spec: { model: { provider: 'qwen', name: 'x' } } }, 'invalid', 'modelKey'],
    [{ ref: 'acme', modelKey: 'sk-x' }, 'invalid', 'modelKey'],
    [{ ref: 'acme', spec: { model: { provider: 'qwen', name: 'x' } }, modelKey: 'two\nlines' }, 'invalid', 'modelKey'],
    [{ ref: 'acme', spec: { identity: { soul: 'unspeakable' } } }, 'invalid', 'spec.identity.soul'],
    [{ ref: 'acme', spec: { config: ['tools'] } }, 'invalid', 'spec.config'],
    [{ ref: 'acme', spec: { config: { tools: 'x'.repeat(33_000) } } }, 'invalid', 'spec.config'],
    [{ ref: 'acme', spec: { config: nested(18) } }, 'invalid', 'spec.config'],
    [{ ref: 'acme', spec: { config: nested(5000) } }, 'invalid', 'spec.config'],
    [{ ref: 'acme', spec: { plan: 'standard', resources: { memory: '64g' } } }, 'terminal', 'spec.resources.memory'],
  ])('nothing is made of %j', async (payload, kind, field) => {
    const response = await on.app.inject({ method: 'POST', url: '/v1/agents', headers: asRoot, payload });
    expect(response.json()).toMatchObject({ kind, field });
    expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(await on.store.listAgents({ limit: 10, deleted: true })).toMatchObject({ items: [] });
    expect(await on.store.listTenants()).toEqual([]);
    expect(on.woken).toEqual([]);
  });

  test('an unknown type is answered with the types there are', async () => {
    const error = await failure(on.client.createAgent({ ref: 'acme', spec: { type: 'nanobot' } }));
    expect(error).toMatchObject({ reason: 'UnknownType', remedy: 'Use one of: openclaw.' });
  });

  test('a host that another agent has is a conflict that names it', async () => {
    await on.client.createAgent({ ref: 'acme/hr' });
    const error = await failure(on.client.createAgent({ ref: 'acme-hr' }));
    expect(error).toMatchObject({ kind: 'conflict', reason: 'HostTaken', message: expect.stringContaining('acme/hr') });
  });

  test('agents are admitted as long as memory lasts, and beyond it only with force', async () => {
    on.host.bytes = 4 * GiB;
    const made = await Promise.all(
      Array.from({ length: 10 }, (_, n) => failure(on.client.createAgent({ ref: `t${n}` }))),
    );
    const refused = made.filter((result) => result instanceof Error);
    expect(refused).toHaveLength(8);
    expect(refused[0]).toMatchObject({ kind: 'terminal', reason: 'NotEnoughHostMemory' });
    await on.client.createAgent({ ref: 'forced', force: true });
    expect(await on.store.listManaged()).toHaveLength(3);
  });

  test('agents asked for at the same moment do not get the same memory', async () => {
    on.host.bytes = 3 * GiB;
    slowDown('listManaged');
    const made = await Promise.all(['one', 'two', 'three'].map((ref) => failure(on.client.createAgent({ ref }))));
    expect(made.filter((result) => result instanceof Error)).toHaveLength(2);
  });

  test('stopped agents take no memory from others', async () => {
    on.host.bytes = 3 * GiB;
    await on.client.createAgent({ ref: 'one' });
    expect(await failure(on.client.createAgent({ ref: 'two' }))).toMatchObject({ reason: 'NotEnoughHostMemory' });
    await on.client.stopAgent('one');
    await on.client.createAgent({ ref: 'two' });
  });
});

describe('idempotency keys', () => {
  test('the same key and request answer with the same agent, even when it was changed meanwhile', async () => {
    const first = await on.client.createAgent({ ref: 'acme', spec: { plan: 'small' } }, 'k-1');
    await on.client.updateAgent('acme', { spec: { plan: 'standard' } });
    const again = await on.client.createAgent({ ref: 'acme', spec: { plan: 'small' } }, 'k-1');
    expect(again).toMatchObject({ id: first.id, generation: 2 });
  });

  test('the same key with another request is a conflict', async () => {
    await on.client.createAgent({ ref: 'acme' }, 'k-1');
    expect(await failure(on.client.createAgent({ ref: 'other' }, 'k-1'))).toMatchObject({ reason: 'KeyReused' });
    expect(await on.store.listManaged()).toHaveLength(1);
  });

  test('keys of different people do not meet', async () => {
    await on.client.createAgent({ ref: 'acme' }, 'k-1');
    const person = await on.accounts.createFirst('zhao', 'correct horse');
    const { token } = await on.accounts.createToken(person.id, 'ci');
    const other = createClient(injectCall(on.app, { authorization: `Bearer ${token}` }));
    expect((await other.createAgent({ ref: 'other' }, 'k-1')).ref).toBe('other');
  });

  test('a key that is no word is refused', async () => {
    expect(await failure(on.client.createAgent({ ref: 'acme' }, 'two words'))).toMatchObject({
      field: 'idempotency-key',
    });
  });
});

describe('changing', () => {
  test('says what changed and leaves the rest', async () => {
    await on.client.createAgent({ ref: 'acme', spec: { identity: { soul: 'kind' } } });
    const after = await on.client.updateAgent('acme', { spec: { resources: { memory: '3g' } } });
    expect(after).toMatchObject({
      generation: 2,
      spec: { identity: { soul: 'kind' }, resources: { memoryBytes: 3 * GiB } },
    });
    const { items } = await on.client.events('acme');
    expect(items[0]).toMatchObject({ reason: 'SpecChanged', message: 'Changed: resources.memory', agent: 'acme' });
  });

  test('replaces settings of experts as a whole, and removes them', async () => {
    await on.client.createAgent({ ref: 'acme', spec: { config: { tools: { deny: ['exec'] } } } });
    const same = await on.client.updateAgent('acme', { spec: { config: { tools: { deny: ['exec'] } } } });
    expect(same.generation).toBe(1);
    const after = await on.client.updateAgent('acme', { spec: { config: { ui: { a: 1 } } } });
    expect(after).toMatchObject({ generation: 2, spec: { config: { ui: { a: 1 } } } });
    const { items } = await on.client.events('acme');
    expect(items[0]).toMatchObject({ reason: 'SpecChanged', message: 'Changed: config' });
    expect((await on.client.updateAgent('acme', { spec: { config: null } })).spec).not.toHaveProperty('config');
  });

  test('what is so already is success without a new generation', async () => {
    await on.client.createAgent({ ref: 'acme' });
    on.woken.length = 0;
    expect((await on.client.updateAgent('acme', { spec: { plan: 'standard' } })).generation).toBe(1);
    expect(on.woken).toEqual([]);
  });

  test('with If-Match, only the generation that was seen is changed', async () => {
    await on.client.createAgent({ ref: 'acme' });
    await on.client.updateAgent('acme', { spec: { plan: 'small' } }, 1);
    const error = await failure(on.client.updateAgent('acme', { spec: { plan: 'standard' } }, 1));
    expect(error).toMatchObject({ kind: 'conflict', reason: 'Changed' });
    expect((await on.client.getAgent('acme')).spec.plan).toBe('small');
  });

  test('without If-Match, changes at the same moment all count', async () => {
    await on.client.createAgent({ ref: 'acme' });
    slowDown('findAgent');
    await Promise.all([
      on.client.updateAgent('acme', { spec: { identity: { soul: 'a' } } }),
      on.client.updateAgent('acme', { spec: { identity: { memory: 'b' } } }),
      on.client.updateAgent('acme', { spec: { identity: { instructions: 'c' } } }),
    ]);
    expect((await on.client.getAgent('acme')).spec.identity).toEqual({ soul: 'a', memory: 'b', instructions: 'c' });
  });

  test.each([
    [{ version: '2026.9.7' }, 'terminal', 'UpgradeNotSupported', 'spec.version'],
    [{ type: 'nanobot' }, 'conflict', 'TypeIsFixed', 'spec.type'],
    [{ plan: 'huge' }, 'invalid', 'UnknownPlan', 'spec.plan'],
    [{ resources: { memory: '900m' } }, 'invalid', 'NotEnoughMemory', 'spec.resources.memory'],
    [{ resources: { memory: '64g' } }, 'terminal', 'NotEnoughHostMemory', 'spec.resources.memory'],
    [{ identity: { soul: 'unspeakable' } }, 'invalid', 'InvalidSoul', 'spec.identity.soul'],
    [{ model: { provider: 'qwen', name: 'x' } }, 'invalid', 'MissingModelKey', 'modelKey'],
  ])('%j is refused and nothing changes', async (spec, kind, reason, field) => {
    const before = await on.client.createAgent({ ref: 'acme' });
    expect(await failure(on.client.updateAgent('acme', { spec }))).toMatchObject({ kind, reason, field });
    expect(await on.client.getAgent('acme')).toEqual(before);
  });

  test('an agent that is not there is said with what to do', async () => {
    expect(await failure(on.client.updateAgent('nobody', { spec: {} }))).toMatchObject({
      kind: 'not-found',
      reason: 'AgentNotFound',
      remedy: expect.stringContaining('agentpod create nobody'),
    });
  });
});

describe('the model', () => {
  const qwen = { provider: 'qwen', name: 'qwen3-max' };
  const keyOf = async (ref: string) => {
    const agent = await on.store.findAgent({ tenant: ref, agent: 'main' });
    return agent && (await on.secrets.modelKey(agent))?.value;
  };

  test('is set together with its key, which opens for the agent', async () => {
    await on.client.createAgent({ ref: 'acme' });
    const after = await on.client.setModel('acme', { model: qwen, modelKey: 'sk-one' });
    expect(after).toMatchObject({ generation: 2, spec: { model: qwen } });
    expect(await keyOf('acme')).toBe('sk-one');
    expect(await reasons('acme')).toEqual(['ModelChanged', 'Created']);
  });

  test('keeps its key while the provider stays', async () => {
    await on.client.createAgent({ ref: 'acme', spec: { model: qwen }, modelKey: 'sk-one' });
    await on.client.setModel('acme', { model: { ...qwen, name: 'qwen-turbo' } });
    expect(await keyOf('acme')).toBe('sk-one');
  });

  test('a new key alone is a change, the same key is none', async () => {
    await on.client.createAgent({ ref: 'acme', spec: { model: qwen }, modelKey: 'sk-one' });
    expect((await on.client.setModel('acme', { model: qwen, modelKey: 'sk-one' })).generation).toBe(1);
    expect((await on.client.setModel('acme', { model: qwen, modelKey: 'sk-two' })).generation).toBe(2);
    expect(await keyOf('acme')).toBe('sk-two');
    expect((await on.client.events('acme')).items[0]?.message).toBe('The model key was replaced');
  });

  test('a key is never carried over to another provider', async () => {
    await on.client.createAgent({ ref: 'acme', spec: { model: qwen }, modelKey: 'sk-one' });
    const error = await failure(on.client.setModel('acme', { model: { provider: 'deepseek', name: 'deepseek-chat' } }));
    expect(error).toMatchObject({ reason: 'MissingModelKey', field: 'modelKey' });
    await on.client.setModel('acme', { model: { provider: 'demo', name: 'canned-reply' } });
    expect(await keyOf('acme')).toBeUndefined();
    expect(await failure(on.client.setModel('acme', { model: qwen }))).toMatchObject({ reason: 'MissingModelKey' });
  });

  test('an unknown provider is named as the request has it', async () => {
    await on.client.createAgent({ ref: 'acme' });
    const error = await failure(on.client.setModel('acme', { model: { provider: 'skynet', name: 'x' } }));
    expect(error).toMatchObject({ kind: 'invalid', field: 'model.provider' });
  });
});

describe('stopping, starting, restarting', () => {
  test('stop and start are changes of the spec, once', async () => {
    await on.client.createAgent({ ref: 'acme' });
    expect(await on.client.stopAgent('acme')).toMatchObject({ state: 'stopped', generation: 2 });
    expect(await on.client.stopAgent('acme')).toMatchObject({ generation: 2 });
    expect(await on.client.startAgent('acme')).toMatchObject({ state: 'creating', generation: 3 });
    expect(await on.client.startAgent('acme')).toMatchObject({ generation: 3 });
    expect(await reasons('acme')).toEqual(['StartRequested', 'StopRequested', 'Created']);
  });

  test('a restart is recorded and is no change of the spec', async () => {
    const { id } = await on.client.createAgent({ ref: 'acme' });
    on.woken.length = 0;
    expect(await on.client.restartAgent('acme')).toMatchObject({ generation: 1 });
    expect((await on.store.getAgent(id))?.recorded.restartRequestedAt).toBe(on.clock.now());
    expect(on.woken).toEqual([id]);
  });

  test('what is stopped cannot be restarted', async () => {
    await on.client.createAgent({ ref: 'acme' });
    await on.client.stopAgent('acme');
    expect(await failure(on.client.restartAgent('acme'))).toMatchObject({ kind: 'conflict', reason: 'Stopped' });
  });
});

describe('deleting', () => {
  const finish = async (id: string) => {
    await on.store.releaseBlock(id);
    await on.store.finishDeletion(id, on.clock.now());
  };

  test('an agent on its way out takes no more changes, but its deletion can be taken back', async () => {
    await on.client.createAgent({ ref: 'acme' });
    expect(await on.client.deleteAgent('acme')).toMatchObject({ state: 'deleting' });
    expect(await failure(on.client.startAgent('acme'))).toMatchObject({ kind: 'conflict', reason: 'BeingDeleted' });
    expect(await failure(on.client.createAgent({ ref: 'acme' }))).toMatchObject({
      reason: 'BeingDeleted',
      field: 'ref',
    });
    expect(await on.client.undeleteAgent('acme')).toMatchObject({ state: 'creating' });
  });

  test('asking again is success', async () => {
    await on.client.createAgent({ ref: 'acme' });
    await on.client.deleteAgent('acme');
    on.woken.length = 0;
    await on.client.deleteAgent('acme');
    expect(on.woken).toEqual([]);
    expect(await reasons('acme')).toEqual(['DeleteRequested', 'Created']);
  });

  test('a deleted agent is shown, named in the remedy, and comes back', async () => {
    const { id } = await on.client.createAgent({ ref: 'acme' });
    await on.client.deleteAgent('acme');
    await finish(id);
    expect((await on.client.getAgent('acme')).deletedAt).toBeDefined();
    expect((await on.client.listAgents()).items).toEqual([]);
    expect((await on.client.listAgents({ deleted: true })).items).toHaveLength(1);
    expect(await failure(on.client.stopAgent('acme'))).toMatchObject({
      kind: 'not-found',
      remedy: expect.stringContaining('agentpod undelete acme'),
    });
    expect(await on.client.undeleteAgent('acme')).toMatchObject({ id });
  });

  test('an agent made again under an old name finds no key of the old one', async () => {
    const model = { provider: 'qwen', name: 'qwen3-max' };
    const old = await on.client.createAgent({ ref: 'acme', spec: { model }, modelKey: 'sk-old' });
    await on.client.createAgent({ ref: 'acme/hr' });
    await on.client.deleteAgent('acme');
    await finish(old.id);
    const fresh = await on.client.createAgent({ ref: 'acme', spec: { model }, modelKey: 'sk-new' });
    expect(fresh.id).not.toBe(old.id);
    await on.client.deleteAgent('acme', { purge: true });
    await finish(fresh.id);
    await on.client.undeleteAgent('acme');
    const back = await on.store.getAgent(old.id);
    expect(back && (await on.secrets.modelKey(back))?.value).toBe('sk-old');
  });

  test('a purge goes through with what an earlier deletion kept, and leaves nothing', async () => {
    const { id } = await on.client.createAgent({ ref: 'acme' });
    await on.client.deleteAgent('acme');
    await finish(id);
    await on.client.deleteAgent('acme', { purge: true });
    await finish(id);
    expect(await failure(on.client.getAgent('acme'))).toMatchObject({ kind: 'not-found' });
    expect(await failure(on.client.undeleteAgent('acme'))).toMatchObject({ reason: 'NothingDeleted' });
  });

  test('what is being purged does not come back', async () => {
    await on.client.createAgent({ ref: 'acme' });
    await on.client.deleteAgent('acme', { purge: true });
    expect(await failure(on.client.undeleteAgent('acme'))).toMatchObject({ kind: 'conflict', reason: 'BeingPurged' });
  });

  test('where nothing was deleted there is nothing to bring back', async () => {
    await on.client.createAgent({ ref: 'acme' });
    expect(await failure(on.client.undeleteAgent('acme'))).toMatchObject({
      kind: 'not-found',
      reason: 'NothingDeleted',
    });
  });
});

describe('listing', () => {
  test('goes page by page', async () => {
    for (const ref of ['a', 'b', 'c']) await on.client.createAgent({ ref });
    const first = await on.client.listAgents({ limit: 2 });
    expect(first.items.map(({ ref }) => ref)).toEqual(['a', 'b']);
    const second = await on.client.listAgents({ limit: 2, cursor: first.nextCursor ?? '' });
    expect(second).toMatchObject({ items: [{ ref: 'c' }] });
    expect(second.nextCursor).toBeUndefined();
    expect((await on.client.listAgents({ tenant: 'b' })).items).toHaveLength(1);
  });

  test.each(['limit=0', 'limit=many', 'cursor=made-up', 'deleted=perhaps', 'colour=red'])(
    'refuses ?%s',
    async (query) => {
      const response = await on.app.inject({ url: `/v1/agents?${query}`, headers: asRoot });
      expect(response.statusCode).toBe(400);
      expect(response.json()).toMatchObject({ kind: 'invalid', field: query.split('=')[0] });
    },
  );
});

describe('talking', () => {
  test('a running agent answers', async () => {
    const { id } = await on.client.createAgent({ ref: 'acme' });
    await makeRunning(on.store, id);
    expect(await on.client.chat('acme', { message: 'ping' })).toEqual({ reply: 'you said ping', milliseconds: 0 });
  });

  test('an agent that does not run cannot, and its state is said', async () => {
    await on.client.createAgent({ ref: 'acme' });
    expect(await failure(on.client.chat('acme', { message: 'ping' }))).toMatchObject({
      kind: 'conflict',
      reason: 'NotRunning',
      message: expect.stringContaining('creating'),
    });
  });

  test('a reply that does not come is waited for no longer than asked', async () => {
    const { id } = await on.client.createAgent({ ref: 'acme' });
    await makeRunning(on.store, id);
    const asked = Promise.withResolvers<void>();
    on.driver.reply = (_endpoint, _turn, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
        asked.resolve();
      });
    const reply = failure(on.client.chat('acme', { message: 'ping', timeoutSeconds: 5 }));
    await asked.promise;
    await on.clock.advance(5000);
    expect(await reply).toMatchObject({ kind: 'unavailable', reason: 'ChatTimedOut' });
  });

  test('the reply never holds a credential of the agent', async () => {
    const { id } = await on.client.createAgent({ ref: 'acme' });
    await makeRunning(on.store, id);
    on.driver.reply = async ({ credentials }) =>
      `my key is ${credentials.virtualKey}, who is ${credentials.controlUser}?`;
    const { reply } = await on.client.chat('acme', { message: 'ping' });
    expect(reply).toBe('my key is [redacted], who is [redacted]?');
  });

  test('neither does the reason why there is no reply', async () => {
    const { id } = await on.client.createAgent({ ref: 'acme' });
    await makeRunning(on.store, id);
    on.driver.reply = async ({ credentials }) => {
      throw new AppError('unavailable', 'ChatFailed', `refused for ${credentials.controlUser}`);
    };
    expect(await failure(on.client.chat('acme', { message: 'ping' }))).toMatchObject({
      reason: 'ChatFailed',
      message: 'refused for [redacted]',
    });
    expect(on.logged.join('')).toContain('refused for [redacted]');
  });
});

function nested(levels: number): object {
  let value: object = {};
  for (let level = 1; level < levels; level++) value = { a: value };
  return value;
}
