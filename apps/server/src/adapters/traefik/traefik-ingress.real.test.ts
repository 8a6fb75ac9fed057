import { rmSync, statSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { modelReportPath } from '@agentpod/core';
import { WebSocket } from 'ws';
import type { AgentRoute } from '../../ports/ingress.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { agentRoute, desiredIngress, ingressContract } from '../../testing/ingress-contract.ts';
import { describeReal } from '../../testing/real-parts.ts';
import { TraefikIngress } from './traefik-ingress.ts';
import { eventually, traefikMissing, TraefikUnderTest } from './traefik-under-test.ts';
import { ask, EchoServer, header, type Seen } from './upstreams-under-test.ts';

function ingressOf(
  traefik: TraefikUnderTest,
  backends = { server: '127.0.0.1:9', gateway: '127.0.0.1:9' },
): TraefikIngress {
  return new TraefikIngress({
    directory: traefik.installation.paths.ingress,
    apiUrl: traefik.installation.traefikApi,
    mode: traefik.installation.mode,
    httpsPort: traefik.ports.https,
    clock: new FakeClock(),
    ...backends,
  });
}

describeReal('TraefikIngress with the real Traefik', traefikMissing, () => {
  describe('as an Ingress', () => {
    ingressContract(async () => {
      const traefik = await TraefikUnderTest.create({ mode: 'local' });
      await traefik.start();
      return { ingress: ingressOf(traefik), stop: () => traefik.destroy() };
    });
  });

  describe('in local mode', { timeout: 30_000 }, () => {
    const agent = new EchoServer('agent');
    const consoleServer = new EchoServer('console');
    /** The gateway's answer to forward-auth; what a test needs beside 200 it sets. */
    let auth: { status: number; headers: Record<string, string> } = { status: 200, headers: {} };
    const gateway = new EchoServer('gateway', ({ url }) => {
      if (url.startsWith('/auth')) return auth;
      if (url.startsWith('/__agentpod/unavailable')) {
        return { status: 200, headers: { 'retry-after': '5' }, body: `page for ${url}` };
      }
      return undefined;
    });
    let traefik: TraefikUnderTest;
    let ingress: TraefikIngress;
    const acme = (over: Partial<AgentRoute> = {}) =>
      agentRoute('acme', {
        upstream: { address: '127.0.0.1', port: agent.port },
        requestHeaders: { 'X-Openclaw-Scopes': 'operator.read' },
        closedPaths: ['/api/v1/admin'],
        ...over,
      });

    const live = async (...routes: AgentRoute[]): Promise<void> => {
      const revision = await ingress.apply(desiredIngress(...routes));
      await eventually(async () => (await ingress.liveRevision(AbortSignal.timeout(2000))) === revision);
    };
    const get = (path = '/', headers: Record<string, string | string[]> = {}, host = 'acme.localhost') =>
      ask(traefik.ports.http, { host, path, headers });
    const seenBy = async (answer: ReturnType<typeof get>): Promise<Seen> => JSON.parse((await answer).text) as Seen;

    beforeAll(async () => {
      await Promise.all([agent.start(), consoleServer.start(), gateway.start()]);
      traefik = await TraefikUnderTest.create({ mode: 'local' });
      await traefik.start();
      ingress = ingressOf(traefik, { server: consoleServer.address, gateway: gateway.address });
    }, 30_000);
    afterAll(async () => {
      await traefik.destroy();
      await Promise.all([agent.stop(), consoleServer.stop(), gateway.stop()]);
    });
    beforeEach(async () => {
      auth = { status: 200, headers: { 'x-agentpod-user': 'owner@acme', 'x-agentpod-proxy': '1' } };
      await live(acme());
      agent.seen.length = 0;
    });

    test('no router, service or middleware is refused by Traefik, and it has nothing to complain about', async () => {
      const overview = await (await fetch(`${traefik.installation.traefikApi}/api/overview`)).json();
      expect(overview).toMatchObject({
        http: {
          routers: { warnings: 0, errors: 0 },
          services: { warnings: 0, errors: 0 },
          middlewares: { warnings: 0, errors: 0 },
        },
      });
      expect(
        traefik
          .log()
          .split('\n')
          .filter((line) => /"level":"(warn|error)"/.test(line)),
      ).toEqual([]);
    });

    test('an agent is reached at its host, with the identity that the gateway gives', async () => {
      const seen = await seenBy(get('/chat?x=1'));
      expect(seen).toMatchObject({ by: 'agent', url: '/chat?x=1' });
      expect(header(seen, 'host')).toEqual(['acme.localhost']);
      expect(header(seen, 'x-agentpod-user')).toEqual(['owner@acme']);
      expect(header(seen, 'x-openclaw-scopes')).toEqual(['operator.read']);
      expect(header(seen, 'x-forwarded-for')).toEqual(['192.0.2.1']);
    });

    test('the console is reached at its host, and anything else gets the page for unknown hosts', async () => {
      expect(await seenBy(get('/v1/x', {}, 'console.localhost'))).toMatchObject({ by: 'console', url: '/v1/x' });
      expect(await seenBy(get('/some/path', {}, 'nobody.localhost'))).toMatchObject({
        by: 'gateway',
        url: '/__agentpod/unknown',
      });
    });

    test.each([
      'X-Agentpod-User',
      'x-agentpod-proxy',
      'X_Agentpod_User',
      'X.Agentpod.User',
      'X-Agentpod_Proxy',
      'X-Forwarded-User',
      'X_Forwarded_User',
      'X-Forwarded-Email',
      'Remote-User',
      'Forwarded',
      'X-Openclaw-Scopes',
      'X_Openclaw_Scopes',
      'X-Forwarded-For',
      'X-Real-Ip',
    ])('%s that a client sends reaches no agent, no gateway and no console', async (name) => {
      auth = { status: 200, headers: {} };
      gateway.seen.length = 0;
      const evil = 'evil-198.51.100.7';
      const answers = [get('/', { [name]: evil }), get('/v1/x', { [name]: evil }, 'console.localhost')];
      const pages = [get('/__agentpod/callback', { [name]: evil }), get('/', { [name]: evil }, 'nobody.localhost')];
      const seen = await Promise.all([...answers, ...pages].map(seenBy));
      expect(JSON.stringify([...seen, ...gateway.seen])).not.toContain('evil');
    });

    test('no path, however it is written, comes to the gateway as the one that only the control plane may ask', async () => {
      gateway.seen.length = 0;
      const key = { authorization: 'Bearer the-right-key' };
      for (const host of ['acme.localhost', 'nobody.localhost', 'console.localhost', '127.0.0.1']) {
        for (const path of [
          modelReportPath,
          `/${modelReportPath}`,
          `/__agentpod/..${modelReportPath}`,
          `/__agentpod/%2e%2e${modelReportPath}`,
          `/__agentpod/..%2f__internal/models`,
          `/__agentpod%2f..${modelReportPath}`,
          `/__agentpod/./../${modelReportPath}`,
          `/api/v1/admin/../../..${modelReportPath}`,
          `/__agentpod/unavailable/../..${modelReportPath}`,
          `http://127.0.0.1${modelReportPath}`,
        ]) {
          await get(path, key, host);
        }
      }
      const paths = gateway.seen.map(({ url }) => url);
      expect(paths.length).toBeGreaterThan(10);
      // As the gateway takes a path: undecoded dots and slashes are nobody's, `/auth` is forward-auth.
      expect(paths.filter((path) => !/^\/(auth$|__agentpod)/.test(path))).toEqual([]);
    });

    test('a client cannot make the proxy drop what it sets, by naming it in Connection', async () => {
      const seen = await seenBy(
        get('/', {
          connection: 'close, X-Openclaw-Scopes, X-Agentpod-User, X-Agentpod-Proxy, X-Forwarded-For, Cookie',
        }),
      );
      expect(header(seen, 'x-openclaw-scopes')).toEqual(['operator.read']);
      expect(header(seen, 'x-agentpod-user')).toEqual(['owner@acme']);
      expect(header(seen, 'x-forwarded-for')).toEqual(['192.0.2.1']);
    });

    test('where the gateway names nobody, the agent sees no identity at all', async () => {
      auth = { status: 200, headers: {} };
      const seen = await seenBy(get('/', { 'X-Agentpod-User': 'evil', 'X-Agentpod-Proxy': '1' }));
      expect([header(seen, 'x-agentpod-user'), header(seen, 'x-agentpod-proxy')]).toEqual([[], []]);
    });

    test('cookie and token arrive as the gateway leaves them: changed, or not at all', async () => {
      auth = { status: 200, headers: { cookie: 'theirs=1' } };
      const headers = { cookie: 'agentpod=secret; theirs=1', authorization: 'Bearer ours' };
      const some = await seenBy(get('/', headers));
      expect([header(some, 'cookie'), header(some, 'authorization')]).toEqual([['theirs=1'], []]);
      auth = { status: 200, headers: {} };
      const none = await seenBy(get('/', headers));
      expect([header(none, 'cookie'), header(none, 'authorization')]).toEqual([[], []]);
    });

    test('forward-auth is asked with host, path and cookie, and its refusal is what the visitor gets', async () => {
      gateway.seen.length = 0;
      auth = { status: 302, headers: { location: 'http://console.localhost/handover', 'set-cookie': 'n=1' } };
      const answer = await get('/deep?x=1', { cookie: 'agentpod=1', 'sec-fetch-mode': 'navigate', origin: 'http://o' });
      expect(answer).toMatchObject({
        status: 302,
        headers: { location: 'http://console.localhost/handover', 'set-cookie': ['n=1'] },
      });
      expect(agent.seen).toEqual([]);
      const asked = gateway.seen[0];
      expect(asked?.url).toBe('/auth');
      const names = ['x-forwarded-host', 'x-forwarded-uri', 'x-forwarded-method', 'cookie', 'sec-fetch-mode', 'origin'];
      expect(names.map((name) => header(asked, name))).toEqual([
        ['acme.localhost'],
        ['/deep?x=1'],
        ['GET'],
        ['agentpod=1'],
        ['navigate'],
        ['http://o'],
      ]);
    });

    test('without a gateway nobody gets in', async () => {
      const { port } = gateway;
      await gateway.stop();
      try {
        expect((await get()).status).toBeGreaterThanOrEqual(500);
        expect(agent.seen).toEqual([]);
      } finally {
        await gateway.start(port);
      }
    });

    test.each([
      '/__agentpod/callback?code=1',
      '/__agentpod',
      '/__AGENTPOD/callback',
      '/%5F_agentpod/callback',
      '/__agentpod%2Fcallback',
      '//__agentpod/callback',
      '/x/../__agentpod/callback',
      '/./__agentpod/callback',
    ])('%s goes to the gateway and never to the agent', async (path) => {
      const answer = await get(path);
      expect(agent.seen).toEqual([]);
      expect([200, 400]).toContain(answer.status);
      if (answer.status === 200) expect(JSON.parse(answer.text)).toMatchObject({ by: 'gateway' });
    });

    test.each([
      '/api/v1/admin',
      '/api/v1/admin/rpc',
      '/API/v1/Admin/rpc',
      '/api/v1/%61dmin/rpc',
      '/api%2Fv1/admin/rpc',
      '/api//v1/admin/rpc',
      '/api/v1/x/../admin/rpc',
      '/api/v1/./admin/rpc',
      '/api/v1/admin;x=1/rpc',
    ])('the closed path %s never reaches the agent', async (path) => {
      const answer = await get(path);
      expect(agent.seen).toEqual([]);
      if (answer.status === 200) {
        expect(JSON.parse(answer.text)).toMatchObject({ by: 'gateway', url: '/__agentpod/closed' });
      } else {
        expect(answer.status).toBe(400);
      }
    });

    test('an agent that is down is replaced by the gateway’s page, which gets no cookie', async () => {
      const dead = agentRoute('acme', { upstream: { address: '127.0.0.1', port: 9 } });
      await live(dead);
      gateway.seen.length = 0;
      auth = { status: 200, headers: { cookie: 'theirs=1', authorization: 'Bearer theirs' } };
      const answer = await get('/', { cookie: 'theirs=1', authorization: 'x', 'accept-language': 'zh' });
      expect(answer).toMatchObject({
        status: 502,
        text: 'page for /__agentpod/unavailable?status=502',
        headers: { 'retry-after': '5' },
      });
      const page = gateway.seen.find(({ url }) => url.startsWith('/__agentpod/unavailable'));
      expect(header(page, 'host')).toEqual(['acme.localhost']);
      expect(header(page, 'accept-language')).toEqual(['zh']);
      expect([header(page, 'cookie'), header(page, 'authorization')]).toEqual([[], []]);
    });

    test('what the gateway itself answers instead of letting in is not replaced', async () => {
      auth = { status: 503, headers: { 'x-from': 'gateway' } };
      expect(await get()).toMatchObject({ status: 503, headers: { 'x-from': 'gateway' } });
    });

    test('a WebSocket is let in by forward-auth and stays open while routes come and go', async () => {
      gateway.seen.length = 0;
      const socket = await open('ws://127.0.0.1', traefik.ports.http);
      expect(header(gateway.seen[0], 'sec-websocket-version')).toEqual(['13']);
      expect(header(agent.seen[0], 'x-agentpod-user')).toEqual(['owner@acme']);
      for (let round = 0; round < 3; round++) await live(acme(), agentRoute(`other-${round}`));
      await live();
      expect(await echo(socket, 'still here')).toBe('still here');
      socket.terminate();
      expect(await seenBy(get())).toMatchObject({ by: 'gateway', url: '/__agentpod/unknown' });
    });

    test('a WebSocket that forward-auth refuses is not opened', async () => {
      auth = { status: 401, headers: {} };
      await expect(open('ws://127.0.0.1', traefik.ports.http)).rejects.toThrow('401');
      expect(agent.seen).toEqual([]);
    });

    test.each([
      ['no routes at all', '{}'],
      ['something unreadable', '{{{ not: [valid'],
    ])('a hand edit that leaves %s is repaired by the next apply', async (_what, text) => {
      writeFileSync(traefik.ingressFile, text);
      await live(acme());
      expect(await seenBy(get())).toMatchObject({ by: 'agent' });
    });

    test('a removed file is written again', async () => {
      rmSync(traefik.ingressFile);
      await eventually(async () => (await ingress.liveRevision(AbortSignal.timeout(2000))) === 'none');
      await live(acme());
      expect(await seenBy(get())).toMatchObject({ by: 'agent' });
    });

    test('a file that is as wanted is not written again', async () => {
      const before = statSync(traefik.ingressFile).ino;
      await ingress.apply(desiredIngress(acme()));
      expect(statSync(traefik.ingressFile).ino).toBe(before);
      await ingress.apply(desiredIngress());
      expect(statSync(traefik.ingressFile).ino).not.toBe(before);
    });

    test('Traefik started anew serves the routes although nobody writes them again', async () => {
      await traefik.stop();
      expect(await ingress.liveRevision(AbortSignal.timeout(2000))).toBeUndefined();
      await traefik.start();
      await eventually(async () => (await get()).status === 200);
      expect(await seenBy(get())).toMatchObject({ by: 'agent' });
    });

    async function open(url: string, port: number): Promise<WebSocket> {
      const socket = new WebSocket(`${url}:${port}/ws`, { headers: { host: 'acme.localhost' } });
      await new Promise<void>((resolve, reject) => {
        socket.once('open', resolve);
        socket.once('error', reject);
      });
      return socket;
    }

    function echo(socket: WebSocket, text: string): Promise<string> {
      return new Promise((resolve, reject) => {
        socket.once('message', (data: Buffer) => resolve(data.toString()));
        socket.once('close', () => reject(new Error('closed')));
        socket.send(text);
      });
    }
  });
});
