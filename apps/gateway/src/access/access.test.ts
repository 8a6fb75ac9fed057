import { createHash } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import type { GatewaySnapshot, HandoverClaims } from '@agentpod/core';
import fc from 'fast-check';
import type { FastifyInstance } from 'fastify';
import { SignJWT, UnsecuredJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Snapshot, toSnapshot } from '../snapshot/snapshot.ts';
import { type Answer, ask } from '../testing/ask.ts';
import { aKey, anAgent, aSnapshot } from '../testing/builders.ts';
import { capturedLog } from '../testing/captured-log.ts';
import { createAccessApp } from './access-app.ts';
import { localPath } from './local-path.ts';

const hour = 3_600_000;
let time: number;
let published: GatewaySnapshot;
let current: Snapshot | undefined;
let app: FastifyInstance;
let lines: string[];
let port: number;

beforeEach(async () => {
  time = Date.UTC(2026, 10, 1);
  publish(aSnapshot({ agents: [anAgent(), anAgent({ ref: 'beta', address: '127.0.0.3' })] }));
  const captured = capturedLog();
  lines = captured.lines;
  app = await createAccessApp({
    snapshot: () => current,
    now: () => time,
    log: captured.log,
    health: () => ({}),
    reports: () => ({}),
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  port = (app.server.address() as AddressInfo).port;
});
afterEach(async () => await app.close());

function publish(differences: Partial<GatewaySnapshot>): void {
  published = { ...published, ...differences };
  current = toSnapshot(published);
}

type Headers = Record<string, string>;
const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };

/** As Traefik asks for permission. */
async function auth(headers: Headers, { host = 'acme.localhost', method = 'GET', uri = '/chat?session=main' } = {}) {
  const forwarded = { 'x-forwarded-host': host, 'x-forwarded-method': method, 'x-forwarded-uri': uri };
  return await ask({ port, path: '/auth', headers: { ...forwarded, ...headers } });
}

/** As Traefik routes the reserved prefix: straight here, with the visitor's host. */
async function page(path: string, headers: Headers = {}, method = 'GET') {
  return await ask({ port, path: `/__agentpod/${path}`, method, headers: { host: 'acme.localhost', ...headers } });
}

function setCookies(answer: Answer): string[] {
  return answer.headers['set-cookie'] ?? [];
}

function cookieSet(answer: Answer, name: string): string | undefined {
  const text = setCookies(answer).find((line) => line.startsWith(`${name}=`));
  return text?.slice(name.length + 1).split(';', 1)[0];
}

function digest(nonce: string): string {
  return createHash('sha256').update(nonce).digest('base64url');
}

let codes = 0;
function claims(nonce: string, differences: Partial<HandoverClaims> = {}): HandoverClaims {
  const iat = Math.floor(time / 1000);
  const plain = { sub: 'zhao', aud: 'acme.localhost', nonce: digest(nonce), jti: `code-${++codes}` };
  return { ...plain, iat, exp: iat + 30, ...differences };
}

async function mint(content: HandoverClaims, key = published.handoverKey): Promise<string> {
  return await new SignJWT({ ...content }).setProtectedHeader({ alg: 'HS256' }).sign(Buffer.from(key, 'base64url'));
}

/** A new visitor, up to the nonce. */
async function begin(): Promise<string> {
  return cookieSet(await auth(navigation), 'agentpod-nonce') ?? 'no nonce was set';
}

async function callback(code: string, cookie: string, next = '/chat') {
  return await page(`callback?${new URLSearchParams({ code, next }).toString()}`, cookie === '' ? {} : { cookie });
}

/** The cookie of somebody who is in. */
async function logIn(): Promise<string> {
  const nonce = await begin();
  const answer = await callback(await mint(claims(nonce)), `agentpod-nonce=${nonce}`);
  return `agentpod=${cookieSet(answer, 'agentpod')}`;
}

describe('the hand-over', () => {
  test('brings a person who is logged in at the console to the page they wanted', async () => {
    const start = await auth(navigation);
    const nonce = cookieSet(start, 'agentpod-nonce') ?? '';
    expect(nonce).toMatch(/^[\w-]{43}$/);
    expect(setCookies(start)).toEqual([expect.stringMatching(/; Max-Age=3600; Path=\/; HttpOnly; SameSite=Lax$/)]);
    const location = new URL(start.headers.location ?? '');
    expect({ status: start.status, at: location.origin + location.pathname }).toEqual({
      status: 302,
      at: 'http://console.localhost/handover',
    });
    expect(Object.fromEntries(location.searchParams)).toEqual({
      host: 'acme.localhost',
      nonce: digest(nonce),
      next: '/chat?session=main',
    });

    const arrival = await callback(await mint(claims(nonce)), `agentpod-nonce=${nonce}`, '/chat?session=main');
    expect(arrival).toMatchObject({ status: 303, headers: { location: '/chat?session=main' } });
    expect(setCookies(arrival)).toEqual([
      expect.stringMatching(/^agentpod=[\w.-]+; Max-Age=43200; Path=\/; HttpOnly; SameSite=Lax$/),
      expect.stringMatching(/^agentpod-nonce=; .*Expires=Thu, 01 Jan 1970/),
    ]);

    const inside = await auth({ ...navigation, cookie: `agentpod=${cookieSet(arrival, 'agentpod')}` });
    expect(inside).toMatchObject({
      status: 200,
      headers: { 'x-agentpod-user': 'owner@acme', 'x-agentpod-proxy': '1' },
    });
    expect(inside.headers).not.toHaveProperty('cookie');
    expect(inside.headers).not.toHaveProperty('set-cookie');
  });

  test('over HTTPS has cookies that no other host can plant', async () => {
    publish({ secure: true, consoleUrl: 'https://console.example.com' });
    const start = await auth(navigation);
    expect(start.headers.location).toMatch(/^https:\/\/console\.example\.com\/handover\?/);
    const nonce = cookieSet(start, '__Host-agentpod-nonce') ?? '';
    const plain = await callback(await mint(claims(nonce)), `agentpod-nonce=${nonce}`);
    expect(plain.status).toBe(403);
    const arrival = await callback(await mint(claims(nonce)), `__Host-agentpod-nonce=${nonce}`);
    expect(setCookies(arrival)[0]).toMatch(/^__Host-agentpod=.*; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    const token = cookieSet(arrival, '__Host-agentpod') ?? '';
    expect((await auth({ cookie: `__Host-agentpod=${token}` })).status).toBe(200);
    expect((await auth({ cookie: `agentpod=${token}` })).status).toBe(401);
  });

  test('keeps the port where it is not the default', async () => {
    publish({ agents: [anAgent({ hosts: ['acme.localhost:8080'] })] });
    const start = await auth(navigation, { host: 'ACME.localhost.:9999' });
    expect(new URL(start.headers.location ?? '').searchParams.get('host')).toBe('acme.localhost:8080');
    const nonce = cookieSet(start, 'agentpod-nonce') ?? '';
    const cookie = `agentpod-nonce=${nonce}`;
    expect((await callback(await mint(claims(nonce)), cookie)).status).toBe(403);
    expect((await callback(await mint(claims(nonce, { aud: 'acme.localhost:8080' })), cookie)).status).toBe(303);
  });

  test('of two tabs opened together lets both arrive', async () => {
    const nonce = await begin();
    const second = await auth({ ...navigation, cookie: `agentpod-nonce=${nonce}` });
    expect(cookieSet(second, 'agentpod-nonce')).toBe(nonce);
    const [one, two] = [await mint(claims(nonce)), await mint(claims(nonce))];
    const arrival = await callback(one, `agentpod-nonce=${nonce}`);
    // The first tab cleared the nonce; the session it got is enough for the other.
    const late = await callback(two, `agentpod=${cookieSet(arrival, 'agentpod')}`, '/other');
    expect(late).toMatchObject({ status: 303, headers: { location: '/other' } });
    expect(setCookies(late)).toEqual([]);
  });

  test.each(['short', 'x'.repeat(44), '$'.repeat(43)])(
    'does not go on with the planted nonce "%s"',
    async (planted) => {
      const start = await auth({ ...navigation, cookie: `agentpod-nonce=${planted}` });
      expect(cookieSet(start, 'agentpod-nonce')).not.toBe(planted);
    },
  );

  async function expectRefused(code: string, cookie: string): Promise<void> {
    const answer = await callback(code, cookie);
    expect(answer.status).toBe(403);
    expect(answer.body).toContain('no longer good');
    expect(setCookies(answer)).toEqual([]);
  }

  test('lets a code in once', async () => {
    const nonce = await begin();
    const code = await mint(claims(nonce));
    expect((await callback(code, `agentpod-nonce=${nonce}`)).status).toBe(303);
    await expectRefused(code, `agentpod-nonce=${nonce}`);
    time += 29_000;
    await expectRefused(code, `agentpod-nonce=${nonce}`);
  });

  test('refuses a stolen code to a browser without the nonce, and still lets its owner in', async () => {
    const nonce = await begin();
    const code = await mint(claims(nonce));
    await expectRefused(code, '');
    await expectRefused(code, `agentpod-nonce=${await begin()}`);
    await expectRefused(code, `agentpod-nonce=${digest(nonce)}`);
    expect((await callback(code, `agentpod-nonce=${nonce}`)).status).toBe(303);
  });

  test('refuses a code for another host, on both sides', async () => {
    const nonce = await begin();
    await expectRefused(await mint(claims(nonce, { aud: 'beta.localhost' })), `agentpod-nonce=${nonce}`);
    const code = await mint(claims(nonce));
    const path = `callback?${new URLSearchParams({ code }).toString()}`;
    const elsewhere = await page(path, { host: 'beta.localhost', cookie: `agentpod-nonce=${nonce}` });
    expect(elsewhere.status).toBe(403);
  });

  test('refuses a code after 30 s, whatever it says itself', async () => {
    const nonce = await begin();
    const usual = await mint(claims(nonce));
    const greedy = await mint(claims(nonce, { exp: Math.floor(time / 1000) + 9999 }));
    time += 31_000;
    await expectRefused(usual, `agentpod-nonce=${nonce}`);
    await expectRefused(greedy, `agentpod-nonce=${nonce}`);
  });

  test('refuses a code from before this process started: it could have been used', async () => {
    const nonce = await begin();
    await expectRefused(await mint(claims(nonce, { iat: Math.floor(time / 1000) - 1 })), `agentpod-nonce=${nonce}`);
  });

  test('refuses a code that the console did not sign', async () => {
    const nonce = await begin();
    const cookie = `agentpod-nonce=${nonce}`;
    const content = claims(nonce);
    await expectRefused(new UnsecuredJWT({ ...content }).encode(), cookie);
    await expectRefused(await mint(content, aKey()), cookie);
    await expectRefused(await mint(content, published.sessionKey), cookie);
    const [head = '', , signature = ''] = (await mint(content)).split('.');
    const other = Buffer.from(JSON.stringify({ ...content, sub: 'root' })).toString('base64url');
    await expectRefused(`${head}.${other}.${signature}`, cookie);
    const stronger = new SignJWT({ ...content }).setProtectedHeader({ alg: 'HS512' });
    await expectRefused(await stronger.sign(Buffer.from(published.handoverKey, 'base64url')), cookie);
    await expectRefused('', cookie);
    await expectRefused('x'.repeat(5000), cookie);
  });

  test.each(['sub', 'aud', 'nonce', 'jti', 'iat', 'exp'])('refuses a code without %s', async (name) => {
    const nonce = await begin();
    const { [name as 'sub']: _left, ...rest } = claims(nonce);
    await expectRefused(await mint(rest as HandoverClaims), `agentpod-nonce=${nonce}`);
  });

  test('refuses a code for a person who is gone, or whose sessions were ended since', async () => {
    const nonce = await begin();
    await expectRefused(await mint(claims(nonce, { sub: 'nobody' })), `agentpod-nonce=${nonce}`);
    publish({ users: [{ id: 'zhao', name: 'zhao.ming', sessionsNotBefore: time + 1000 }] });
    await expectRefused(await mint(claims(nonce)), `agentpod-nonce=${nonce}`);
  });

  test('writes neither code nor cookie to the log', async () => {
    const nonce = await begin();
    const code = await mint(claims(nonce));
    await callback(code, '');
    const arrival = await callback(code, `agentpod-nonce=${nonce}`);
    const log = lines.join('');
    expect(log).toContain('hand-over completed');
    expect(log).toContain('hand-over refused');
    for (const secret of [code, nonce, cookieSet(arrival, 'agentpod') ?? '-']) expect(log).not.toContain(secret);
  });
});

describe('a session', () => {
  test('ends after 12 hours', async () => {
    const cookie = await logIn();
    time += 12 * hour - 1000;
    expect((await auth({ cookie })).status).toBe(200);
    time += 2000;
    expect((await auth({ cookie })).status).toBe(401);
  });

  test('is good on one host alone', async () => {
    const cookie = await logIn();
    expect((await auth({ cookie }, { host: 'beta.localhost' })).status).toBe(401);
  });

  test('ends with its person, with all their sessions, and with the key it was signed with', async () => {
    const cookie = await logIn();
    const { users, sessionKey } = published;
    publish({ users: [] });
    expect((await auth({ cookie })).status).toBe(401);
    publish({ users: [{ id: 'zhao', name: 'zhao.ming', sessionsNotBefore: time + 1000 }] });
    expect((await auth({ cookie })).status).toBe(401);
    publish({ users, sessionKey: aKey() });
    expect((await auth({ cookie })).status).toBe(401);
    publish({ sessionKey });
    expect((await auth({ cookie })).status).toBe(200);
  });

  test('is neither a hand-over code nor anything unsigned', async () => {
    const nonce = await begin();
    const content = claims(nonce);
    for (const token of [
      await mint(content),
      new UnsecuredJWT({ ...content }).encode(),
      await mint({ ...content, exp: Math.floor(time / 1000) - 1 }, published.sessionKey),
    ]) {
      expect((await auth({ cookie: `agentpod=${token}` })).status).toBe(401);
    }
  });

  test('is found beside cookies that a neighbour planted under the same name', async () => {
    const cookie = await logIn();
    expect((await auth({ cookie: `agentpod=planted; ${cookie}` })).status).toBe(200);
    expect((await auth({ cookie: `${'agentpod=planted; '.repeat(1000)}${cookie}` })).status).toBe(401);
  });

  test('ends at a log-out, which only the agent’s own pages can ask for', async () => {
    const cookie = await logIn();
    for (const origin of ['http://beta.localhost', 'null', 'http://acme.localhost.evil.example']) {
      const refused = await page('logout', { cookie, origin }, 'POST');
      expect({ status: refused.status, set: setCookies(refused) }).toEqual({ status: 403, set: [] });
    }
    expect((await page('logout', { cookie }, 'POST')).status).toBe(403);
    expect((await page('logout', { cookie })).status).toBe(404);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const out = await page('logout', { cookie, origin: 'http://acme.localhost', ...form }, 'POST');
    expect(out).toMatchObject({ status: 200, body: expect.stringContaining('Signed out') });
    expect(setCookies(out)).toEqual([expect.stringMatching(/^agentpod=; .*Expires=Thu, 01 Jan 1970/)]);
  });
});

describe('what the agent gets', () => {
  test.each([
    ['', undefined],
    ['a=1; SESSION; b=2', 'a=1; b=2'],
    ['SESSION; agentpod-nonce=n; agentpod-console=c', undefined],
    ['__Host-agentpod=x; __Host-agentpod-nonce=y; __Host-agentpod-console=z; SESSION; theme=dark', 'theme=dark'],
    [' a=1 ;;  SESSION ;agentpod =spaced; agentpod; b="q;uoted"', 'a=1; b="q; uoted"'],
    [
      'agentpodx=1; xagentpod=2; SESSION; AGENTPOD=3; a=agentpod=4',
      'agentpodx=1; xagentpod=2; AGENTPOD=3; a=agentpod=4',
    ],
    ['name=\u00e9; SESSION', 'name=\u00e9'],
  ])('of the cookies "%s" is "%s"', async (given, left) => {
    const cookie = given.replace('SESSION', await logIn());
    const answer = await auth({ cookie: cookie.includes('agentpod=') ? cookie : `${await logIn()}; ${cookie}` });
    expect({ status: answer.status, cookie: answer.headers['cookie'] }).toEqual({ status: 200, cookie: left });
  });

  test('is never a bearer token', async () => {
    const answer = await auth({ cookie: await logIn(), authorization: 'Bearer apt_a-token-of-agentpod' });
    expect(answer.status).toBe(200);
    expect(answer.headers).not.toHaveProperty('authorization');
  });

  test('is its own name for the visitor, whatever the visitor says', async () => {
    const forged = { 'x-agentpod-user': 'admin', 'x-agentpod-proxy': '2', 'x-openclaw-scopes': 'operator.admin' };
    const answer = await auth({ ...forged, cookie: await logIn() });
    expect(answer.headers).toMatchObject({ 'x-agentpod-user': 'owner@acme', 'x-agentpod-proxy': '1' });
    expect(answer.headers).not.toHaveProperty('x-openclaw-scopes');
    expect((await auth(forged)).status).toBe(401);
  });

  test('of 100 kB of cookies is all but ours', async () => {
    const much = Array.from({ length: 25 }, (_, index) => `c${index}=${'v'.repeat(4000)}`).join('; ');
    const { headers } = await ask({
      port,
      path: '/auth',
      headers: {
        'x-forwarded-host': 'acme.localhost',
        'x-forwarded-method': 'GET',
        cookie: `${much}; ${await logIn()}`,
      },
      maxHeaderSize: 256 * 1024,
    });
    expect(headers['cookie']).toBe(much);
  });
});

describe('somebody who is not logged in', () => {
  test.each([
    ['a page’s own request', { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*' }, 'GET'],
    ['an image', { 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image', accept: 'text/html' }, 'GET'],
    ['a frame', { ...navigation, 'sec-fetch-dest': 'iframe' }, 'GET'],
    ['a form', navigation, 'POST'],
    ['a WebSocket', { ...navigation, 'sec-websocket-version': '13' }, 'GET'],
    ['a program', { accept: '*/*' }, 'GET'],
    ['a program with a wrong token', { authorization: 'Bearer nonsense' }, 'GET'],
    ['a head request', navigation, 'HEAD'],
  ])('is told so when it is %s', async (_what, headers, method) => {
    const answer = await auth(headers, { method });
    expect(answer).toMatchObject({ status: 401, headers: { 'content-type': expect.stringContaining('problem+json') } });
    expect(JSON.parse(answer.body)).toMatchObject({ kind: 'unauthorized', reason: 'NotLoggedIn' });
    expect(answer.headers).not.toHaveProperty('location');
  });

  test('is sent to log in by a browser too old to say what it does', async () => {
    expect((await auth({ accept: 'text/html,application/xhtml+xml' })).status).toBe(302);
  });
});

describe('a probe of the control plane', () => {
  test('comes in with its token, under its own name, WebSockets included', async () => {
    for (const more of [{}, { 'sec-websocket-version': '13' }]) {
      const answer = await auth({ authorization: 'Bearer probe-token-of-acme', ...more });
      expect(answer).toMatchObject({ status: 200, headers: { 'x-agentpod-user': 'probe-of-acme' } });
      expect(answer.headers).not.toHaveProperty('authorization');
    }
  });

  test.each([
    'Bearer probe-token-of-beta',
    'Bearer',
    'Bearer ',
    'Basic probe-token-of-acme',
    'probe-token-of-acme',
    `Bearer ${'x'.repeat(10_000)}`,
  ])('does not with "%.40s"', async (authorization) => {
    expect((await auth({ authorization })).status).toBe(401);
  });
});

describe('a request with a session, made by the page of', () => {
  const own = 'http://acme.localhost';
  const upgrade = { 'sec-websocket-version': '13' };
  test.each<[string, string, Headers, number]>([
    ['the agent, reading', 'GET', { 'sec-fetch-site': 'same-origin' }, 200],
    ['the agent, writing', 'POST', { origin: own, 'sec-fetch-site': 'same-origin' }, 200],
    ['the agent, connecting', 'GET', { ...upgrade, origin: own }, 200],
    ['a browser that says nothing, writing', 'POST', {}, 403],
    ['a browser that says nothing, connecting', 'GET', upgrade, 403],
    ['a neighbour, writing', 'POST', { origin: 'http://beta.localhost', 'sec-fetch-site': 'same-site' }, 403],
    ['a neighbour that hides, writing', 'POST', { origin: own, 'sec-fetch-site': 'same-site' }, 403],
    ['a stranger, deleting', 'DELETE', { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' }, 403],
    ['a sandbox, writing', 'PUT', { origin: 'null' }, 403],
    ['another port, writing', 'POST', { origin: `${own}:8080` }, 403],
    ['another scheme, writing', 'POST', { origin: 'https://acme.localhost' }, 403],
    ['something like it, writing', 'PATCH', { origin: `${own}.evil.example` }, 403],
    ['two origins, writing', 'POST', { origin: `${own}, ${own}` }, 403],
    ['a method nobody knows', 'PROPFIND', { 'sec-fetch-site': 'same-origin' }, 403],
    ['a neighbour, connecting', 'GET', { ...upgrade, origin: 'http://beta.localhost' }, 403],
    ['a sandbox, connecting', 'GET', { ...upgrade, origin: 'null' }, 403],
    [
      'a neighbour, connecting as Traefik may put it',
      'GET',
      { 'x-forwarded-proto': 'ws', origin: 'http://b.localhost' },
      403,
    ],
    ['a neighbour, connecting the plain way', 'GET', { upgrade: 'websocket', origin: 'http://b.localhost' }, 403],
    ['a neighbour, embedding a script', 'GET', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors' }, 403],
    [
      'a neighbour, framing it',
      'GET',
      { ...navigation, 'sec-fetch-dest': 'iframe', 'sec-fetch-site': 'same-site' },
      403,
    ],
    ['a neighbour, linking to it', 'GET', { ...navigation, 'sec-fetch-site': 'same-site' }, 200],
    ['a bookmark', 'GET', { ...navigation, 'sec-fetch-site': 'none' }, 200],
  ])('%s', async (_who, method, headers, status) => {
    expect((await auth({ ...headers, cookie: await logIn() }, { method })).status).toBe(status);
  });

  test('an agent over HTTPS has an origin over HTTPS', async () => {
    publish({ secure: true });
    const start = cookieSet(await auth(navigation), '__Host-agentpod-nonce') ?? '';
    const arrival = await callback(await mint(claims(start)), `__Host-agentpod-nonce=${start}`);
    const cookie = `__Host-agentpod=${cookieSet(arrival, '__Host-agentpod')}`;
    expect((await auth({ cookie, ...upgrade, origin: 'https://acme.localhost' })).status).toBe(200);
    expect((await auth({ cookie, ...upgrade, origin: own })).status).toBe(403);
  });
});

describe('where a visitor is sent on to', () => {
  test.each([
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    'https://evil.example/',
    'javascript:alert(1)',
    '/\t/evil.example',
    '/ok\r\nset-cookie: a=1',
    '/a//evil.example',
    '/.//evil.example',
    '/a\\b',
    '/ü',
    '',
    'chat',
    '/__agentpod/logout',
    '/__AGENTPOD/callback?code=1',
    `/${'a'.repeat(2048)}`,
  ])('is the front page instead of "%.40s"', async (next) => {
    const nonce = await begin();
    const arrival = await callback(await mint(claims(nonce)), `agentpod-nonce=${nonce}`, next);
    expect(arrival).toMatchObject({ status: 303, headers: { location: '/' } });
  });

  test.each(['/', '/chat', '/chat?u=https://x.example//y#z', '/a/b%2Fc', '/a?b=%0a'])('is "%s"', (next) => {
    expect(localPath(next)).toBe(next);
  });

  test('is on the same host, whatever is asked for', () => {
    const hostile = fc.string({ unit: fc.constantFrom('/', '\\', '.', ':', '@', 'a', '?', '#', '\t', '%', 'e', '\n') });
    fc.assert(
      fc.property(
        fc.oneof(
          hostile,
          hostile.map((text) => `/${text}`),
          fc.webUrl(),
        ),
        (next) => {
          expect(new URL(localPath(next), 'http://acme.localhost/a/b').origin).toBe('http://acme.localhost');
        },
      ),
    );
  });

  test('is the front page after a request that cannot be repeated in an address', async () => {
    for (const uri of ['//evil.example/x', '/x\\y']) {
      const start = await auth(navigation, { uri });
      expect(new URL(start.headers.location ?? '').searchParams.get('next')).toBe('/');
    }
  });
});

describe('a host', () => {
  test.each(['acme.localhost', 'ACME.LocalHost', 'acme.localhost.', 'acme.localhost:8080', 'Acme.Localhost.:80'])(
    'written as "%s" is the agent’s',
    async (host) => {
      expect((await auth(navigation, { host })).status).toBe(302);
      expect((await page('unavailable', { host })).status).toBe(503);
    },
  );

  test.each([
    'nobody.localhost',
    'localhost',
    'acme.localhost..',
    '.acme.localhost',
    'acme.localhost:',
    'acme.localhost:99999999',
    'acme.localhost, beta.localhost',
    'acme.localhost@evil.example',
    'acme.localhost/',
    'acme.localhost#',
    'acme.localhost ',
    'xn--cme-5na.localhost',
    '\u00e1cme.localhost',
    '127.0.0.1',
    '[::1]:80',
    '__proto__',
    'constructor',
    `${'a'.repeat(5000)}.localhost`,
    '',
  ])('written as "%.40s" is nobody’s', async (host) => {
    const cookie = await logIn();
    // The parser of HTTP drops spaces at the end of a header.
    const expected = host === 'acme.localhost ' ? 302 : 404;
    expect((await auth({ ...navigation, cookie: expected === 404 ? cookie : '' }, { host })).status).toBe(expected);
    if (expected === 404 && /^[\x21-\x7e]+$/.test(host)) {
      for (const path of ['unavailable', 'callback?code=x', 'anything']) {
        expect((await page(path, { host, cookie })).body).toContain('no agent at this address');
      }
    }
  });

  test('named twice is nobody’s', async () => {
    const headers = ['x-forwarded-host', 'acme.localhost', 'x-forwarded-host', 'beta.localhost', 'host', 'x'];
    expect((await ask({ port, path: '/auth', headers })).status).toBe(404);
  });

  test('is taken from Traefik alone: a request for /auth that names none is nobody’s', async () => {
    expect((await ask({ port, path: '/auth', headers: { host: 'acme.localhost' } })).status).toBe(404);
  });
});

describe('a page', () => {
  test.each([
    ['starting', 'The agent is starting', '5'],
    ['running', 'does not answer just now', '5'],
    ['stopped', 'was stopped', undefined],
    ['failed', 'cannot start', '60'],
  ] as const)('for an agent that is %s says "%s"', async (state, text, retry) => {
    publish({ agents: [anAgent({ state })] });
    const answer = await page('unavailable?status=502');
    expect(answer).toMatchObject({ status: 502, body: expect.stringContaining(text) });
    expect(answer.headers['retry-after']).toBe(retry);
    expect(/http-equiv="refresh" content="(\d+)"/.exec(answer.body)?.[1]).toBe(retry);
  });

  test.each(['', '?status=200', '?status=302', '?status=x', '?status=502&status=200', '?status=99999'])(
    'of an unavailable agent has a sensible status when asked for "%s"',
    async (query) => {
      expect((await page(`unavailable${query}`)).status).toBe(503);
    },
  );

  test.each([
    ['zh-CN,zh;q=0.9,en;q=0.8', 'zh-CN', '暂时没有回应'],
    ['de-DE,zh-TW;q=0.8,en;q=0.7', 'zh-CN', '暂时没有回应'],
    ['en-US,zh;q=0.5', 'en', 'No answer just now'],
    ['zhx', 'en', 'No answer just now'],
    ['', 'en', 'No answer just now'],
  ])('for a reader of "%s" is in %s', async (language, tag, title) => {
    const answer = await page('unavailable', { 'accept-language': language });
    expect(answer.body).toContain(`<html lang="${tag}">`);
    expect(answer.body).toContain(`<h1>${title}</h1>`);
  });

  test('runs nothing, loads nothing, is framed and kept by nobody', async () => {
    const answers = [
      await page('unavailable'),
      await page('unknown'),
      await page('closed'),
      await page('elsewhere'),
      await page('callback'),
      await auth({}, { host: 'nobody.localhost' }),
    ];
    expect(answers.map(({ status }) => status)).toEqual([503, 404, 404, 404, 403, 404]);
    for (const { headers, body } of answers) {
      const style = /<style>(.*)<\/style>/.exec(body)?.[1] ?? '';
      const hash = createHash('sha256').update(style).digest('base64');
      expect(headers['content-security-policy']).toBe(
        `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
      );
      expect(headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-content-type-options': 'nosniff',
      });
      expect(body).not.toMatch(/src=|https?:|<script/);
      expect(body).toContain('color-scheme:light dark');
    }
  });

  test('repeats nothing of the request', async () => {
    const answer = await page('%3Cscript%3Ealert(1)%3C/script%3E?x=planted', { 'accept-language': '<b>planted' });
    expect(answer.status).toBe(404);
    expect(answer.body).not.toMatch(/planted|alert/);
    const broken = await page('%zzplanted');
    expect(broken).toMatchObject({ status: 404, body: expect.stringContaining('No such page') });
    expect(broken.body).not.toContain('planted');
  });

  test.each(['%2e%2e/auth', '../auth', '..%2fauth', '%2e%2e/healthz'])('cannot be used to reach "%s"', async (path) => {
    const answer = await page(path, { cookie: await logIn(), 'x-forwarded-host': 'acme.localhost' });
    expect(answer).toMatchObject({ status: 404, body: expect.stringContaining('No such page') });
  });
});

describe('without a snapshot', () => {
  test('every visitor is asked to wait, and health says that there is none', async () => {
    current = undefined;
    for (const answer of [await auth(navigation), await auth({}), await page('unavailable'), await page('callback')]) {
      expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '2' } });
    }
    expect(JSON.parse((await ask({ port, path: '/healthz' })).body)).toEqual({ ok: true, snapshot: null });
    publish({});
    expect((await auth(navigation)).status).toBe(302);
    expect(JSON.parse((await ask({ port, path: '/healthz' })).body)).toEqual({ ok: true, snapshot: 1 });
  });
});

describe('a failure of our own', () => {
  test('is a page without details, and a line in the log', async () => {
    current = new Proxy({} as Snapshot, {
      get() {
        throw new Error('planted detail');
      },
    });
    const answer = await auth({});
    expect(answer).toMatchObject({ status: 500, body: expect.stringContaining('Something went wrong') });
    expect(answer.body).not.toContain('planted');
    expect(lines.join('')).toContain('access failed');
  });
});
