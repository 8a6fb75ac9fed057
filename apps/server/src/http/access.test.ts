import { createClient } from '@agentpod/core';
import type { InjectOptions } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AppUnderTest, consoleUrl, injectCall, startApp } from './app-under-test.ts';

let on: AppUnderTest;
beforeEach(async () => {
  on = await startApp();
});
afterEach(async () => {
  await on.stop();
});

const cookieName = 'agentpod-console';
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => 'succeeded',
    (error: unknown) => error,
  );

const linkToken = async () => new URL((await on.client.setupLink()).url).hash.replace('#token=', '');

/** Makes the first account and answers with the headers of its browser. */
async function browser(): Promise<{ cookie: string; origin: string }> {
  const response = await on.app.inject({
    method: 'POST',
    url: '/v1/setup',
    payload: { token: await linkToken(), username: 'zhao', password: 'correct horse' },
  });
  expect(response.statusCode).toBe(200);
  return { cookie: `${cookieName}=${response.cookies[0]?.value ?? ''}`, origin: consoleUrl };
}

describe('who gets in', () => {
  /** Everything that answers to strangers. Whatever is not here must refuse them. */
  const open = new Set([
    'GET /healthz',
    'GET /readyz',
    'GET /openapi.json',
    'GET /v1/setup',
    'POST /v1/setup',
    'POST /v1/session',
    'DELETE /v1/session',
    'GET /handover',
  ]);

  test('no other route is reachable without credentials, or with wrong ones', async () => {
    const routes = routesOf(on);
    expect(routes.length).toBeGreaterThan(25);
    expect(routes.filter((route) => open.has(route)).toSorted()).toEqual([...open].toSorted());
    for (const route of routes.filter((candidate) => !open.has(candidate))) {
      const [method, url] = route.split(' ') as ['GET', string];
      const path = url.replace(':tenant', 'acme').replace(':agent', 'main').replace(':id', 'x');
      const wrong = [
        {},
        { authorization: 'Bearer wrong' },
        { authorization: 'Basic cm9vdDo=' },
        { cookie: `${cookieName}=wrong` },
      ];
      for (const headers of wrong) {
        const response = await on.app.inject({ method, url: path, headers });
        expect(`${route} ${response.statusCode}`).toBe(`${route} 401`);
        expect(response.json()).toMatchObject({ kind: 'unauthorized' });
        expect(response.headers['www-authenticate']).toBe('Bearer');
      }
    }
  });

  test('the root token of the machine lets in as root', async () => {
    expect(await on.client.me()).toEqual({ id: 'root', username: 'root', via: 'token' });
  });

  test('an API token lets in as its owner until it is revoked', async () => {
    const headers = await browser();
    const made = await on.app.inject({ method: 'POST', url: '/v1/tokens', headers, payload: { name: 'ci' } });
    expect(made.statusCode).toBe(201);
    const { id, token } = made.json<{ id: string; token: string }>();
    const client = createClient(injectCall(on.app, { authorization: `Bearer ${token}` }));
    expect(await client.me()).toMatchObject({ username: 'zhao', via: 'token' });
    const listed = await client.listTokens();
    expect(listed.items).toMatchObject([{ id, name: 'ci' }]);
    expect(JSON.stringify(listed)).not.toContain(token);
    await client.revokeToken(id);
    expect(await failure(client.me())).toMatchObject({ kind: 'unauthorized', reason: 'InvalidToken' });
  });

  test('root owns no API tokens: before the first account there is nobody to own one', async () => {
    expect(await failure(on.client.createToken('ci'))).toMatchObject({ kind: 'conflict', reason: 'NotSetUp' });
  });

  test('root looks after the tokens of the first account', async () => {
    await browser();
    const { id, token } = await on.client.createToken('ci');
    const client = createClient(injectCall(on.app, { authorization: `Bearer ${token}` }));
    expect(await client.me()).toMatchObject({ username: 'zhao', via: 'token' });
    expect((await on.client.listTokens()).items).toMatchObject([{ id, name: 'ci' }]);
    await on.client.revokeToken(id);
    expect(await failure(client.me())).toMatchObject({ kind: 'unauthorized' });
  });

  test('a wrong token is not made good by a cookie', async () => {
    const { cookie } = await browser();
    const headers = { cookie, authorization: 'Bearer wrong' };
    expect((await on.app.inject({ url: '/v1/session', headers })).statusCode).toBe(401);
  });
});

describe('changes by cookie', () => {
  const create = (headers: Record<string, string>): InjectOptions => ({
    method: 'POST',
    url: '/v1/agents',
    headers,
    payload: { ref: 'acme' },
  });

  test('come from the console itself', async () => {
    const { cookie, origin } = await browser();
    expect((await on.app.inject(create({ cookie, origin }))).statusCode).toBe(202);
    expect((await on.app.inject(create({ cookie, 'sec-fetch-site': 'same-origin' }))).statusCode).toBe(202);
  });

  test.each([
    {},
    { origin: 'http://acme.localhost' },
    { origin: 'null' },
    { origin: 'http://console.localhost.evil.example' },
    { origin: 'http://acme.localhost', 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'none' },
    { 'sec-fetch-site': 'cross-site' },
  ])('are refused otherwise: %j', async (from) => {
    const { cookie } = await browser();
    const response = await on.app.inject(create({ cookie, ...from }));
    expect(response.statusCode).toBe(403);
    expect(response.json()).toMatchObject({ reason: 'CrossSite' });
    expect(await on.store.listManaged()).toEqual([]);
  });

  test('reading needs no origin', async () => {
    const { cookie } = await browser();
    expect((await on.app.inject({ url: '/v1/agents', headers: { cookie } })).statusCode).toBe(200);
  });
});

describe('setting up', () => {
  const account = { username: 'zhao', password: 'correct horse' };
  const setUp = (token: string, extra: Record<string, string> = {}) =>
    on.app.inject({ method: 'POST', url: '/v1/setup', headers: extra, payload: { token, ...account } });

  test('makes the first account and logs it in', async () => {
    expect(await on.client.setupState()).toEqual({ done: false });
    const headers = await browser();
    expect(await on.client.setupState()).toEqual({ done: true });
    expect((await on.app.inject({ url: '/v1/session', headers })).json()).toMatchObject({
      username: 'zhao',
      via: 'session',
    });
  });

  test('the link carries its token in the fragment and the store only its hash', async () => {
    const { url, expiresAt } = await on.client.setupLink();
    expect(url).toMatch(/^http:\/\/console\.localhost\/setup#token=[\w-]{43}$/);
    expect(Date.parse(expiresAt) - on.clock.now()).toBe(24 * 3_600_000);
    expect(await on.store.getSetting('setup-link')).not.toContain(new URL(url).hash.slice(7));
  });

  test('a link works once', async () => {
    const token = await linkToken();
    expect((await setUp(token)).statusCode).toBe(200);
    expect((await setUp(token)).json()).toMatchObject({ kind: 'conflict', reason: 'AlreadySetUp' });
    expect(await on.accounts.listPeople()).toHaveLength(1);
  });

  test('only one of two people with the same link gets the account', async () => {
    const token = await linkToken();
    const both = await Promise.all([setUp(token), setUp(token)]);
    expect(both.map(({ statusCode }) => String(statusCode)).toSorted()).toEqual(['200', '409']);
    expect(await on.accounts.listPeople()).toHaveLength(1);
  });

  test('a wrong token, an old one and one that was replaced are refused', async () => {
    const refused = { kind: 'forbidden', reason: 'InvalidSetupLink' };
    expect((await setUp('')).json()).toMatchObject(refused);
    const first = await linkToken();
    const second = await linkToken();
    expect((await setUp(first)).json()).toMatchObject(refused);
    await on.clock.advance(24 * 3_600_000);
    expect((await setUp(second)).json()).toMatchObject(refused);
    expect(await on.accounts.isSetUp()).toBe(false);
  });

  test('another site cannot make the browser do it', async () => {
    const response = await setUp(await linkToken(), { origin: 'http://acme.localhost' });
    expect(response.json()).toMatchObject({ kind: 'forbidden', reason: 'CrossSite' });
  });

  test('only root gets a link, and only before the first account exists', async () => {
    const headers = await browser();
    const asked = await on.app.inject({ method: 'POST', url: '/v1/setup/link', headers });
    expect(asked.json()).toMatchObject({ kind: 'forbidden', reason: 'RootOnly' });
    expect(await failure(on.client.setupLink())).toMatchObject({ kind: 'conflict', reason: 'AlreadySetUp' });
  });

  test('a short password is refused, and the link still works', async () => {
    const token = await linkToken();
    const payload = { token, username: 'zhao', password: 'short' };
    const response = await on.app.inject({ method: 'POST', url: '/v1/setup', payload });
    expect(response.json()).toMatchObject({ kind: 'invalid', field: 'password' });
    expect((await setUp(token)).statusCode).toBe(200);
  });
});

describe('logging in', () => {
  const logIn = (username: string, password: string, extra: Record<string, string> = {}) =>
    on.app.inject({ method: 'POST', url: '/v1/session', headers: extra, payload: { username, password } });

  test('gives a cookie that scripts cannot read and other hosts do not get', async () => {
    await browser();
    const response = await logIn('zhao', 'correct horse');
    expect(response.cookies[0]).toMatchObject({ name: cookieName, httpOnly: true, sameSite: 'Lax', path: '/' });
    expect(response.cookies[0]?.domain).toBeUndefined();
    expect(response.json()).toMatchObject({ username: 'zhao', via: 'session' });
  });

  test('over HTTPS the cookie is bound to the host', async () => {
    await on.stop();
    on = await startApp({ options: { secure: true, consoleUrl: 'https://console.example.com' } });
    await on.accounts.createFirst('zhao', 'correct horse');
    const response = await logIn('zhao', 'correct horse');
    expect(response.cookies[0]).toMatchObject({ name: '__Host-agentpod-console', secure: true, path: '/' });
    expect(response.headers['strict-transport-security']).toContain('max-age=');
  });

  test('a wrong name and a wrong password are the same answer', async () => {
    await browser();
    const [name, password] = [await logIn('li', 'correct horse'), await logIn('zhao', 'wrong')];
    expect(name.statusCode).toBe(401);
    expect(name.body).toBe(password.body);
    expect(name.cookies).toEqual([]);
  });

  test('ends with logging out, which also works twice', async () => {
    const headers = await browser();
    const out = await on.app.inject({ method: 'DELETE', url: '/v1/session', headers });
    expect(out.statusCode).toBe(204);
    expect(out.cookies[0]).toMatchObject({ name: cookieName, value: '' });
    expect((await on.app.inject({ url: '/v1/session', headers })).statusCode).toBe(401);
    expect((await on.app.inject({ method: 'DELETE', url: '/v1/session', headers })).statusCode).toBe(204);
  });

  test('another site can neither log somebody in nor out', async () => {
    const { cookie } = await browser();
    const from = { origin: 'http://acme.localhost', 'sec-fetch-site': 'same-site' };
    expect((await logIn('zhao', 'correct horse', from)).statusCode).toBe(403);
    const out = await on.app.inject({ method: 'DELETE', url: '/v1/session', headers: { cookie, ...from } });
    expect(out.statusCode).toBe(403);
    expect((await on.app.inject({ url: '/v1/session', headers: { cookie } })).statusCode).toBe(200);
  });

  test('guessing is slowed down per client address, whoever the proxy says it is', async () => {
    await browser();
    const guess = (address: string) => logIn('zhao', 'wrong', { 'x-forwarded-for': address });
    const statuses = [];
    for (let attempt = 0; attempt < 11; attempt++) statuses.push((await guess('203.0.113.7')).statusCode);
    expect(statuses).toEqual([...Array<number>(10).fill(401), 429]);
    const refused = await guess('203.0.113.7');
    expect(refused.json()).toMatchObject({ kind: 'unavailable', reason: 'TooManyAttempts', status: 429 });
    expect(refused.headers['retry-after']).toBeDefined();
    expect((await guess('203.0.113.8')).statusCode).toBe(401);
  });
});

/** `GET /v1/agents`, …: everything that the router knows. */
function routesOf({ app }: AppUnderTest): string[] {
  const stack: string[] = [];
  const routes: string[] = [];
  for (const line of app.printRoutes({ commonPrefix: false, includeHooks: false }).split('\n')) {
    const match = /^((?:[│ ] {3})*)[├└]── (\S+)(?: \(([^)]+)\))?/.exec(line);
    if (!match) continue;
    const depth = (match[1] ?? '').length / 4;
    stack.length = depth;
    stack[depth] = match[2] ?? '';
    for (const method of match[3]?.split(', ') ?? []) routes.push(`${method} ${stack.join('')}`);
  }
  return routes;
}

test('the router is read completely', () => {
  expect(routesOf(on)).toEqual(expect.arrayContaining(['PUT /v1/agents/:tenant/:agent/model', 'GET /v1/watch']));
});
