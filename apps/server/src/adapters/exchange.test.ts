import { Agent, createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { exchange } from './exchange.ts';

const soon = () => AbortSignal.timeout(5000);
let server: Server | undefined;
let connections = 0;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
  connections = 0;
});

async function serving(answers: RequestListener): Promise<string> {
  server = createServer(answers);
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

test('follows no redirect and reads no more than was asked for', async () => {
  const url = await serving((_request, response) => response.writeHead(302, { location: '/next' }).end('body'));
  expect(await exchange({ url, timeoutMs: 5000 }, soon())).toEqual({ status: 302, location: '/next', body: '' });
  expect(await exchange({ url, timeoutMs: 5000, longestAnswer: 4 }, soon())).toMatchObject({ body: 'body' });
  await expect(exchange({ url, timeoutMs: 5000, longestAnswer: 3 }, soon())).rejects.toThrow('too long');
});

describe.each(['before it answers', 'in the middle of its answer'])('is given up %s', (when) => {
  const serve = () =>
    serving((_request, response) => {
      if (when !== 'before it answers') response.write('half');
    });

  test('after its own time', async () => {
    const url = await serve();
    const asking = exchange({ url, timeoutMs: 100, longestAnswer: 10 }, soon());
    await expect(asking).rejects.toMatchObject({ name: 'TimeoutError', message: 'no answer within 0.1 s' });
  });

  test('when nobody waits any more', async () => {
    const url = await serve();
    const caller = new AbortController();
    const asking = exchange({ url, timeoutMs: 5000, longestAnswer: 10 }, caller.signal);
    await pause(100);
    const reason = new Error('enough');
    caller.abort(reason);
    await expect(asking).rejects.toBe(reason);
    await expect(exchange({ url, timeoutMs: 5000 }, caller.signal)).rejects.toBe(reason);
  });
});

test('an answer that breaks off is none', async () => {
  const url = await serving((_request, response) => response.write('half', () => response.destroy()));
  await expect(exchange({ url, timeoutMs: 5000, longestAnswer: 10 }, soon())).rejects.toThrow(/aborted|hang up/);
});

describe('over a pool', () => {
  const pooled = (url: string) => {
    const pool = new Agent({ keepAlive: true });
    return {
      ask: () => exchange({ url, timeoutMs: 5000, longestAnswer: 10, pool }, soon()),
      end: () => pool.destroy(),
    };
  };

  test('a connection is used again, without one never', async () => {
    const url = await serving((_request, response) => response.end('well'));
    const { ask, end } = pooled(url);
    for (let round = 0; round < 3; round++) expect(await ask()).toMatchObject({ body: 'well' });
    expect(connections).toBe(1);
    for (let round = 0; round < 2; round++) await exchange({ url, timeoutMs: 5000, longestAnswer: 10 }, soon());
    expect(connections).toBe(3);
    end();
  });

  test('a kept connection that the other side ended meanwhile is tried anew, once', async () => {
    let resets: 'kept' | 'all' = 'kept';
    const used = new WeakSet();
    const url = await serving(({ socket }, response) => {
      if (resets === 'all' || used.has(socket)) socket.resetAndDestroy();
      else response.end('well');
      used.add(socket);
    });
    const { ask, end } = pooled(url);
    for (let round = 0; round < 3; round++) expect(await ask()).toMatchObject({ body: 'well' });
    expect(connections).toBe(3);
    resets = 'all';
    await expect(ask()).rejects.toMatchObject({ code: 'ECONNRESET' });
    expect(connections).toBe(3 + 1);
    end();
  });
});
