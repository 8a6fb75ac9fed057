import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { memoryProfileOf } from '@agentpod/core';
import { afterEach, describe, expect, test } from 'vitest';
import type { AgentEndpoint, RenderInput } from '../../ports/agent-driver.ts';
import { aBlock, anAgent, aSpec } from '../../testing/builders.ts';
import { tlsFixture } from '../../testing/tls-fixture.ts';
import { checked } from '../../testing/checked.ts';
import { HttpAgentProbe } from '../http-probe/http-agent-probe.ts';
import { loadAgentTypes } from './load-agent-types.ts';
import { ManifestDriver } from './manifest-driver.ts';

const [type] = loadAgentTypes([fileURLToPath(new URL('../../../../../e2e/agent-types', import.meta.url))]);
const driver = new ManifestDriver(new HttpAgentProbe());
const credentials = {
  virtualKey: 'vk-secret',
  controlUser: 'control-secret',
  ingressUser: 'people',
  probeUser: 'probe',
  probeToken: 'probe-token',
};
const soon = () => AbortSignal.timeout(5000);
const atOnce = () => AbortSignal.timeout(300);

const opened: Server[] = [];
afterEach(() => {
  for (const server of opened.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function agentThat(
  answers: (request: IncomingMessage, response: ServerResponse, body: string) => void,
  server: Server = createServer(),
): Promise<AgentEndpoint> {
  server.on('request', (request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += String(chunk);
    });
    request.on('end', () => answers(request, response, body));
  });
  opened.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: '127.0.0.1', port: (server.address() as AddressInfo).port, credentials, type: type! };
}

describe('rendering', () => {
  function input(name = 'm1', identity = {}, more = {}): RenderInput {
    const memoryBytes = 128 * 1024 ** 2;
    return {
      agent: anAgent({ spec: aSpec({ type: 'stub', identity, ...more }) }),
      type: type!,
      profile: memoryProfileOf(type!, memoryBytes),
      block: aBlock,
      origin: 'http://acme.localhost',
      credentials,
      model: { gatewayUrl: 'http://10.203.255.1:7200', dialect: 'openai', name, epoch: 'e' },
    };
  }

  test('gives the agent its model in a file; of that, only what is no secret in the environment', () => {
    const { env, configFiles } = driver.render(input());
    expect(env).toEqual({ AGENTPOD_MODEL_URL: 'http://10.203.255.1:7200', AGENTPOD_MODEL: 'm1' });
    expect(configFiles.map(({ path, policy }) => [path, policy])).toEqual([['agentpod.json', 'replace']]);
    expect(JSON.parse(configFiles[0]?.content ?? '')).toEqual({
      agent: { tenant: 'acme', name: 'main', origin: 'http://acme.localhost' },
      model: { url: 'http://10.203.255.1:7200', dialect: 'openai', name: 'm1', key: 'vk-secret' },
    });
  });

  test('hands settings of experts on as they are, and each change of them is a new container', () => {
    const rendered = driver.render(input('m1', {}, { config: { greeting: '你好' } }));
    expect(JSON.parse(rendered.configFiles[0]?.content ?? '')).toMatchObject({ config: { greeting: '你好' } });
    expect(rendered.bootInputs).not.toEqual(driver.render(input()).bootInputs);
  });

  test('makes every change of the configuration a new container', () => {
    expect(driver.render(input()).bootInputs).toEqual(driver.render(input()).bootInputs);
    expect(driver.render(input('m2')).bootInputs).not.toEqual(driver.render(input()).bootInputs);
  });

  test('writes only the identity that was given', () => {
    expect(driver.render(input()).stateFiles).toEqual([]);
    expect(driver.render(input('m1', { soul: 'Ada' })).stateFiles).toEqual([
      { path: 'SOUL.md', content: 'Ada', policy: 'replace' },
    ]);
  });
});

test('the RPC of a type without one is its own word that it has started', async () => {
  const says = async (status: string) =>
    await checked(driver, await agentThat((_, response) => response.end(JSON.stringify({ ok: true, status }))), soon());
  expect(await says('started')).toEqual({ ok: true, detail: undefined });
  expect(await says('starting')).toMatchObject({ ok: false });
});

describe('a turn of conversation', () => {
  const turn = { session: 's1', message: 'ping' };
  const reply = (content: unknown) => JSON.stringify({ choices: [{ message: { role: 'assistant', content } }] });

  test('is one chat completion, asked as one of the people, not as the control plane', async () => {
    const seen: { path?: string | undefined; user?: unknown; body?: unknown } = {};
    const agent = await agentThat((request, response, body) => {
      Object.assign(seen, { path: request.url, user: request.headers['x-agentpod-user'], body: JSON.parse(body) });
      response.end(reply('pong\u001b'));
    });
    expect(await driver.chat(agent, turn, soon())).toBe('pong');
    expect(seen).toEqual({
      path: '/v1/chat/completions',
      user: 'people',
      body: { model: 'agent', user: 's1', messages: [{ role: 'user', content: 'ping' }] },
    });
  });

  test.each([
    ['in its own words', 500, '{"error":{"message":"no\\u001b model"}}', 'no model'],
    ['without words', 503, '<html>', 'HTTP 503 without a reply'],
    ['with an empty reply', 200, reply(''), 'HTTP 200 without a reply'],
    ['with a reply that is no text', 200, reply({ x: 1 }), 'HTTP 200 without a reply'],
  ])('fails %s', async (_how, status, text, message) => {
    const agent = await agentThat((_, response) => response.writeHead(status).end(text));
    await expect(driver.chat(agent, turn, soon())).rejects.toMatchObject({
      kind: 'unavailable',
      reason: 'AgentFailed',
      message,
    });
  });

  test('does not read without end, nor wait without end', async () => {
    const endless = await agentThat((_, response) => {
      const pour = () => {
        while (response.writable && response.write('x'.repeat(65_536)));
      };
      response.on('drain', pour);
      pour();
    });
    await expect(driver.chat(endless, turn, soon())).rejects.toMatchObject({
      message: expect.stringMatching(/too long/),
    });
    const silent = await agentThat(() => undefined);
    await expect(driver.chat(silent, turn, atOnce())).rejects.toMatchObject({
      message: expect.stringMatching(/in time/),
    });
  });
});

describe('the check of the route', () => {
  const check = async ({ port }: AgentEndpoint, url = 'http://acme.invalid') =>
    await driver.checkRoute(
      { url, connectTo: { address: '127.0.0.1', port }, headers: { authorization: 'Bearer probe-token' } },
      soon(),
    );

  test.each([200, 204, 400, 405, 418])('HTTP %i is an answer of the agent', async (status) => {
    const seen: unknown[] = [];
    const agent = await agentThat(({ headers, url }, response) => {
      seen.push([headers.host, headers.authorization, url]);
      response.writeHead(status).end();
    });
    expect(await check(agent)).toEqual({ ok: true, detail: undefined });
    expect(seen).toEqual([['acme.invalid', 'Bearer probe-token', '/']]);
  });

  test.each([401, 403, 404, 500, 502, 503, 504])('HTTP %i may be somebody else in its place', async (status) => {
    const agent = await agentThat((_, response) => response.writeHead(status).end());
    expect(await check(agent)).toEqual({ ok: false, detail: `The ingress answers HTTP ${status}` });
  });

  test.each([
    ['/start', true],
    ['http://acme.invalid/start', true],
    ['http://console.invalid/handover', false],
    ['//console.invalid', false],
    ['http://[', false],
  ])('a redirect to %s: %s', async (location, ok) => {
    const agent = await agentThat((_, response) => response.writeHead(302, { location }).end());
    expect((await check(agent)).ok).toBe(ok);
  });

  test('does not need the end of a page, however long it is', async () => {
    const agent = await agentThat((_, response) => response.writeHead(200).write('x'.repeat(200_000)));
    expect(await check(agent)).toEqual({ ok: true, detail: undefined });
  });

  test('wants a certificate that is valid for the host', async () => {
    const agent = await agentThat((_, response) => response.end(), createTlsServer(tlsFixture));
    const trusted = getCACertificates('default');
    expect(await check(agent, 'https://acme.invalid')).toMatchObject({
      ok: false,
      detail: expect.stringMatching(/self-signed/),
    });
    try {
      setDefaultCACertificates([...trusted, tlsFixture.cert]);
      expect(await check(agent, 'https://acme.invalid')).toEqual({ ok: true, detail: undefined });
      expect(await check(agent, 'https://other.invalid')).toMatchObject({ ok: false });
    } finally {
      setDefaultCACertificates(trusted);
    }
  });
});

describe('a session', () => {
  test('asks anew each time; only an answer that it is well is a sign of life', async () => {
    let well = true;
    let now = 1000;
    const endpoint = await agentThat((_request, response) => {
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify(well ? type!.probes.started.body : { ok: false }));
    });
    const session = await driver.openSession(endpoint, soon(), () => now);
    now = 2000;
    expect(await session.check(soon())).toEqual({
      healthy: { ok: true, detail: undefined },
      lastActivityAt: undefined,
      channels: [],
    });
    expect(session.lastFrameAt()).toBe(2000);
    well = false;
    now = 3000;
    expect(await session.check(soon())).toMatchObject({ healthy: { ok: false } });
    expect(session.lastFrameAt()).toBe(2000);
    session.close();
    expect(await session.ended).toBe('the connection was closed');
  });
});

describe('the last words', () => {
  const line = (text: string, stream: 'stdout' | 'stderr' = 'stdout') => ({ time: '', stream, line: text });
  const explain = (lines: ReturnType<typeof line>[], exitCode: number | undefined = 1, outOfMemory = false) =>
    driver.explain({ lines, exitCode, outOfMemory });

  test('are those on standard error, or else the last at all, plain and short', () => {
    expect(explain([line('it broke\u001b[2J', 'stderr'), line('bye'), line('  ')])).toEqual({
      kind: 'Unclassified',
      message: 'it broke[2J',
      transient: false,
    });
    expect(explain([line('one'), line('x'.repeat(900))])?.message).toHaveLength(300);
    expect(explain([])).toBeUndefined();
  });

  test('do not matter after a clean end, nor when the memory ran out', () => {
    expect(explain([line('fine')], 0)).toBeUndefined();
    expect(explain([line('fine')], 137, true)?.kind).toBe('OutOfMemory');
  });
});
