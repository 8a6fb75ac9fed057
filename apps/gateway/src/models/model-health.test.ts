import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request as httpRequest, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { modelFinding, ModelReport } from '@agentpod/core';
import { Agent as Pool } from 'undici';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Agent, type Snapshot, toSnapshot } from '../snapshot/snapshot.ts';
import { ask } from '../testing/ask.ts';
import { anAgent, aSnapshot } from '../testing/builders.ts';
import { capturedLog } from '../testing/captured-log.ts';
import { FakeProvider } from '../testing/fake-provider.ts';
import { ModelRecords } from './model-records.ts';
import { createModelServer } from './model-server.ts';

/** What comes to be known of a model from real calls over real sockets. */
const realKey = 'sk-planted/real+key-0123456789';
let provider: FakeProvider;
let pool: Pool;
let current: Snapshot;
let records: ModelRecords;
let server: Server;
let port: number;

beforeEach(async () => {
  provider = await new FakeProvider().start();
  publish({});
  records = new ModelRecords({ snapshot: () => current, now: () => 1_000_000 });
  pool = new Pool({ allowH2: false, connect: { timeout: 300 }, headersTimeout: 300, bodyTimeout: 300 });
  server = createModelServer({ snapshot: () => current, pool, records, log: capturedLog().log });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  // oxlint-disable-next-line vitest/no-standalone-expect -- holds for every test of this file
  expect(JSON.stringify(records.reports())).not.toMatch(/planted|apk_acme/);
  server.closeAllConnections();
  server.close();
  await pool.destroy();
  await provider.stop();
});

function publish(model: Partial<Agent['model']>): void {
  const plain = { provider: 'openai', dialect: 'openai', name: 'm1', baseUrl: provider.baseUrl, key: realKey } as const;
  current = toSnapshot(aSnapshot({ agents: [anAgent({ model: { ...plain, ...model } })] }));
}

const call = async (path = '/v1/chat/completions', body = '{}') =>
  await ask({ port, path, method: 'POST', from: '127.0.0.2', headers: { authorization: 'Bearer apk_acme' }, body });

/** A call whose pieces the test sends and reads itself. */
function open(): ClientRequest {
  const outgoing = httpRequest({
    host: '127.0.0.1',
    port,
    path: '/v1/chat/completions',
    method: 'POST',
    agent: false,
    localAddress: '127.0.0.2',
    headers: { authorization: 'Bearer apk_acme' },
  });
  outgoing.on('error', () => undefined);
  outgoing.end('{}');
  return outgoing;
}

function answers(status: number, body: unknown): void {
  provider.behave = (incoming, response) => {
    incoming.resume();
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
}

const report = () => ModelReport.parse(records.reports()['id-of-acme']);
const reasonNow = () => modelFinding(report(), 1_000_000 + 3_600_000)?.reason;
const recentIs = async (recent: object) => await vi.waitFor(() => expect(report().recent).toEqual(recent));

describe('a provider’s answer', () => {
  test('that is well is a success, streamed or not', async () => {
    await call();
    provider.behave = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end('data: one\n\ndata: [DONE]\n\n');
    };
    await call();
    await recentIs({ ok: 2 });
    expect(report()).toMatchObject({ lastSuccessAt: 1_000_000, streak: [] });
  });

  test.each<[number, unknown, string, string, string]>([
    [401, { error: { message: 'Incorrect API key' } }, 'unauthorized', 'Incorrect API key', 'ModelKeyRejected'],
    [403, { error: { message: 'No access' } }, 'forbidden', 'No access', 'ModelKeyRejected'],
    [
      402,
      { error: { message: 'Insufficient Balance' } },
      'quota-exhausted',
      'Insufficient Balance',
      'ModelQuotaExhausted',
    ],
    [
      429,
      { error: { message: 'Quota', code: 'insufficient_quota' } },
      'quota-exhausted',
      'Quota',
      'ModelQuotaExhausted',
    ],
    [429, { error: { message: '余额不足', code: '1113' } }, 'quota-exhausted', '余额不足', 'ModelQuotaExhausted'],
    [
      400,
      { type: 'error', error: { type: 'invalid_request_error', message: 'Your credit balance is too low' } },
      'quota-exhausted',
      'Your credit balance is too low',
      'ModelQuotaExhausted',
    ],
    [400, { code: 'Arrearage', message: 'Access denied' }, 'quota-exhausted', 'Access denied', 'ModelQuotaExhausted'],
    [404, { error: 'model "m1" not found' }, 'not-found', 'model "m1" not found', 'ModelNotFound'],
  ])('with %i and %j is %s', async (status, body, kind, detail, reason) => {
    answers(status, body);
    await call();
    await recentIs({ [kind]: 1 });
    expect(report()).toMatchObject({
      lastFailure: { kind, status, detail, at: 1_000_000 },
      streak: [{ kind, count: 1 }],
    });
    expect(reasonNow()).toBe(reason);
  });

  test.each<[number, string, string]>([
    [429, 'rate-limited', 'ModelRateLimited'],
    [500, 'server-error', 'ModelUnreachable'],
    [529, 'server-error', 'ModelUnreachable'],
  ])('with %i is trouble only when it repeats', async (status, kind, reason) => {
    answers(status, { error: { message: 'later' } });
    await call();
    await call();
    await recentIs({ [kind]: 2 });
    expect(reasonNow()).toBeUndefined();
    await call();
    await recentIs({ [kind]: 3 });
    expect(reasonNow()).toBe(reason);
  });

  test('that refuses this one call says nothing about the model', async () => {
    answers(400, { error: { message: 'context too long' } });
    await call();
    await recentIs({ refused: 1 });
    expect(report().streak).toEqual([]);
  });

  test('is told in one short plain sentence without the key', async () => {
    answers(401, { error: { message: `\u001b[31mKey\n ${realKey} \u202eis ${'very '.repeat(100)}wrong` } });
    await call();
    await recentIs({ unauthorized: 1 });
    const detail = report().lastFailure?.detail ?? '';
    expect(detail).toMatch(/^\[31mKey \[redacted\] is very very/);
    expect(detail).toHaveLength(200);
  });

  test('does not show a key that JSON writes in its own way', async () => {
    const letters = Array.from(Buffer.from(realKey), (code) => `\\u${code.toString(16).padStart(4, '0')}`);
    answers(401, `{"error":{"message":"bad key ${letters.join('')}"}}`);
    await call();
    await recentIs({ unauthorized: 1 });
    expect(report().lastFailure?.detail).toBe('bad key [redacted]');
  });

  test.each([
    ['is not JSON', '<html>planted page</html>'],
    ['is too long to be one', JSON.stringify({ error: { message: `planted${'x'.repeat(100_000)}` } })],
    ['has another shape', '{"error":[1,2,{"planted":true}],"message":7}'],
    ['is empty', ''],
  ])('that %s is known by its status alone', async (_how, body) => {
    answers(401, body);
    expect((await call()).body).toBe(body);
    await recentIs({ unauthorized: 1 });
    expect(report().lastFailure).toMatchObject({ kind: 'unauthorized', status: 401, detail: '' });
  });
});

describe('a provider without an answer', () => {
  test('is unreachable, in the system’s word', async () => {
    publish({ baseUrl: 'http://127.0.0.1:1/v1' });
    await call();
    await recentIs({ unreachable: 1 });
    expect(report().lastFailure).toEqual({ kind: 'unreachable', at: 1_000_000, detail: 'ECONNREFUSED' });
  });

  test('is late when it does not begin, or falls silent within', async () => {
    provider.behave = () => undefined;
    await call();
    await recentIs({ 'timed-out': 1 });
    provider.behave = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: one\n\n');
    };
    await call().catch(() => undefined);
    await recentIs({ 'timed-out': 2 });
  });

  test('is unreachable when it breaks off, politely or not', async () => {
    for (const breakOff of ['destroy', 'resetAndDestroy'] as const) {
      provider.behave = (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('data: one\n\n', () => response.socket?.[breakOff]());
      };
      await call().catch(() => undefined);
    }
    await recentIs({ unreachable: 2 });
  });

  test('is unreachable when it points elsewhere or talks garbage', async () => {
    answers(307, '');
    await call();
    const raw = createTcpServer((socket) => void socket.on('error', () => undefined).write('SSH-2.0-planted\r\n'));
    await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
    await recentIs({ unreachable: 1 });
    publish({ baseUrl: `http://127.0.0.1:${(raw.address() as AddressInfo).port}/v1` });
    await call();
    await recentIs({ unreachable: 1 });
    raw.close();
  });
});

describe('what is not the provider’s doing', () => {
  const streaming = (): void => {
    provider.behave = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: one\n\n');
    };
  };

  test('an agent that leaves is counted apart, whenever and however it leaves', async () => {
    const arrived = vi.fn<() => void>();
    provider.behave = () => arrived();
    const waiting = open();
    await vi.waitFor(() => expect(arrived).toHaveBeenCalled());
    waiting.destroy();
    await recentIs({ aborted: 1 });
    for (const [index, leave] of (['destroy', 'resetAndDestroy'] as const).entries()) {
      streaming();
      const outgoing = open();
      const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
      answer.on('error', () => undefined);
      await once(answer, 'data');
      outgoing.socket?.[leave]();
      await recentIs({ aborted: index + 2 });
    }
    expect(report().streak).toEqual([]);
  });

  test('refusals of the gateway itself are not counted at all', async () => {
    await call('/v1/files');
    await call('/v1/messages');
    await ask({ port, path: '/v1/chat/completions', method: 'POST', from: '127.0.0.2', body: '{}' });
    expect(report().recent).toEqual({});
    publish({ provider: 'demo' });
    await call('/v1/chat/completions', '{"model":"m","messages":[]}');
    expect(report()).toMatchObject({ provider: 'demo', recent: {} });
  });

  test('agents cannot read the report where they send their calls', async () => {
    for (const method of ['GET', 'POST']) {
      expect((await ask({ port, path: '/__internal/models', method, from: '127.0.0.2' })).status).toBe(403);
    }
  });
});
