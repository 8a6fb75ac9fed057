import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import type { AgentEndpoint } from '../../ports/agent-driver.ts';
import { tlsFixture } from '../../testing/tls-fixture.ts';
import { loadAgentTypes } from '../manifest/load-agent-types.ts';
import { OpenClawDriver } from './openclaw-driver.ts';

const [type] = loadAgentTypes([fileURLToPath(new URL('../../../../../agent-types', import.meta.url))]);
const driver = new OpenClawDriver();
const allScopes = ['operator.admin', 'operator.read', 'operator.write', 'operator.approvals', 'operator.pairing'];

interface Request {
  readonly id: string;
  readonly method: string;
  readonly params: Record<string, unknown>;
}

const opened: (Server | TcpServer)[] = [];
afterEach(() => {
  for (const server of opened.splice(0)) server.close();
});

/** An agent that answers each request with what `answer` says; nothing when it says `undefined`. */
class FakeAgent {
  readonly requests: Request[] = [];
  readonly headers: Record<string, unknown>[] = [];
  closedSockets = 0;
  readonly #server: Server;
  readonly #answer: (request: Request, socket: WebSocket) => object | undefined;

  constructor(
    answer: (request: Request, socket: WebSocket) => object | undefined,
    greet = true,
    server = createServer(),
  ) {
    this.#answer = answer;
    this.#server = server;
    const sockets = new WebSocketServer({ server: this.#server });
    sockets.on('connection', (socket, { headers }) => {
      this.headers.push(headers);
      socket.on('close', () => {
        this.closedSockets += 1;
      });
      socket.on('error', () => socket.terminate());
      socket.on('message', (data: Buffer) => this.#receive(socket, JSON.parse(data.toString())));
      if (greet)
        socket.send(JSON.stringify({ type: 'event', event: 'connect.challenge', payload: { nonce: 'n', ts: 1 } }));
    });
    opened.push(this.#server);
  }

  async start(): Promise<AgentEndpoint> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return endpointAt((this.#server.address() as AddressInfo).port);
  }

  #receive(socket: WebSocket, request: Request): void {
    this.requests.push(request);
    const answer = this.#answer(request, socket);
    if (answer) socket.send(JSON.stringify({ type: 'res', id: request.id, ...answer }));
  }
}

function endpointAt(port: number): AgentEndpoint {
  const credentials = {
    virtualKey: 'vk',
    controlUser: 'control-secret',
    ingressUser: 'people',
    probeUser: 'probe',
    probeToken: 'probe-token',
  };
  return { address: '127.0.0.1', port, credentials, type: type! };
}

const hello = (scopes: readonly string[] = allScopes) => ({
  ok: true,
  payload: { type: 'hello-ok', protocol: 4, server: { version: '2026.9.6' }, auth: { role: 'operator', scopes } },
});
const soon = () => AbortSignal.timeout(5000);
const atOnce = () => AbortSignal.timeout(300);

describe('the check of the RPC', () => {
  const answering = (scopes: readonly string[], health: object) =>
    new FakeAgent(({ method }) => (method === 'connect' ? hello(scopes) : health));

  test('passes when the agent grants every scope and says that it is well', async () => {
    const agent = answering(allScopes, { ok: true, payload: { ok: true } });
    expect(await driver.checkRpc(await agent.start(), soon())).toEqual({ ok: true, detail: undefined });
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
    const answer = await driver.checkRpc(await answering(scopes, health).start(), soon());
    expect(answer).toEqual({ ok: false, detail: expect.stringMatching(detail) });
  });

  test('says what OpenClaw said when it does not accept the user', async () => {
    const agent = new FakeAgent((_request, socket) => {
      socket.close(1008, 'device identity required');
      return undefined;
    });
    expect(await driver.checkRpc(await agent.start(), soon())).toEqual({
      ok: false,
      detail: 'The agent closed the connection (1008: device identity required)',
    });
  });

  test('ends in time and leaves no connection, whatever the agent does instead of answering', async () => {
    const late = { ok: false, detail: expect.stringContaining('in time') };
    const silent = new FakeAgent(() => undefined, false);
    expect(await driver.checkRpc(await silent.start(), atOnce())).toEqual(late);
    await expect.poll(() => silent.closedSockets).toBe(1);
    const mute = new FakeAgent(() => undefined);
    expect(await driver.checkRpc(await mute.start(), atOnce())).toEqual(late);
    await expect.poll(() => mute.closedSockets).toBe(1);
  });

  test('is not moved by a frame too long, frames without end, or another language', async () => {
    const flood = (text: string, times: number) =>
      new FakeAgent((_request, socket) => {
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
      const answer = await driver.checkRpc(await agent.start(), soon());
      expect(answer).toEqual({ ok: false, detail: expect.stringMatching(detail) });
      await expect.poll(() => agent.closedSockets).toBe(1);
    }
  });

  test('passes over kinds of frames it does not know', async () => {
    const agent = new FakeAgent(({ method }, socket) => {
      socket.send('{"type":"tick"}');
      return method === 'connect' ? hello() : { ok: true, payload: { ok: true } };
    });
    expect(await driver.checkRpc(await agent.start(), soon())).toEqual({ ok: true, detail: undefined });
  });

  test('removes what would take over a terminal from the words of the agent', async () => {
    const agent = new FakeAgent(() => ({ ok: false, error: { message: '\u001b[2Jowned\u202e\u0000' } }));
    expect((await driver.checkRpc(await agent.start(), soon())).detail).toBe('The agent refuses "connect": [2Jowned');
  });

  test('tells an agent that is not there from one that is', async () => {
    const agent = new FakeAgent(() => hello());
    const { port } = await agent.start();
    opened.pop()?.close();
    expect(await driver.checkRpc(endpointAt(port), soon())).toEqual({
      ok: false,
      detail: 'No connection to the agent: nothing listens there',
    });
  });
});

describe('a turn of conversation', () => {
  const talking = (...waits: object[]) => {
    const left = [...waits];
    return new FakeAgent(({ method, params }) => {
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
    const agent = new FakeAgent(({ method }, socket) => {
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
    const agent = new FakeAgent(() => hello(['operator.read']));
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
    const agent = new FakeAgent(() => hello(), true, createTlsServer(tlsFixture));
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
