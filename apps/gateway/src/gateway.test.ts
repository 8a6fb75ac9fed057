import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent as HttpAgent, type IncomingMessage, request, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type GatewaySnapshot, modelFinding } from '@agentpod/core';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { HttpModelHealth } from '../../server/src/adapters/gateway-health/http-model-health.ts';
import { readConfig } from './config.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { ask } from './testing/ask.ts';
import { aKey, anAgent, aSnapshot } from './testing/builders.ts';
import { capturedLog } from './testing/captured-log.ts';
import { FakeProvider } from './testing/fake-provider.ts';
import { sealSnapshot } from './testing/seal-snapshot.ts';

let folder: string;
let provider: FakeProvider;
let gateway: Gateway | undefined;
let lines: string[];
const key = aKey();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'agentpod-gateway-'));
  provider = await new FakeProvider().start();
});
afterEach(async () => {
  await gateway?.stop();
  gateway = undefined;
  await provider.stop();
  rmSync(folder, { recursive: true, force: true });
});

const environment = (more: Record<string, string> = {}) => ({
  AGENTPOD_DATA_DIR: folder,
  AGENTPOD_GATEWAY_LISTEN: '127.0.0.1:0',
  AGENTPOD_MODEL_LISTEN: '127.0.0.1:0',
  ...more,
});

async function start(options: { models?: string; drainMs?: number } = {}): Promise<Gateway> {
  const captured = capturedLog();
  lines = captured.lines;
  const config = readConfig(environment(options.models ? { AGENTPOD_MODEL_LISTEN: options.models } : {}));
  const limits = { drainMs: options.drainMs ?? 2000 };
  gateway = await startGateway({ config, log: captured.log, limits });
  return gateway;
}

async function publish(modelKey: string, differences: Partial<GatewaySnapshot> = {}): Promise<void> {
  const model = {
    provider: 'openai',
    dialect: 'openai',
    name: 'm1',
    baseUrl: provider.baseUrl,
    key: modelKey,
  } as const;
  const { files } = readConfig(environment());
  await sealSnapshot(files, aSnapshot({ agents: [anAgent({ model })], ...differences }), key);
}

const serving = async (): Promise<number> =>
  await vi.waitFor(
    () => {
      expect(gateway?.modelPort()).toBeGreaterThan(0);
      return gateway?.modelPort() ?? 0;
    },
    { timeout: 3000, interval: 10 },
  );

const complete = async () =>
  await ask({
    port: await serving(),
    path: '/v1/chat/completions',
    method: 'POST',
    from: '127.0.0.2',
    headers: { authorization: 'Bearer apk_acme' },
    body: '{}',
  });
const health = async () =>
  JSON.parse((await ask({ port: gateway?.accessPort ?? 0, path: '/healthz' })).body) as unknown;

describe('the gateway', () => {
  test('starts without a snapshot and serves within a second of its being published', async () => {
    await start();
    expect((await complete()).status).toBe(503);
    expect(await health()).toEqual({ ok: true, snapshot: null, models: true });
    await publish('sk-one');
    await vi.waitFor(async () => expect((await complete()).status).toBe(200), { timeout: 1000, interval: 20 });
    expect(await health()).toEqual({ ok: true, snapshot: 1, models: true });
  });

  test('uses a new key within a second, without a restart, and the last one when the next is broken', async () => {
    await publish('sk-one');
    await start();
    await complete();
    await publish('sk-two', { revision: 2 });
    await vi.waitFor(
      async () => {
        await complete();
        expect(provider.seen.at(-1)?.headers.authorization).toBe('Bearer sk-two');
      },
      { timeout: 1000, interval: 20 },
    );
    await publish('sk-three', { revision: 3, handoverKey: 'broken' });
    await vi.waitFor(() => expect(lines.join('')).toContain('SnapshotInvalid'), { timeout: 1000, interval: 20 });
    expect((await complete()).status).toBe(200);
    expect(provider.seen.at(-1)?.headers.authorization).toBe('Bearer sk-two');
    expect(provider.seen[0]?.headers.authorization).toBe('Bearer sk-one');
  });

  test('tells the control plane whose key is refused, and that another key healed it', async () => {
    const reportKey = aKey();
    provider.behave = (incoming, response) => {
      incoming.resume();
      const refused = incoming.headers.authorization !== 'Bearer sk-two';
      response.writeHead(refused ? 401 : 200, { 'content-type': 'application/json' });
      response.end(refused ? '{"error":{"message":"Incorrect API key provided: sk-one"}}' : '{}');
    };
    await publish('sk-one', { reportKey });
    const { accessPort } = await start();
    const health = new HttpModelHealth({ gatewayUrl: `http://127.0.0.1:${accessPort}`, reportKey });
    const found = async () => {
      const report = (await health.read(AbortSignal.timeout(2000))).get('id-of-acme');
      return report && modelFinding(report, Date.now());
    };
    expect(await found()).toBeUndefined();
    await complete();
    await vi.waitFor(async () => expect(await found()).toMatchObject({ status: 'False', reason: 'ModelKeyRejected' }));
    await publish('sk-two', { reportKey, revision: 2 });
    await vi.waitFor(async () => expect(await found()).toMatchObject({ status: 'True' }), { timeout: 1000 });
    await complete();
    expect(await found()).toMatchObject({ status: 'True', reason: 'NoTrouble' });
  });

  test('serves visitors while the address for model traffic does not exist, and says so once', async () => {
    await publish('sk-one');
    await start({ models: '192.0.2.77:7200' });
    expect(await health()).toMatchObject({ ok: true, models: false });
    const complaints = () => lines.filter((line) => line.includes('cannot be served yet'));
    expect(JSON.parse(complaints()[0] ?? '{}')).toMatchObject({ code: 'EADDRNOTAVAIL', address: '192.0.2.77' });
  });

  test('serves model traffic as soon as its address is free', async () => {
    await publish('sk-one');
    const squatter = createTcpServer();
    await new Promise<void>((resolve) => squatter.listen(0, '127.0.0.1', resolve));
    const { port } = squatter.address() as AddressInfo;
    await start({ models: `127.0.0.1:${port}` });
    const attempts = vi.spyOn(TcpServer.prototype, 'listen');
    await vi.waitFor(() => expect(attempts.mock.calls.length).toBeGreaterThan(1), { timeout: 4000 });
    attempts.mockRestore();
    squatter.close();
    expect(await serving()).toBe(port);
    expect((await complete()).status).toBe(200);
    expect(lines.filter((line) => line.includes('cannot be served yet'))).toHaveLength(1);
  });

  /** A stream that has begun, on a connection that its client would keep. */
  async function aStream(): Promise<{ answer: IncomingMessage; upstream: ServerResponse; agent: HttpAgent }> {
    let upstream: ServerResponse | undefined;
    provider.behave = (_request, response) => {
      upstream = response;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: one\n\n');
    };
    const agent = new HttpAgent({ keepAlive: true });
    const call = request({
      host: '127.0.0.1',
      port: await serving(),
      path: '/v1/chat/completions',
      method: 'POST',
      agent,
      localAddress: '127.0.0.2',
      headers: { authorization: 'Bearer apk_acme' },
    });
    call.on('error', () => undefined);
    call.end('{}');
    const [answer] = (await once(call, 'response')) as [IncomingMessage];
    await once(answer, 'data');
    if (upstream === undefined) throw new Error('the provider was not called');
    return { answer, upstream, agent };
  }

  test('that is stopped takes nothing new, and lets a stream come to its end', async () => {
    await publish('sk-one');
    await start({ drainMs: 60_000 });
    const port = await serving();
    const { answer, upstream, agent } = await aStream();
    const stopped = gateway?.stop();
    gateway = undefined;
    await vi.waitFor(
      async () =>
        await expect(ask({ port, path: '/v1/models', from: '127.0.0.2' })).rejects.toMatchObject({
          code: 'ECONNREFUSED',
        }),
    );
    let rest = '';
    answer.on('data', (chunk: Buffer) => (rest += chunk.toString()));
    upstream.end('data: [DONE]\n\n');
    await once(answer, 'end');
    await stopped;
    expect(rest).toBe('data: [DONE]\n\n');
    agent.destroy();
  });

  test('that is stopped cuts off a stream that does not end', async () => {
    await publish('sk-one');
    await start({ drainMs: 100 });
    const { answer, agent } = await aStream();
    answer.resume();
    const cut = once(answer, 'error');
    await gateway?.stop();
    gateway = undefined;
    expect(await cut).toMatchObject([{ code: 'ECONNRESET' }]);
    agent.destroy();
  });

  test('that is stopped before its address exists stops', async () => {
    await start({ models: '192.0.2.77:7200' });
    await gateway?.stop();
    gateway = undefined;
  });
});

describe('the process', () => {
  const main = fileURLToPath(new URL('./main.ts', import.meta.url));
  const run = (env: Record<string, string>): { child: ChildProcess; output: () => string } => {
    const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (chunk: Buffer) => (text += chunk.toString()));
    return { child, output: () => text };
  };

  test('ends well when it is told to', async () => {
    await publish('sk-planted');
    const { child, output } = run(environment());
    const exited = once(child, 'exit');
    await vi.waitFor(() => expect(output()).toContain('model traffic is served'), { timeout: 8000 });
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    expect(output()).toContain('"msg":"stopped"');
    expect(output()).not.toContain('planted');
  });

  test('says in one line which variable is wrong', async () => {
    const { child, output } = run(environment({ AGENTPOD_MODEL_LISTEN: 'nonsense' }));
    expect(await once(child, 'exit')).toEqual([1, null]);
    expect(output()).toMatch(/^agentpod-gateway: AGENTPOD_MODEL_LISTEN: .*\n$/);
  });

  test('does not go on without its own address', async () => {
    const { child, output } = run(environment({ AGENTPOD_GATEWAY_LISTEN: '192.0.2.77:7201' }));
    expect(await once(child, 'exit')).toEqual([1, null]);
    expect(output()).toContain('EADDRNOTAVAIL');
  });
});
