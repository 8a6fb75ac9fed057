import { type Client, createClient, type WatchMessage } from '@agentpod/core';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { settle } from '../testing/fake-clock.ts';
import { type AppUnderTest, asRoot, fetchCall, makeRunning, startApp } from './app-under-test.ts';

let on: AppUnderTest;
let origin: string;
let client: Client;
const left = new Set<AbortController>();

async function start(overrides: Parameters<typeof startApp>[0] = {}): Promise<void> {
  on = await startApp(overrides);
  await on.app.listen({ host: '127.0.0.1', port: 0 });
  origin = `http://127.0.0.1:${(on.app.server.address() as AddressInfo).port}`;
  client = createClient(fetchCall(origin, asRoot));
}
beforeEach(() => start());
afterEach(async () => {
  for (const controller of left) controller.abort();
  await on.stop();
});

const leaving = () => {
  const controller = new AbortController();
  left.add(controller);
  return controller;
};
const until = async (condition: () => boolean) => {
  await expect.poll(condition, { interval: 5, timeout: 5000 }).toBe(true);
};
const failure = (promise: Promise<unknown>) =>
  promise.then(
    () => 'succeeded',
    (error: unknown) => error,
  );
const collect = async <T>(stream: AsyncIterable<T>, into: T[] = []): Promise<T[]> => {
  for await (const item of stream) into.push(item);
  return into;
};

/** A stream read message by message. */
function reader<T>(stream: AsyncIterable<T>): () => Promise<T | undefined> {
  const iterator = stream[Symbol.asyncIterator]();
  return async () => (await iterator.next()).value as T | undefined;
}

describe('watching', () => {
  test('shows every agent once, then every change, then what is gone', async () => {
    const { id } = await client.createAgent({ ref: 'acme' });
    await client.createAgent({ ref: 'beta' });
    const next = reader<WatchMessage>(client.watch({ signal: leaving().signal }));
    expect([await next(), await next()]).toMatchObject([{ agent: { ref: 'acme' } }, { agent: { ref: 'beta' } }]);
    await client.stopAgent('acme');
    expect(await next()).toMatchObject({ type: 'agent', agent: { ref: 'acme', state: 'stopped', generation: 2 } });
    await client.deleteAgent('acme', { purge: true });
    expect(await next()).toMatchObject({ agent: { state: 'deleting' } });
    await on.store.finishDeletion(id, on.clock.now());
    on.changes.publish(id);
    expect(await next()).toEqual({ type: 'gone', id });
  });

  test('a quiet stream shows that it lives', async () => {
    const response = await fetch(`${origin}/v1/watch`, { headers: asRoot, signal: leaving().signal });
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store');
    // Nothing is left behind that would keep the server from stopping.
    expect(response.headers.get('connection')).toBe('close');
    const body = response.body ?? new ReadableStream<Uint8Array<ArrayBuffer>>();
    const next = reader(body.pipeThrough(new TextDecoderStream()));
    expect(await next()).toBe(': agentpod\n\n');
    await on.clock.advance(15_000);
    expect(await next()).toBe(': alive\n\n');
  });

  test('a client that leaves is forgotten', async () => {
    const leave = leaving();
    const watched = failure(collect(client.watch({ signal: leave.signal })));
    await until(() => on.changes.readers === 1);
    leave.abort();
    await watched;
    await until(() => on.changes.readers === 0);
  });

  test('a slow client costs no more than one message per agent', async () => {
    const soul = 'x'.repeat(60_000);
    const { id } = await client.createAgent({ ref: 'acme', spec: { identity: { soul } } });
    const response = await fetch(`${origin}/v1/watch`, { headers: asRoot, signal: leaving().signal });
    await until(() => on.changes.readers === 1);
    // Nobody reads the body: when the buffers in between are full, the rest is counted as one.
    for (let round = 0; round < 400; round++) {
      on.changes.publish(id);
      await settle();
    }
    await client.stopAgent('acme');
    let received = 0;
    const body = response.body ?? new ReadableStream<Uint8Array<ArrayBuffer>>();
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
      received += chunk.split('data: ').length - 1;
      if (chunk.includes('"generation":2')) break;
    }
    expect(received).toBeLessThan(250);
  });

  test('ends with the server even when the source does not listen', async () => {
    const { id } = await client.createAgent({ ref: 'acme' });
    await makeRunning(on.store, id);
    on.runtime.read = async function* read() {
      yield { stream: 'stdout', line: 'one' };
      await new Promise(() => undefined);
    };
    const seen: unknown[] = [];
    const logs = collect(client.logs('acme', { follow: true }), seen);
    await until(() => seen.length === 1);
    await on.app.close();
    expect(await logs).toHaveLength(1);
  });

  test('ends when the server stops, and the server then stops', async () => {
    await client.createAgent({ ref: 'acme' });
    const seen: WatchMessage[] = [];
    const watched = collect(client.watch(), seen);
    await until(() => seen.length === 1);
    await on.app.close();
    expect(await watched).toHaveLength(1);
  });

  test('a failure on the way is said as such', async () => {
    await on.stop();
    const broken = { list: () => Promise.reject(new Error('disk I/O error')) };
    await start({ services: { views: broken as never } });
    expect(await failure(collect(client.watch()))).toMatchObject({
      kind: 'bug',
      message: expect.not.stringContaining('disk'),
    });
  });
});

describe('logs', () => {
  beforeEach(async () => {
    const { id } = await client.createAgent({ ref: 'acme' });
    await makeRunning(on.store, id);
  });

  test('come line by line, with credentials blotted out and long lines cut', async () => {
    const id = on.woken[0] ?? '';
    const { virtualKey } = await on.credentials.of({ id });
    const asked: unknown[] = [];
    on.runtime.read = async function* read(name, options) {
      asked.push([name, options]);
      yield { stream: 'stdout', line: 'ready', time: '2026-01-01T00:00:00Z' };
      yield { stream: 'stderr', line: `key ${virtualKey}` };
      yield { stream: 'stdout', line: 'x'.repeat(100_000) };
    };
    const lines = await collect(client.logs('acme', { tail: 5 }));
    expect(lines.slice(0, 2)).toEqual([
      { stream: 'stdout', line: 'ready', time: '2026-01-01T00:00:00Z' },
      { stream: 'stderr', line: 'key [redacted]' },
    ]);
    expect(lines[2]?.line).toHaveLength(16_384);
    expect(asked).toEqual([['agentpod-x', { tail: 5, follow: false }]]);
  });

  test('following ends for the engine when the client leaves', async () => {
    const ended = Promise.withResolvers<boolean>();
    on.runtime.read = async function* read(_name, _options, signal) {
      yield { stream: 'stdout', line: 'one' };
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      ended.resolve(signal.aborted);
    };
    const leave = leaving();
    const next = reader(client.logs('acme', { follow: true }, { signal: leave.signal }));
    expect(await next()).toMatchObject({ line: 'one' });
    leave.abort();
    expect(await ended.promise).toBe(true);
  });

  test('an engine that fails on the way is named', async () => {
    on.runtime.read = async function* read() {
      yield { stream: 'stdout', line: 'one' };
      throw Object.assign(new Error('socket hang up'));
    };
    expect(await failure(collect(client.logs('acme')))).toMatchObject({ kind: 'bug' });
  });

  test('where there is no container there are none', async () => {
    await client.createAgent({ ref: 'fresh' });
    expect(await failure(collect(client.logs('fresh')))).toMatchObject({
      kind: 'conflict',
      reason: 'NoInstance',
      message: expect.stringContaining('creating'),
    });
    expect(await failure(collect(client.logs('nobody')))).toMatchObject({ kind: 'not-found' });
  });
});

describe('chat', () => {
  test('ends for the agent when the person leaves', async () => {
    const { id } = await client.createAgent({ ref: 'acme' });
    await makeRunning(on.store, id);
    const [asked, given] = [Promise.withResolvers<void>(), Promise.withResolvers<string>()];
    on.driver.reply = (_endpoint, _turn, signal) =>
      new Promise((_resolve, reject) => {
        asked.resolve();
        signal.addEventListener('abort', () => {
          given.resolve('aborted');
          reject(new Error('aborted'));
        });
      });
    const leave = leaving();
    const reply = failure(client.chat('acme', { message: 'ping' }, { signal: leave.signal }));
    await asked.promise;
    leave.abort();
    await reply;
    expect(await given.promise).toBe('aborted');
    // Somebody who leaves is no mistake of ours.
    await until(() => on.logged.some((line) => line.includes('Interrupted')));
  });
});
