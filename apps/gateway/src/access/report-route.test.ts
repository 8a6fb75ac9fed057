import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { sha256 } from '../digest.ts';
import { type Snapshot, toSnapshot } from '../snapshot/snapshot.ts';
import { ask } from '../testing/ask.ts';
import { aKey, aSnapshot } from '../testing/builders.ts';
import { capturedLog } from '../testing/captured-log.ts';
import { createAccessApp } from './access-app.ts';

const reportKey = aKey();
const reports = { a1: { provider: 'openai', streak: [], recent: { ok: 1 } } };
let current: Snapshot | undefined;
let app: FastifyInstance;
let port: number;

beforeEach(async () => {
  current = toSnapshot(aSnapshot({ reportKey }));
  app = await createAccessApp({
    snapshot: () => current,
    now: () => 0,
    log: capturedLog().log,
    health: () => ({}),
    reports: () => reports,
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  port = (app.server.address() as AddressInfo).port;
});
afterEach(async () => await app.close());

const path = '/__internal/models';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('the report', () => {
  test('is for whoever shows its key', async () => {
    const answer = await ask({ port, path, headers: bearer(reportKey) });
    expect(answer).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
    expect(JSON.parse(answer.body)).toEqual(reports);
  });

  test.each<[string, Record<string, string>]>([
    ['without a key', {}],
    ['with another key', bearer(aKey())],
    ['with half of the key', bearer(reportKey.slice(0, 20))],
    ['with the hash of the key', bearer(sha256(reportKey))],
    ['with the key in another scheme', { authorization: `Basic ${reportKey}` }],
    ['with the key in a cookie', { cookie: `agentpod=${reportKey}` }],
    ['with an empty key', bearer('')],
  ])('does not exist %s: the answer is that of any other path', async (_how, headers) => {
    // On no agent's host, as the control plane asks, and on one, as a visitor would.
    for (const host of ['127.0.0.1:7201', 'acme.localhost']) {
      const answer = await ask({ port, path, headers: { host, ...headers } });
      const other = await ask({ port, path: '/__internal/other', headers: { host } });
      expect(answer.status).toBe(404);
      expect({ ...answer, headers: { ...answer.headers, date: '' } }).toEqual({
        ...other,
        headers: { ...other.headers, date: '' },
      });
    }
  });

  test.each([
    '/__agentpod/../__internal/models',
    '/__agentpod/%2e%2e/__internal/models',
    '/__agentpod/..%2f__internal/models',
    '/__agentpod/__internal/models',
    '//__internal/models',
    '/__INTERNAL/models',
    '/__internal/models/',
  ])('is not at "%s", even with the key', async (other) => {
    const answer = await ask({ port, path: other, headers: { host: 'acme.localhost', ...bearer(reportKey) } });
    expect(answer.status).toBe(404);
  });

  test('can only be read', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'HEAD']) {
      expect((await ask({ port, path, method, headers: bearer(reportKey) })).status).toBe(404);
    }
  });

  test('is nobody’s while there is no snapshot, or one of an older server', async () => {
    for (const snapshot of [undefined, toSnapshot(aSnapshot())]) {
      current = snapshot;
      for (const token of [reportKey, '', 'undefined', '0'.repeat(64)]) {
        expect((await ask({ port, path, headers: bearer(token) })).status).not.toBe(200);
      }
    }
  });
});
