import { randomBytes } from 'node:crypto';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ModelReport } from '@agentpod/core';
import { pino } from 'pino';
import { afterEach, describe, expect, test } from 'vitest';
import { createAccessApp } from '../../../../gateway/src/access/access-app.ts';
import { toSnapshot } from '../../../../gateway/src/snapshot/snapshot.ts';
import { modelHealthContract } from '../../testing/model-health-contract.ts';
import { HttpModelHealth } from './http-model-health.ts';

const reportKey = randomBytes(32).toString('base64url');

describe('the gateway itself', () => {
  modelHealthContract(async () => {
    let reports: Record<string, ModelReport> = {};
    const key = randomBytes(32).toString('base64url');
    const snapshot = toSnapshot({
      formatVersion: 1,
      revision: 1,
      consoleUrl: 'http://console.localhost',
      secure: false,
      sessionKey: key,
      handoverKey: key,
      reportKey,
      agents: [],
      users: [],
    });
    const gateway = await createAccessApp({
      snapshot: () => snapshot,
      now: () => 0,
      log: pino({ level: 'silent' }),
      health: () => ({}),
      reports: () => reports,
    });
    await gateway.listen({ host: '127.0.0.1', port: 0 });
    const { port } = gateway.server.address() as AddressInfo;
    return {
      health: new HttpModelHealth({ gatewayUrl: `http://127.0.0.1:${port}`, reportKey }),
      saw: (seen) => (reports = { ...seen }),
      stop: async () => await gateway.close(),
    };
  });
});

describe('something else in the gateway’s place', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  async function reading(answer: RequestListener): Promise<unknown> {
    server = createServer(answer);
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const health = new HttpModelHealth({ gatewayUrl: `http://127.0.0.1:${port}`, reportKey });
    return await health.read(AbortSignal.timeout(1500));
  }

  test.each<[string, RegExp, RequestListener]>([
    ['without our key', /it answers 404/, (_request, response) => void response.writeHead(404).end('no such page')],
    [
      'that points elsewhere',
      /gateway: /,
      (_request, response) => void response.writeHead(302, { location: '/' }).end(),
    ],
    ['that is not JSON', /its answer is none$/, (_request, response) => void response.end('<planted>')],
    ['of another shape', /its answer is none$/, (_request, response) => void response.end('{"a1":{"planted":1}}')],
    ['that breaks off', /gateway: /, (_request, response) => void response.write('{', () => response.destroy())],
    [
      'that never ends',
      /too long|in time|aborted/,
      (_request, response) => {
        const more = (): void => {
          while (!response.destroyed && response.write('x'.repeat(1024 * 1024)));
        };
        response.on('drain', more);
        more();
      },
    ],
    ['that never begins', /in time|aborted/, () => undefined],
  ])('%s is unavailable, and nothing of what it says is repeated', async (_what, words, answer) => {
    const failure = (await reading(answer).catch((error: unknown) => error)) as Error;
    expect(failure).toMatchObject({ kind: 'unavailable', reason: 'GatewaySilent' });
    expect(failure.message).toMatch(words);
    expect(failure.message).not.toMatch(/planted/);
    expect(failure.message).not.toContain(reportKey);
  });
});
