import { describe, expect, test } from 'vitest';
import { aComingAgent, aCondition, anAgentView } from '../testing/agent-views.ts';
import { served } from '../testing/served.ts';
import { fails, streams, watches } from '../testing/stub-server.ts';
import { agentpod } from '../testing/terminal.ts';

const serve = served();
const base = '/v1/agents/acme/main';
const suspended = (reason: string, differences = {}) =>
  anAgentView({
    state: 'stopped',
    generation: 2,
    spec: { ...anAgentView().spec, suspended: true },
    status: {
      observedGeneration: 2,
      conditions: [aCondition('Running', { status: 'False', reason, observedGeneration: 2 })],
    },
    ...differences,
  });
const startedAt = (time: string, done = 7) => {
  const agent = aComingAgent(done, { state: done === 7 ? 'ready' : 'starting' });
  return {
    ...agent,
    status: { ...agent.status, instance: { name: 'i', state: 'running', startedAt: time, image: 'x', restarts: 0 } },
  };
};

describe('stop, start, restart, undelete', () => {
  test.each([
    ['stop', 'agentpod start acme'],
    ['start', '--wait'],
    ['restart', '--wait'],
    ['undelete', '--wait'],
  ])('%s asks the server and says what comes next', async (verb, next) => {
    const { url, requests } = await serve({
      [`GET ${base}`]: () => anAgentView(),
      [`POST ${base}/${verb}`]: () => anAgentView(),
    });
    const { exitCode, stdout } = await agentpod([verb, 'acme'], { url });
    expect(exitCode).toBe(0);
    expect(stdout).toContain(next);
    expect(requests.at(-1)).toMatchObject({ method: 'POST', path: `${base}/${verb}` });
  });

  test('stop --wait waits until the container is seen down, not until it was asked to be', async () => {
    const { url } = await serve({
      [`GET ${base}`]: () => suspended('Stopping'),
      [`POST ${base}/stop`]: () => suspended('Stopping'),
      'GET /v1/watch': watches([suspended('Stopping'), suspended('Suspended')]),
    });
    const { exitCode, stdout } = await agentpod(['stop', 'acme', '--wait', '--json'], { url });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ status: { conditions: [{ reason: 'Suspended' }] } });
  });

  test('restart --wait takes only a newer start for one', async () => {
    const before = startedAt('2026-11-01T00:00:00.123456789Z');
    const after = startedAt('2026-11-01T00:04:00.123456789Z');
    const { url } = await serve({
      [`GET ${base}`]: () => before,
      [`POST ${base}/restart`]: () => before,
      'GET /v1/watch': watches([before, startedAt('2026-11-01T00:04:00.123456789Z', 3), after]),
    });
    const { exitCode, stdout } = await agentpod(['restart', 'acme', '--wait', '--json'], { url });
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual(after);
  });

  test('restart --wait of a stalled agent does not give up on the old stall', async () => {
    const stalled = (agent: ReturnType<typeof startedAt>) => {
      agent.status.conditions.push(aCondition('Stalled', { reason: 'CrashLoop', message: 'it crashes' }));
      return agent;
    };
    const before = stalled(startedAt('2026-11-01T00:00:00Z', 2));
    const { url } = await serve({
      [`GET ${base}`]: () => before,
      [`POST ${base}/restart`]: () => before,
      'GET /v1/watch': watches([before, startedAt('2026-11-01T00:04:00Z')]),
    });
    expect(await agentpod(['restart', 'acme', '--wait'], { url })).toMatchObject({ exitCode: 0 });

    const again = await serve({
      [`GET ${base}`]: () => before,
      [`POST ${base}/restart`]: () => before,
      'GET /v1/watch': watches([before, stalled(startedAt('2026-11-01T00:04:00Z', 2))]),
    });
    expect(await agentpod(['restart', 'acme', '--wait'], { url: again.url })).toMatchObject({ exitCode: 6 });
  });
});

describe('delete', () => {
  const routes = { [`GET ${base}`]: () => anAgentView(), [`DELETE ${base}`]: () => anAgentView({ state: 'deleting' }) };

  test('without a person to ask it needs --yes, and nothing is deleted', async () => {
    const { url, requests } = await serve(routes);
    const { exitCode, stderr } = await agentpod(['delete', 'acme'], { url });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('Say --yes');
    expect(requests.some(({ method }) => method === 'DELETE')).toBe(false);
  });

  test('--yes deletes, keeps the data and says how to bring it back', async () => {
    const { url, requests } = await serve(routes);
    const { exitCode, stdout } = await agentpod(['rm', 'acme', '--yes'], { url });
    expect(exitCode).toBe(0);
    expect(stdout).toContain('its data is kept. Bring it back: agentpod undelete acme');
    expect(requests.at(-1)).toMatchObject({ method: 'DELETE', path: `${base}?purge=false` });
  });

  test('--purge is said to the server', async () => {
    const { url, requests } = await serve(routes);
    const { stdout } = await agentpod(['delete', 'acme', '--yes', '--purge'], { url });
    expect(stdout).toContain('for ever');
    expect(requests.at(-1)?.path).toBe(`${base}?purge=true`);
  });

  test.each([
    ['y', 0, true],
    ['n', 2, false],
    ['\r', 2, false],
    ['\u0003', 2, false],
  ])('a person who answers %j', async (stdin, exit, deleted) => {
    const { url, requests } = await serve(routes);
    const { exitCode } = await agentpod(['delete', 'acme'], { url, tty: true, stdin });
    expect(exitCode).toBe(exit);
    expect(requests.some(({ method }) => method === 'DELETE')).toBe(deleted);
  });

  test('what is not there is exit 3, before anybody is asked', async () => {
    const { url } = await serve({ [`GET ${base}`]: fails('not-found', 'NoSuchAgent', 'there is no acme') });
    expect(await agentpod(['delete', 'acme'], { url, tty: true })).toMatchObject({ exitCode: 3 });
  });

  test('--wait ends when it is deleted, or gone altogether', async () => {
    const { url } = await serve({
      ...routes,
      'GET /v1/watch': watches([anAgentView({ state: 'deleting' }), anAgentView({ state: 'deleted' })]),
    });
    expect(await agentpod(['delete', 'acme', '--yes', '--wait'], { url })).toMatchObject({ exitCode: 0 });
    const over = { ...routes, 'GET /v1/watch': watches([]), [`GET ${base}`]: () => anAgentView({ state: 'deleted' }) };
    const { url: done } = await serve(over);
    const hurry = 1;
    expect(await agentpod(['delete', 'acme', '--yes', '--wait'], { url: done, hurry })).toMatchObject({ exitCode: 0 });
    const gone = await serve({ ...routes, 'GET /v1/watch': streams([{ type: 'gone', id: anAgentView().id }]) });
    expect(await agentpod(['delete', 'acme', '--yes', '--purge', '--wait'], { url: gone.url })).toMatchObject({
      exitCode: 0,
    });
  });
});

describe('model', () => {
  const withKey = anAgentView({
    spec: { ...anAgentView().spec, model: { provider: 'qwen', name: 'qwen3-max', key: { secret: 'secret-name' } } },
  });

  test('set sends model and key, and shows neither the key nor its name', async () => {
    const { url, requests } = await serve({ [`PUT ${base}/model`]: () => withKey });
    const argv = ['model', 'set', 'acme', 'qwen/qwen3-max', '--key-file', '-', '--base-url', 'https://m.example/v1'];
    const { exitCode, stdout, stderr } = await agentpod(argv, { url, stdin: 'sk-planted\n' });
    expect(exitCode).toBe(0);
    expect(requests.at(-1)?.body).toEqual({
      model: { provider: 'qwen', name: 'qwen3-max', baseUrl: 'https://m.example/v1' },
      modelKey: 'sk-planted',
    });
    expect(stdout).toContain('key set');
    expect(stdout + stderr).not.toMatch(/sk-planted|secret-name/);
  });

  test('set --wait waits for the generation it made', async () => {
    const changed = { ...withKey, generation: 2 };
    const applied = {
      ...changed,
      status: { observedGeneration: 2, conditions: [aCondition('Ready', { observedGeneration: 2 })] },
    };
    const { url } = await serve({
      [`GET ${base}`]: () => changed,
      [`PUT ${base}/model`]: () => changed,
      'GET /v1/watch': watches([withKey, changed, applied]),
    });
    expect(await agentpod(['model', 'set', 'acme', 'qwen/qwen3-max', '--wait'], { url })).toMatchObject({
      exitCode: 0,
    });
  });

  test('show tells whether there is a key, never which', async () => {
    const { url } = await serve({ [`GET ${base}`]: () => withKey });
    const { stdout } = await agentpod(['model', 'show', 'acme', '--json'], { url });
    expect(JSON.parse(stdout)).toEqual({ provider: 'qwen', name: 'qwen3-max', keySet: true });
  });
});
