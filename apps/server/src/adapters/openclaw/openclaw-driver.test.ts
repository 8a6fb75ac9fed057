import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, describe, expect, test } from 'vitest';
import type { AgentEndpoint } from '../../ports/agent-driver.ts';
import { allScopes, endpointAt, FakeOpenClaw, hello } from '../../testing/fake-openclaw.ts';
import { tlsFixture } from '../../testing/tls-fixture.ts';
import { checked } from '../../testing/checked.ts';
import { OpenClawDriver } from './openclaw-driver.ts';

const driver = new OpenClawDriver();

const opened: (Server | TcpServer)[] = [];
afterEach(() => {
  for (const server of opened.splice(0)) server.close();
});

const soon = () => AbortSignal.timeout(5000);
const atOnce = () => AbortSignal.timeout(300);

describe('the check of the RPC', () => {
  const answering = (scopes: readonly string[], health: object) =>
    new FakeOpenClaw(({ method }) => {
      if (method === 'connect') return hello(scopes);
      return method === 'health' ? health : { ok: true, payload: { channelAccounts: {}, sessions: [] } };
    });

  test('passes when the agent grants every scope and says that it is well', async () => {
    const agent = answering(allScopes, { ok: true, payload: { ok: true } });
    expect(await checked(driver, await agent.start(), soon())).toEqual({ ok: true, detail: undefined });
    expect(agent.headers[0]).toMatchObject({
      'x-agentpod-user': 'control-secret',
      'x-agentpod-proxy': '1',
      'x-forwarded-for': '192.0.2.1',
    });
    expect(agent.requests[0]?.params).not.toHaveProperty('device');
    await expect.poll(() => agent.closedSockets).toBe(1);
  });

  test.each([
    ['a hello without authority', [], { ok: true, payload: { ok: true } }, /does not grant .*operator\.admin/],
    [
      'a hello with some of it',
      ['operator.read'],
      { ok: true, payload: { ok: true } },
      /does not grant .*operator\.admin/,
    ],
    ['an agent that is not well', allScopes, { ok: true, payload: { ok: false } }, /not healthy/],
    ['an agent that answers nonsense', allScopes, { ok: true, payload: 'fine' }, /not healthy/],
    ['a refusal', allScopes, { ok: false, error: { message: 'missing scope' } }, /missing scope/],
    ['a refusal without reason', allScopes, { ok: false }, /no reason given/],
  ])('fails for %s', async (_what, scopes, health, detail) => {
    const answer = await checked(driver, await answering(scopes, health).start(), soon());
    expect(answer).toEqual({ ok: false, detail: expect.stringMatching(detail) });
  });

  test('says what OpenClaw said when it does not accept the user', async () => {
    const agent = new FakeOpenClaw((_request, socket) => {
      socket.close(1008, 'device identity required');
      return undefined;
    });
    expect(await checked(driver, await agent.start(), soon())).toEqual({
      ok: false,
      detail: 'The agent closed the connection (1008: device identity required)',
    });
  });

  test('ends in time and leaves no connection, whatever the agent does instead of answering', async () => {
    const late = { ok: false, detail: expect.stringContaining('in time') };
    const silent = new FakeOpenClaw(() => undefined, false);
    expect(await checked(driver, await silent.start(), atOnce())).toEqual(late);
    await expect.poll(() => silent.closedSockets).toBe(1);
    const mute = new FakeOpenClaw(() => undefined);
    expect(await checked(driver, await mute.start(), atOnce())).toEqual(late);
    await expect.poll(() => mute.closedSockets).toBe(1);
  });

  test('is not moved by a frame too long, frames without end, or another language', async () => {
    const flood = (text: string, times: number) =>
      new FakeOpenClaw((_request, socket) => {
        for (let sent = 0; sent < times && socket.readyState === socket.OPEN; sent++) socket.send(text);
        return undefined;
      });
    const event = JSON.stringify({ type: 'event', event: 'noise', payload: 'x'.repeat(900_000) });
    for (const [agent, detail] of [
      [flood('x'.repeat(2 * 1024 ** 2), 1), /payload size exceeded/i],
      [flood(event, 40), /sends without end/],
      [flood('<html>', 1), /another language/],
      [flood('[]', 1), /another language/],
    ] as const) {
      const answer = await checked(driver, await agent.start(), soon());
      expect(answer).toEqual({ ok: false, detail: expect.stringMatching(detail) });
      await expect.poll(() => agent.closedSockets).toBe(1);
    }
  });

  test('passes over kinds of frames it does not know', async () => {
    const agent = new FakeOpenClaw(({ method }, socket) => {
      socket.send('{"type":"tick"}');
      return method === 'connect' ? hello() : { ok: true, payload: { ok: true, channelAccounts: {}, sessions: [] } };
    });
    expect(await checked(driver, await agent.start(), soon())).toEqual({ ok: true, detail: undefined });
  });

  test('removes what would take over a terminal from the words of the agent', async () => {
    const agent = new FakeOpenClaw(() => ({ ok: false, error: { message: '\u001b[2Jowned\u202e\u0000' } }));
    expect((await checked(driver, await agent.start(), soon())).detail).toBe('The agent refuses "connect": [2Jowned');
  });

  test('tells an agent that is not there from one that is', async () => {
    const agent = new FakeOpenClaw(() => hello());
    const { port } = await agent.start();
    agent.stop();
    expect(await checked(driver, endpointAt(port), soon())).toEqual({
      ok: false,
      detail: 'No connection to the agent: nothing listens there',
    });
  });
});

describe('a turn of conversation', () => {
  const talking = (...waits: object[]) => {
    const left = [...waits];
    return new FakeOpenClaw(({ method, params }) => {
      if (method === 'connect') return hello();
      if (method === 'chat.send') return { ok: true, payload: { runId: params['idempotencyKey'], status: 'started' } };
      return method === 'agent.wait' ? left.shift() : undefined;
    });
  };
  const wait = (payload: object) => ({ ok: true, payload });
  const turn = { session: 'smoke', message: 'ping' };

  test('answers the reply, and waits again while the agent is still at it', async () => {
    const agent = talking(
      wait({ status: 'timeout' }),
      wait({ status: 'pending' }),
      wait({ status: 'ok', terminalReply: { disposition: 'visible', text: 'pong\u0007' } }),
    );
    expect(await driver.chat(await agent.start(), turn, soon())).toBe('pong');
    const [, send, ...waits] = agent.requests;
    expect(send?.params).toMatchObject({ sessionKey: 'agent:main:smoke', message: 'ping' });
    // OpenClaw tells the model who is speaking.
    expect(agent.headers[0]).toMatchObject({ 'x-agentpod-user': 'people' });
    expect(waits.map(({ params }) => params['runId'])).toEqual(Array(3).fill(send?.params['idempotencyKey']));
  });

  test.each([
    ['its own words', { status: 'error', error: '⚠️ request failed (HTTP 401).' }, '⚠️ request failed (HTTP 401).'],
    ['the message of an object', { status: 'error', error: { message: 'quota' } }, 'quota'],
    ['no words', { status: 'error' }, 'the agent gave no reason'],
    ['an end without a reply', { status: 'ok' }, 'the agent ended its turn without a reply'],
    ['nonsense', { status: 42 }, 'the agent gave no reason'],
  ])('fails with %s', async (_what, outcome, message) => {
    const chat = driver.chat(await talking(wait(outcome)).start(), turn, soon());
    await expect(chat).rejects.toMatchObject({ kind: 'unavailable', reason: 'AgentFailed', message });
  });

  test('repeats at most 500 characters of them', async () => {
    const chat = driver.chat(await talking(wait({ status: 'error', error: 'x'.repeat(9000) })).start(), turn, soon());
    await expect(chat).rejects.toMatchObject({ message: `${'x'.repeat(499)}…` });
  });

  test('that nobody waits for any more is called off in the agent', async () => {
    const agent = talking();
    await expect(driver.chat(await agent.start(), turn, atOnce())).rejects.toMatchObject({ reason: 'AgentTimeout' });
    await expect.poll(() => agent.requests.at(-1)?.method).toBe('chat.abort');
    await expect.poll(() => agent.closedSockets).toBe(1);
  });

  test('fails when the agent dies in the middle of it', async () => {
    const agent = new FakeOpenClaw(({ method }, socket) => {
      if (method === 'connect') return hello();
      socket.terminate();
      return undefined;
    });
    await expect(driver.chat(await agent.start(), turn, soon())).rejects.toMatchObject({ kind: 'unavailable' });
  });
});

describe('the check of the route', () => {
  const route = ({ port }: AgentEndpoint, url: string) => ({
    url,
    connectTo: { address: '127.0.0.1', port },
    headers: { authorization: 'Bearer probe-token' },
  });

  test('goes to the given address under the name of the host, and is content with a hello', async () => {
    const agent = new FakeOpenClaw(() => hello(['operator.read']));
    const endpoint = await agent.start();
    expect(await driver.checkRoute(route(endpoint, 'http://acme.invalid:8080'), soon())).toEqual({
      ok: true,
      detail: undefined,
    });
    expect(agent.headers[0]).toMatchObject({ host: 'acme.invalid:8080', authorization: 'Bearer probe-token' });
  });

  test.each([401, 404, 502, 302])('HTTP %i in the place of the agent is no hello', async (status) => {
    const server = createServer((_request, response) => response.writeHead(status, { location: '/elsewhere' }).end());
    opened.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = endpointAt((server.address() as AddressInfo).port);
    const answer = await driver.checkRoute(route(endpoint, 'ws://acme.invalid'), soon());
    expect(answer).toEqual({ ok: false, detail: `The answer to the WebSocket handshake is HTTP ${status}` });
  });

  test('does not wait for an ingress that accepts and says nothing', async () => {
    const server = createTcpServer((socket) => socket.on('error', () => socket.destroy()));
    opened.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const endpoint = endpointAt((server.address() as AddressInfo).port);
    expect(await driver.checkRoute(route(endpoint, 'ws://acme.invalid'), atOnce())).toMatchObject({ ok: false });
  });

  test('wants a certificate that is valid for the host', async () => {
    const agent = new FakeOpenClaw(() => hello(), true, createTlsServer(tlsFixture));
    const endpoint = await agent.start();
    const trusted = getCACertificates('default');
    const check = async (url: string) => await driver.checkRoute(route(endpoint, url), soon());
    expect(await check('https://acme.invalid')).toMatchObject({
      ok: false,
      detail: expect.stringMatching(/self-signed/),
    });
    try {
      setDefaultCACertificates([...trusted, tlsFixture.cert]);
      expect(await check('https://acme.invalid')).toEqual({ ok: true, detail: undefined });
      expect(await check('https://other.invalid')).toMatchObject({
        ok: false,
        detail: expect.stringMatching(/altnames/),
      });
    } finally {
      setDefaultCACertificates(trusted);
    }
  });
});
