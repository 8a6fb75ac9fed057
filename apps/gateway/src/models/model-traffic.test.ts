import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request as httpRequest, type Server } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Logger } from 'pino';
import { Agent as Pool } from 'undici';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { sha256 } from '../digest.ts';
import { type Agent, type Snapshot, toSnapshot } from '../snapshot/snapshot.ts';
import { ask } from '../testing/ask.ts';
import { anAgent, aSnapshot } from '../testing/builders.ts';
import { capturedLog } from '../testing/captured-log.ts';
import { FakeProvider } from '../testing/fake-provider.ts';
import { ModelRecords } from './model-records.ts';
import { createModelServer, type ModelLimits } from './model-server.ts';

const realKey = 'sk-planted/real+key-0123456789';
let provider: FakeProvider;
let pool: Pool | undefined;
let current: Snapshot | undefined;
let server: Server;
let port: number;
let log: Logger;
let lines: string[];
/** All that any agent was ever answered, to be searched for the key. */
let answered: string;

beforeEach(async () => {
  provider = await new FakeProvider().start();
  ({ log, lines } = capturedLog());
  answered = '';
  publish(openai());
  await serve();
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await pool?.destroy();
  await provider.stop();
  // oxlint-disable-next-line vitest/no-standalone-expect -- holds for every test of this file
  expect(lines.join('')).not.toMatch(/planted|apk_acme/);
  // oxlint-disable-next-line vitest/no-standalone-expect -- as above
  expect(answered).not.toContain('planted');
});

async function serve(limits: Partial<ModelLimits> = {}, patienceMs = 500): Promise<void> {
  server?.close();
  await pool?.destroy();
  pool = new Pool({
    allowH2: false,
    connect: { timeout: patienceMs },
    headersTimeout: patienceMs,
    bodyTimeout: patienceMs,
  });
  const snapshot = () => current;
  const records = new ModelRecords({ snapshot, now: () => 0 });
  server = createModelServer({ snapshot, pool, records, log, limits });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
}

function publish(...agents: Agent[]): void {
  current = toSnapshot(aSnapshot({ agents }));
}

function openai(model: Partial<Agent['model']> = {}, differences: Partial<Agent> = {}): Agent {
  const plain = {
    provider: 'openai-compatible',
    dialect: 'openai',
    name: 'm1',
    baseUrl: provider.baseUrl,
    key: realKey,
  };
  return anAgent({ model: { ...plain, ...model } as Agent['model'], ...differences });
}

const anthropic = (model: Partial<Agent['model']> = {}) =>
  openai({ dialect: 'anthropic', provider: 'anthropic', ...model });

interface Given {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly from?: string;
  readonly to?: string;
}

async function call(path: string, { method = 'POST', headers = {}, body, from = '127.0.0.2' }: Given = {}) {
  const key = 'x-api-key' in headers ? {} : { authorization: 'Bearer apk_acme' };
  const answer = await ask({
    port,
    path,
    method,
    from,
    headers: { ...key, ...headers },
    ...(method === 'POST' ? { body: body ?? '{"model":"m1"}' } : {}),
  });
  answered += JSON.stringify(answer);
  return { ...answer, json: () => JSON.parse(answer.body) as Record<string, unknown> };
}

/** A call whose pieces the test sends and reads itself. */
function open(path: string, headers: Record<string, string> = {}): ClientRequest {
  const call = httpRequest({
    host: '127.0.0.1',
    port,
    path,
    method: 'POST',
    agent: false,
    localAddress: '127.0.0.2',
    headers: { authorization: 'Bearer apk_acme', 'content-type': 'application/json', ...headers },
  });
  call.on('error', () => undefined); // tests that break it off look at what happened elsewhere
  return call;
}

const answerTo = async (call: ClientRequest): Promise<IncomingMessage> =>
  (await once(call, 'response'))[0] as IncomingMessage;
const nextChunk = async (stream: IncomingMessage): Promise<string> => String((await once(stream, 'data'))[0]);
const until = async (check: () => void): Promise<void> => await vi.waitFor(check, { timeout: 3000, interval: 5 });

describe('a call', () => {
  test.each([
    ['/v1/chat/completions', '/v1/chat/completions'],
    ['/v1/responses', '/v1/responses'],
    ['/v1/embeddings?a=b', '/v1/embeddings?a=b'],
  ])('to %s reaches the provider with the real key, and nothing else of the agent’s', async (path, arrives) => {
    const body = JSON.stringify({ model: 'm1', messages: [{ role: 'user', content: '你好' }] });
    const headers = {
      'content-type': 'application/json',
      'user-agent': 'OpenAI/JS 7.15.0',
      'accept-encoding': 'gzip, deflate',
      cookie: 'a=1',
      'x-forwarded-for': '1.2.3.4',
      'x-stainless-os': 'Linux',
      traceparent: '00-x-y-01',
      te: 'trailers',
    };
    expect(await call(path, { body, headers })).toMatchObject({ status: 200, body: '{"ok":true}' });
    expect(provider.seen).toEqual([
      {
        path: arrives,
        body,
        headers: {
          'accept-encoding': 'identity',
          authorization: `Bearer ${realKey}`,
          connection: 'keep-alive',
          'content-length': String(Buffer.byteLength(body)),
          'content-type': 'application/json',
          host: new URL(provider.baseUrl).host,
          'user-agent': 'OpenAI/JS 7.15.0',
        },
      },
    ]);
  });

  test.each(['/v1/messages', '/v1/messages/count_tokens', '/v1/messages?beta=true'])(
    'to %s speaks the other dialect',
    async (path) => {
      publish(anthropic());
      const headers = { 'x-api-key': 'apk_acme', 'anthropic-version': '2024-01-01', 'anthropic-beta': 'tools' };
      expect((await call(path, { headers })).status).toBe(200);
      expect((await call(path)).status).toBe(200);
      const [first, second] = provider.seen;
      expect(first).toMatchObject({
        path,
        headers: { 'x-api-key': realKey, 'anthropic-version': '2024-01-01', 'anthropic-beta': 'tools' },
      });
      expect(first?.headers).not.toHaveProperty('authorization');
      expect(second?.headers).toMatchObject({ 'x-api-key': realKey, 'anthropic-version': '2023-06-01' });
    },
  );

  test('to a provider without a key carries none, and never the agent’s own', async () => {
    const { key: _none, ...model } = openai().model;
    publish({ ...openai(), model });
    await call('/v1/chat/completions');
    publish({ ...openai(), model: { ...model, dialect: 'anthropic' } });
    await call('/v1/messages', { headers: { 'x-api-key': 'apk_acme' } });
    for (const { headers } of provider.seen) {
      expect(headers).not.toHaveProperty('authorization');
      expect(headers).not.toHaveProperty('x-api-key');
    }
    expect(provider.seen).toHaveLength(2);
  });

  test('goes where the snapshot says at that moment, with its key', async () => {
    await call('/v1/chat/completions');
    publish(openai({ key: 'sk-planted-second', baseUrl: `${provider.baseUrl}/other/` }));
    await call('/v1/chat/completions');
    expect(provider.seen.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/v1/chat/completions', `Bearer ${realKey}`],
      ['/v1/other/chat/completions', 'Bearer sk-planted-second'],
    ]);
  });

  test('gets of the answer’s headers those that mean something to an agent', async () => {
    provider.behave = (_request, response) => {
      response.writeHead(200, {
        'content-type': 'application/json',
        'x-request-id': `r-${realKey}`,
        'x-ratelimit-remaining-requests': '9',
        'set-cookie': '__cf=1',
        'alt-svc': 'h3=":443"',
        'openai-organization': 'the-tenants-own',
        server: 'x',
      });
      response.end('{}');
    };
    const { headers } = await call('/v1/chat/completions');
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'x-request-id': 'r-[redacted]',
      'x-ratelimit-remaining-requests': '9',
    });
    for (const name of ['set-cookie', 'alt-svc', 'openai-organization', 'server'])
      expect(headers).not.toHaveProperty(name);
  });

  test('is one line in the log: who, what, how it went', async () => {
    await call('/v1/chat/completions?planted=1');
    await until(() => expect(lines).toHaveLength(1));
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({
      msg: 'model call',
      agent: 'acme',
      path: '/chat/completions',
      status: 200,
      milliseconds: expect.any(Number),
    });
  });
});

describe('a stream', () => {
  test('arrives as it is sent: the head, then each token, before the provider goes on', async () => {
    let send: (text: string) => void = () => undefined;
    let end = (): void => undefined;
    provider.behave = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.flushHeaders();
      send = (text) => void response.write(text);
      end = () => void response.end();
    };
    const outgoing = open('/v1/chat/completions');
    outgoing.end('{}');
    const answer = await answerTo(outgoing);
    expect(answer.headers['content-type']).toBe('text/event-stream');
    send('data: one\n\n');
    expect(await nextChunk(answer)).toBe('data: one\n\n');
    send('data: two\n\n');
    expect(await nextChunk(answer)).toBe('data: two\n\n');
    // What ends like the key begins is held back no longer than until it turns out to be something else.
    send('data: thre');
    expect(await nextChunk(answer)).toBe('data: thre');
    send('e sk-plan');
    expect(await nextChunk(answer)).toBe('e ');
    send('ned\n\n');
    expect(await nextChunk(answer)).toBe('sk-planned\n\n');
    const ended = once(answer, 'end');
    end();
    await ended;
  });

  test('that the agent leaves is left by us too: the provider stops at once', async () => {
    let left: Promise<unknown> | undefined;
    provider.behave = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: one\n\n');
      left = once(response, 'close');
    };
    const outgoing = open('/v1/chat/completions');
    outgoing.end('{}');
    await nextChunk(await answerTo(outgoing));
    outgoing.destroy();
    await left;
    await until(() => expect(lines.join('')).toContain('"outcome":"aborted"'));
  });

  test('that the agent leaves before it began is left too', async () => {
    await serve({}, 60_000);
    const left = vi.fn<() => void>();
    const arrived = vi.fn<() => void>();
    provider.behave = (_request, response) => {
      arrived();
      response.once('close', left);
    };
    const outgoing = open('/v1/chat/completions');
    outgoing.end('{}');
    await until(() => expect(arrived).toHaveBeenCalled());
    outgoing.destroy();
    await until(() => expect(left).toHaveBeenCalled());
  });

  test('that the provider breaks off is broken off, not ended', async () => {
    provider.behave = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: one\n\n', () => response.destroy());
    };
    const outgoing = open('/v1/chat/completions');
    outgoing.end('{}');
    const answer = await answerTo(outgoing);
    answer.resume();
    await expect(once(answer, 'end')).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(answer.complete).toBe(false);
  });

  test('that falls silent is broken off after a while', async () => {
    provider.behave = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: one\n\n');
    };
    const outgoing = open('/v1/chat/completions');
    outgoing.end('{}');
    const answer = await answerTo(outgoing);
    answer.resume();
    await expect(once(answer, 'end')).rejects.toMatchObject({ code: 'ECONNRESET' });
    await until(() => expect(lines.join('')).toContain('UND_ERR_BODY_TIMEOUT'));
  });

  test('is read only as fast as the agent takes it', async () => {
    let sent = 0;
    let stuck = (): void => undefined;
    const isStuck = new Promise<void>((resolve) => (stuck = resolve));
    provider.behave = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const chunk = Buffer.alloc(64 * 1024, 'x');
      const pump = (): void => {
        while (sent < 400) {
          sent += 1;
          if (!response.write(chunk)) {
            const timer = setTimeout(stuck, 300);
            response.once('drain', () => {
              clearTimeout(timer);
              pump();
            });
            return;
          }
        }
        response.end();
      };
      pump();
    };
    await serve({}, 60_000);
    const outgoing = open('/v1/chat/completions');
    outgoing.end('{}');
    const answer = await answerTo(outgoing);
    await isStuck;
    // 25 MB were to be sent; what fits into the sockets between is all that was.
    expect(sent).toBeLessThan(300);
    let received = 0;
    answer.on('data', (chunk: Buffer) => (received += chunk.length));
    await once(answer, 'end');
    expect(received).toBe(400 * 64 * 1024);
  });
});

describe('a request body', () => {
  test('of 1 MB arrives whole, and the provider has its beginning before its end was sent', async () => {
    let begun: (() => void) | undefined;
    const beginning = new Promise<void>((resolve) => (begun = resolve));
    let received = 0;
    provider.behave = (incoming, response) => {
      incoming.on('data', (chunk: Buffer) => {
        received += chunk.length;
        begun?.();
      });
      incoming.on('end', () => response.end('{}'));
    };
    const outgoing = open('/v1/chat/completions');
    outgoing.write(Buffer.alloc(512 * 1024, 'a'));
    await beginning;
    outgoing.end(Buffer.alloc(512 * 1024, 'b'));
    expect((await answerTo(outgoing)).statusCode).toBe(200);
    expect(received).toBe(1024 * 1024);
  });

  test('that says it is too large is refused before it is read', async () => {
    await serve({ bodyBytes: 1024 });
    const outgoing = open('/v1/chat/completions', { 'content-length': '1025' });
    outgoing.flushHeaders();
    const answer = await answerTo(outgoing);
    expect(answer).toMatchObject({ statusCode: 413, headers: { connection: 'close' } });
    expect(provider.seen).toEqual([]);
  });

  test('that turns out too large is cut off, and the provider with it', async () => {
    await serve({ bodyBytes: 1024 * 1024 });
    const aborted = vi.fn<() => void>();
    provider.behave = (incoming) => {
      incoming.resume();
      incoming.on('error', aborted);
    };
    const outgoing = open('/v1/chat/completions', { 'transfer-encoding': 'chunked' });
    const answer = answerTo(outgoing);
    for (let index = 0; index < 17; index++) outgoing.write(Buffer.alloc(64 * 1024, 'a'));
    expect((await answer).statusCode).toBe(413);
    await until(() => expect(aborted).toHaveBeenCalled());
  });

  test('that the agent breaks off is broken off towards the provider', async () => {
    const aborted = vi.fn<() => void>();
    const begun = vi.fn<() => void>();
    provider.behave = (incoming) => {
      incoming.on('data', begun);
      incoming.on('error', aborted);
    };
    const outgoing = open('/v1/chat/completions', { 'content-length': '1000' });
    outgoing.write('{"model"');
    await until(() => expect(begun).toHaveBeenCalled());
    outgoing.destroy();
    await until(() => expect(aborted).toHaveBeenCalled());
  });
});

describe('who may call', () => {
  const refusal = { message: 'AgentPod: this key is not accepted from here', type: 'permission_error' };
  beforeEach(() =>
    publish(openai(), openai({}, { ref: 'beta', address: '127.0.0.3', virtualKeyHash: sha256('apk_beta') })),
  );

  test.each<[string, Record<string, string>, string]>([
    ['another agent’s address', { authorization: 'Bearer apk_acme' }, '127.0.0.3'],
    ['nobody’s address', { authorization: 'Bearer apk_acme' }, '127.0.0.1'],
    ['its address with a wrong key', { authorization: 'Bearer apk_wrong' }, '127.0.0.2'],
    ['its address with another agent’s key', { authorization: 'Bearer apk_beta' }, '127.0.0.2'],
    ['its address without a key', { authorization: '' }, '127.0.0.2'],
    ['its address with the hash of its key', { authorization: `Bearer ${sha256('apk_acme')}` }, '127.0.0.2'],
    ['its address with another scheme', { authorization: 'Basic apk_acme' }, '127.0.0.2'],
    ['another address that claims its own', { 'x-forwarded-for': '127.0.0.2' }, '127.0.0.3'],
    ['its address with a wrong x-api-key', { 'x-api-key': 'apk_wrong' }, '127.0.0.2'],
    ['its address with a very long key', { authorization: `Bearer ${'x'.repeat(10_000)}` }, '127.0.0.2'],
  ])('is not %s, in the same words each time', async (_who, headers, from) => {
    const openaiAnswer = await call('/v1/chat/completions', { headers, from });
    expect(openaiAnswer.status).toBe(403);
    expect(openaiAnswer.json()).toEqual({ error: { ...refusal, param: null, code: 'forbidden' } });
    const anthropicAnswer = await call('/v1/messages', { headers, from });
    expect(anthropicAnswer.status).toBe(403);
    expect(anthropicAnswer.json()).toEqual({ type: 'error', error: refusal });
    expect((await call('/v1/models', { method: 'GET', headers, from })).status).toBe(403);
    expect((await call('/nothing', { headers, from })).status).toBe(403);
    expect(provider.seen).toEqual([]);
  });

  test('is each agent with its own key from its own address', async () => {
    const headers = { authorization: 'Bearer apk_beta' };
    expect((await call('/v1/chat/completions', { headers, from: '127.0.0.3' })).status).toBe(200);
    expect((await call('/v1/chat/completions')).status).toBe(200);
  });

  test('is nobody before there is a snapshot, for now', async () => {
    current = undefined;
    expect(await call('/v1/messages')).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
  });
});

describe('what is not served', () => {
  test.each([
    ['POST', '/v1/files'],
    ['GET', '/v1/chat/completions'],
    ['POST', '/v1/models'],
    ['POST', '/v1/chat/completions/'],
    ['POST', '/v1/chat/../organization/keys'],
    ['POST', '/v1/chat%2Fcompletions'],
    ['POST', '//v1/chat/completions'],
    ['POST', '/'],
    ['DELETE', '/v1/models/m1'],
  ])('is %s %s', async (method, path) => {
    const answer = await call(path, { method });
    expect(answer.status).toBe(404);
    expect(answer.json()).toMatchObject({ error: { type: 'invalid_request_error' } });
    expect(provider.seen).toEqual([]);
  });

  test('is the dialect that the provider does not speak', async () => {
    const wrong = await call('/v1/messages');
    expect(wrong.status).toBe(404);
    expect(wrong.json()).toMatchObject({ type: 'error', error: { type: 'not_found_error' } });
    publish(anthropic());
    expect((await call('/v1/chat/completions')).json()).toMatchObject({ error: { type: 'invalid_request_error' } });
    expect(provider.seen).toEqual([]);
  });

  test('is another model than the configured one in the list of models', async () => {
    expect((await call('/v1/models', { method: 'GET' })).json()).toEqual({
      object: 'list',
      data: [{ id: 'm1', object: 'model', created: 0, owned_by: 'openai-compatible' }],
    });
    publish(anthropic());
    expect((await call('/v1/models', { method: 'GET' })).json()).toMatchObject({ data: [{ id: 'm1', type: 'model' }] });
    expect(provider.seen).toEqual([]);
  });
});

describe('a provider that fails', () => {
  async function expectBadGateway(message: RegExp): Promise<void> {
    const answer = await call('/v1/chat/completions');
    expect(answer).toMatchObject({ status: 502, headers: { 'retry-after': '2' } });
    expect(answer.json()).toMatchObject({ error: { type: 'server_error', message: expect.stringMatching(message) } });
    publish(anthropic(current?.agentsByAddress.get('127.0.0.2')?.model.baseUrl ? { baseUrl: urlNow() } : {}));
    const other = await call('/v1/messages');
    expect(other.json()).toMatchObject({ type: 'error', error: { type: 'api_error' } });
  }
  const urlNow = () => current?.agentsByAddress.get('127.0.0.2')?.model.baseUrl ?? '';

  /** Speaks to whoever connects, not necessarily in HTTP. */
  async function withRawProvider(onSocket: (socket: Socket) => void, check: () => Promise<void>): Promise<void> {
    const sockets = new Set<Socket>();
    const raw = createTcpServer((socket) => {
      sockets.add(socket);
      socket.on('error', () => undefined);
      onSocket(socket);
    });
    await new Promise<void>((resolve) => raw.listen(0, '127.0.0.1', resolve));
    publish(openai({ baseUrl: `http://127.0.0.1:${(raw.address() as AddressInfo).port}/v1` }));
    try {
      await check();
    } finally {
      for (const socket of sockets) socket.destroy();
      raw.close();
    }
  }

  test('is down', async () => {
    publish(openai({ baseUrl: 'http://127.0.0.1:1/v1' }));
    await expectBadGateway(/cannot be reached/);
    await until(() => expect(lines.join('')).toContain('ECONNREFUSED'));
  });

  test('has a name that does not exist', async () => {
    publish(openai({ baseUrl: 'http://nowhere.invalid/v1' }));
    await expectBadGateway(/cannot be reached/);
  });

  test('closes without a word', async () => {
    await withRawProvider(
      (socket) => void socket.once('data', () => socket.end()),
      () => expectBadGateway(/cannot be reached/),
    );
  });

  test('takes the call and says nothing', async () => {
    provider.behave = () => undefined;
    await expectBadGateway(/did not answer in time/);
  });

  test('talks garbage', async () => {
    await withRawProvider(
      (socket) => void socket.write(`SSH-2.0-${realKey}\r\n`),
      () => expectBadGateway(/does not speak HTTP/),
    );
  });

  test('never ends its headers', async () => {
    await withRawProvider(
      (socket) =>
        void socket.once('data', () => {
          socket.write('HTTP/1.1 200 OK\r\n');
          const more = (): void => {
            while (!socket.destroyed && socket.write(`x-filler: ${'y'.repeat(1000)}\r\n`));
          };
          socket.on('drain', more);
          more();
        }),
      () => expectBadGateway(/does not speak HTTP/),
    );
  });

  test('points elsewhere', async () => {
    provider.behave = (_request, response) =>
      void response.writeHead(307, { location: 'http://evil.example/' }).end('moved');
    await expectBadGateway(/points elsewhere/);
  });

  test('answers in an encoding in which its key could not be seen', async () => {
    provider.behave = (_request, response) =>
      void response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(`{"key":"${realKey}"}`));
    await expectBadGateway(/encoding/);
  });

  test.each([400, 401, 402, 403, 404, 429, 500, 503, 529])('with %i is heard in its own words', async (status) => {
    const body = JSON.stringify({ error: { type: 'theirs', message: 'no' } });
    provider.behave = (_request, response) =>
      void response.writeHead(status, { 'content-type': 'application/json', 'retry-after': '7' }).end(body);
    expect(await call('/v1/chat/completions')).toMatchObject({ status, body, headers: { 'retry-after': '7' } });
  });

  test.each([
    [
      'whole',
      [`{"error":"Incorrect API key provided: ${realKey}."}`],
      '{"error":"Incorrect API key provided: [redacted]."}',
    ],
    ['as JSON writes it', [`{"error":"${realKey.replaceAll('/', String.raw`\/`)}"}`], '{"error":"[redacted]"}'],
    ['twice', [realKey + realKey], '[redacted][redacted]'],
    ['in pieces', [`a${realKey.slice(0, 1)}`, realKey.slice(1, 7), realKey.slice(7), 'z'], 'a[redacted]z'],
    ['after a false start', [`sk-pl${realKey}`], 'sk-pl[redacted]'],
    [
      'amid other scripts',
      ['密钥', Buffer.from(`：${realKey}`).subarray(0, 2), Buffer.from(`：${realKey}`).subarray(2)],
      '密钥：[redacted]',
    ],
  ])('and repeats the key %s is not believed', async (_how, pieces, expected) => {
    provider.behave = (_request, response) => {
      response.writeHead(401, { 'content-type': 'application/json' });
      const [first, ...rest] = pieces;
      response.write(first, () => {
        for (const piece of rest) response.write(piece);
        response.end();
      });
    };
    expect(await call('/v1/chat/completions')).toMatchObject({ status: 401, body: expected });
  });

  test('and repeats the key in a stream that began well is not believed either', async () => {
    provider.behave = (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.end(`data: ok\n\nevent: error\ndata: ${realKey}\n\n`);
    };
    expect((await call('/v1/chat/completions')).body).toBe('data: ok\n\nevent: error\ndata: [redacted]\n\n');
  });

  test('has its base URL wrong in the snapshot', async () => {
    publish(openai({ baseUrl: 'not a url' }));
    expect((await call('/v1/chat/completions')).status).toBe(502);
    const { baseUrl: _none, ...model } = openai().model;
    publish({ ...openai(), model });
    expect((await call('/v1/chat/completions')).status).toBe(502);
  });
});

describe('one agent among many', () => {
  test('has so many calls at once and no more; one that ends makes room', async () => {
    await serve({ callsPerAgent: 3 }, 60_000);
    publish(openai(), openai({}, { ref: 'beta', address: '127.0.0.3' }));
    const answers: (() => void)[] = [];
    provider.behave = (incoming, response) => {
      incoming.resume();
      answers.push(() => void response.end('{}'));
    };
    const running = [1, 2, 3].map(() => call('/v1/chat/completions'));
    await until(() => expect(answers).toHaveLength(3));
    const refused = await call('/v1/chat/completions');
    expect(refused).toMatchObject({ status: 429, headers: { 'retry-after': '1' } });
    expect(refused.json()).toMatchObject({ error: { type: 'rate_limit_error' } });
    expect(refused.body).not.toContain('insufficient_quota');
    const neighbour = call('/v1/chat/completions', {
      from: '127.0.0.3',
      headers: { authorization: 'Bearer apk_beta' },
    });
    await until(() => expect(answers).toHaveLength(4));
    for (const answer of answers.splice(0)) answer();
    await Promise.all([...running, neighbour]);
    const next = call('/v1/chat/completions');
    await until(() => expect(answers).toHaveLength(1));
    answers[0]?.();
    expect((await next).status).toBe(200);
  });

  test('has so many sockets and no more', async () => {
    await serve({ socketsPerAddress: 2 });
    const dial = async (from: string): Promise<Socket> => {
      const socket = connect({ host: '127.0.0.1', port, localAddress: from });
      socket.on('error', () => undefined);
      await once(socket, 'connect');
      return socket;
    };
    const [one] = [await dial('127.0.0.2'), await dial('127.0.0.2')];
    const third = await dial('127.0.0.2');
    await once(third, 'close');
    expect((await call('/v1/models', { method: 'GET', from: '127.0.0.3' })).status).toBe(403);
    one?.destroy();
    await vi.waitFor(async () => expect((await call('/v1/models', { method: 'GET' })).status).toBe(200));
  });

  test('that never ends its head, or its body, is cut off', async () => {
    await serve({ headMs: 200, requestMs: 400 });
    const slow = connect({ host: '127.0.0.1', port, localAddress: '127.0.0.2' });
    slow.on('error', () => undefined);
    slow.write('POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n');
    const outgoing = open('/v1/chat/completions', { 'content-length': '1000' });
    outgoing.write('{');
    slow.resume();
    const slowEnds = once(slow, 'close');
    const answer = await answerTo(outgoing);
    expect(answer.statusCode).toBe(408);
    const outgoingEnds = once(outgoing, 'close');
    answer.resume();
    await Promise.all([slowEnds, outgoingEnds]);
  });
});
