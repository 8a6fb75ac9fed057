import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AppUnderTest, asRoot, makeRunning, startApp } from './app-under-test.ts';

let on: AppUnderTest;
beforeEach(async () => {
  on = await startApp();
});
afterEach(async () => {
  await on.stop();
});

describe('what cannot be understood', () => {
  const json = { ...asRoot, 'content-type': 'application/json' };

  test.each([
    ['nothing there', { method: 'GET', url: '/v1/nothing' }, 404, 'NoSuchRoute'],
    ['another method', { method: 'PUT', url: '/v1/agents' }, 404, 'NoSuchRoute'],
    [
      'no JSON',
      { method: 'POST', url: '/v1/agents', payload: '{"ref": sk-secret', headers: json },
      400,
      'MalformedJson',
    ],
    ['an empty body', { method: 'POST', url: '/v1/agents', payload: '', headers: json }, 400, 'MalformedJson'],
    [
      'a form',
      {
        method: 'POST',
        url: '/v1/agents',
        payload: 'ref=a',
        headers: { ...asRoot, 'content-type': 'application/x-www-form-urlencoded' },
      },
      415,
      'NotJson',
    ],
    [
      'plain text',
      { method: 'POST', url: '/v1/agents', payload: '{}', headers: { ...asRoot, 'content-type': 'text/plain' } },
      415,
      'NotJson',
    ],
    [
      'too much',
      { method: 'POST', url: '/v1/agents', payload: JSON.stringify({ ref: 'x'.repeat(300_000) }), headers: json },
      413,
      'BodyTooLarge',
    ],
    [
      'a poisoned object',
      { method: 'POST', url: '/v1/agents', payload: '{"__proto__": {"x": 1}}', headers: json },
      400,
      'MalformedJson',
    ],
    ['a broken URL', { method: 'GET', url: '/v1/agents/%zz/main' }, 400, 'BadUrl'],
    ['no name', { method: 'GET', url: '/v1/agents/ACME/main', headers: asRoot }, 400, 'InvalidRequest'],
    [
      'no generation',
      { method: 'PATCH', url: '/v1/agents/acme/main', payload: { spec: {} }, headers: { ...asRoot, 'if-match': '1' } },
      400,
      'InvalidRequest',
    ],
  ] as const)('%s is a problem with a reason', async (_name, request, status, reason) => {
    const response = await on.app.inject(request);
    expect(response.statusCode).toBe(status);
    expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(response.json()).toMatchObject({ status, reason });
    expect(response.body).not.toContain('sk-secret');
  });

  test('a bug says nothing of itself, except in the log', async () => {
    await on.stop();
    on = await startApp({
      services: {
        system: () => Promise.reject(new Error('the password is hunter2')),
      },
    });
    const response = await on.app.inject({ url: '/v1/system', headers: asRoot });
    expect(response.statusCode).toBe(500);
    expect(response.json()).toMatchObject({ kind: 'bug', detail: expect.not.stringContaining('hunter2') });
    expect(on.logged.join('')).toContain('hunter2');
  });

  test('an answer that is not what the contract says is a bug and does not leave', async () => {
    await on.stop();
    on = await startApp({
      services: { examine: async () => [{ name: 'x', status: 'splendid' as 'ok', message: 'hunter2' }] },
    });
    const response = await on.app.inject({ url: '/v1/doctor', headers: asRoot });
    expect(response.statusCode).toBe(500);
    expect(response.body).not.toContain('hunter2');
  });

  test('whatever JSON is sent wherever, the server does not fail', async () => {
    const { id } = await on.client.createAgent({ ref: 'acme' });
    await makeRunning(on.store, id);
    const targets = fc.constantFrom(
      ['POST', '/v1/agents'],
      ['PATCH', '/v1/agents/acme/main'],
      ['PUT', '/v1/agents/acme/main/model'],
      ['POST', '/v1/agents/acme/main/chat'],
      ['POST', '/v1/tokens'],
      ['POST', '/v1/agents/acme/main/stop'],
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('acme', 'demo', 'qwen', '2g', '0', '9e99', 'constructor', '__proto__'),
    );
    const almost = fc.record(
      {
        ref: text,
        message: text,
        name: text,
        modelKey: text,
        force: fc.boolean(),
        model: fc.record({ provider: text, name: text, baseUrl: text }, { requiredKeys: [] }),
        spec: fc.record(
          {
            plan: text,
            version: text,
            resources: fc.record(
              { memory: fc.oneof(text, fc.double(), fc.integer()), cpus: fc.double() },
              { requiredKeys: [] },
            ),
            model: fc.record({ provider: text, name: text }),
            identity: fc.record({ soul: text }),
          },
          { requiredKeys: [] },
        ),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(targets, fc.oneof(fc.jsonValue(), almost), async ([method, url], body) => {
        const response = await on.app.inject({
          method: method as 'POST',
          url,
          headers: { ...asRoot, 'content-type': 'application/json' },
          payload: JSON.stringify(body),
        });
        expect([response.statusCode, response.body]).toSatisfy(([status]: [number]) => status < 500);
      }),
      { numRuns: 500 },
    );
  }, 60_000);
});

describe('what nobody may see', () => {
  test('keys, credentials, passwords and tokens are in no answer and no log line', async () => {
    const planted = { modelKey: 'sk-planted-model-key', password: 'planted password' };
    const answers: string[] = [];
    const ask = async (method: string, url: string, payload?: object, headers: Record<string, string> = asRoot) => {
      const response = await on.app.inject({ method: method as 'GET', url, headers, ...(payload ? { payload } : {}) });
      answers.push(response.body, JSON.stringify({ ...response.headers, 'set-cookie': '' }));
      return response;
    };
    const link = (await on.app.inject({ method: 'POST', url: '/v1/setup/link', headers: asRoot })).json<{
      url: string;
    }>();
    const setupToken = new URL(link.url).hash.slice('#token='.length);
    const setup = await ask(
      'POST',
      '/v1/setup',
      { token: setupToken, username: 'zhao', password: planted.password },
      {},
    );
    const session = setup.cookies[0]?.value ?? 'none';
    const model = { provider: 'qwen', name: 'qwen3-max' };
    const created = await ask('POST', '/v1/agents', { ref: 'acme', spec: { model }, modelKey: planted.modelKey });
    const { id } = created.json<{ id: string }>();
    await makeRunning(on.store, id);
    const own = await on.credentials.of({ id });
    on.runtime.read = async function* read() {
      yield { stream: 'stdout', line: `config: ${JSON.stringify(own)}` };
    };
    await ask('POST', '/v1/session', { username: 'zhao', password: `${planted.password}!` }, {});
    await ask('PUT', '/v1/agents/acme/main/model', { model, modelKey: `${planted.modelKey}-2` });
    await ask('POST', '/v1/agents', { ref: 'acme', modelKey: `${planted.modelKey}-3` });
    await ask('POST', '/v1/agents', { ref: 'acme', modelKey: { wrong: planted.modelKey } });
    for (const path of ['', '/events', '/logs']) await ask('GET', `/v1/agents/acme/main${path}`);
    for (const path of ['agents', 'tenants', 'system', 'doctor', 'session', `agents?cursor=${planted.modelKey}`]) {
      await ask('GET', `/v1/${path}`);
    }
    const { ingressUser, ...secret } = own;
    const everything = answers.join('\n') + on.logged.join('\n');
    expect(everything).toContain(ingressUser);
    for (const value of [
      planted.modelKey,
      planted.password,
      setupToken,
      session,
      asRoot.authorization.slice(7),
      ...Object.values(secret),
    ]) {
      expect(everything).not.toContain(value);
    }
  });

  test('a request is one log line, with its route and without its query', async () => {
    await on.app.inject({ url: '/v1/agents?tenant=hunter2', headers: asRoot });
    const lines = on.logged.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toMatchObject([{ msg: 'request', method: 'GET', route: '/v1/agents', status: 200, who: 'root' }]);
    expect(on.logged.join('')).not.toContain('hunter2');
  });
});

describe('health', () => {
  test('the process is alive and its store can be read', async () => {
    expect((await on.app.inject('/healthz')).json()).toEqual({ status: 'ok' });
    expect((await on.app.inject('/readyz')).json()).toEqual({ status: 'ok' });
  });

  test('a store that cannot be read makes it not ready, but alive', async () => {
    await on.stop();
    on = await startApp({ services: { ping: () => Promise.reject(new Error('disk I/O error')) } });
    expect((await on.app.inject('/readyz')).json()).toMatchObject({ status: 503, reason: 'StoreUnavailable' });
    expect((await on.app.inject('/healthz')).statusCode).toBe(200);
  });
});

describe('the OpenAPI document', () => {
  interface Document {
    openapi: string;
    paths: Record<string, Record<string, { summary?: string; responses: Record<string, unknown> }>>;
  }

  test('describes every operation of the API with its answers and problems', async () => {
    const document = (await on.app.inject('/openapi.json')).json<Document>();
    expect(document.openapi).toBe('3.1.0');
    const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
    );
    expect(operations.length).toBeGreaterThan(25);
    for (const { path, method, summary, responses } of operations) {
      expect(summary, `${method} ${path}`).toBeTruthy();
      expect(Object.keys(responses), `${method} ${path}`).toEqual(expect.arrayContaining(['4XX', '5XX']));
    }
    expect(JSON.stringify(document.paths['/v1/agents']?.['post'])).toContain('"writeOnly":true');
    expect(document.paths).not.toHaveProperty('/handover');
  });
});

describe('the dashboard', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dashboard-'));
    mkdirSync(join(folder, 'assets'));
    writeFileSync(join(folder, 'index.html'), '<!doctype html><title>AgentPod</title>');
    writeFileSync(join(folder, 'assets', 'index-abc123.js'), 'export {};');
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  test('is one page for all its addresses, and nothing else is', async () => {
    await on.stop();
    on = await startApp({ options: { dashboard: folder } });
    for (const url of ['/', '/login', '/setup', '/agents/acme/hr', '/login?next=%2F']) {
      const response = await on.app.inject(url);
      expect(response.body).toContain('<title>AgentPod</title>');
      expect(response.headers['cache-control']).toBe('no-cache');
      const policy = String(response.headers['content-security-policy']);
      expect(policy).toContain("script-src 'self';");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toContain('upgrade-insecure-requests');
    }
    const script = await on.app.inject('/assets/index-abc123.js');
    expect(script.headers['cache-control']).toContain('immutable');
    for (const url of ['/nothing', '/assets/../../etc/passwd', '/assets/..%2findex.html', '/assets']) {
      expect((await on.app.inject(url)).json()).toMatchObject({ reason: 'NoSuchRoute' });
    }
  });

  test('may be missing', async () => {
    await on.stop();
    on = await startApp({ options: { dashboard: join(folder, 'not-built') } });
    expect((await on.app.inject('/')).json()).toMatchObject({ reason: 'NoSuchRoute' });
    expect((await on.app.inject('/healthz')).statusCode).toBe(200);
  });
});
