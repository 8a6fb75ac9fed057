import type { CallOutcome } from '@agentpod/core';
import { beforeEach, describe, expect, test } from 'vitest';
import { type Agent, type Snapshot, toSnapshot } from '../snapshot/snapshot.ts';
import { anAgent, aSnapshot } from '../testing/builders.ts';
import { modelRouteOf } from './model-route.ts';
import { ModelRecords } from './model-records.ts';

const minute = 60_000;
const start = Date.UTC(2026, 10, 25, 12);
const chat = modelRouteOf('POST', '/v1/chat/completions')!;
const embeddings = modelRouteOf('POST', '/v1/embeddings')!;
let time: number;
let current: Snapshot | undefined;
let records: ModelRecords;
let acme: Agent;

const withKey = (key: string): Agent =>
  anAgent({ model: { provider: 'openai', dialect: 'openai', name: 'gpt-5', baseUrl: 'http://x/v1', key } });
const publish = (...agents: Agent[]) => (current = toSnapshot(aSnapshot({ agents })));
const add = (outcome: CallOutcome, status?: number, route = chat) =>
  records.add(acme, route, { outcome, detail: 'theirs', ...(status === undefined ? {} : { status }) });
const report = () => records.reports()['id-of-acme'];

beforeEach(() => {
  time = start;
  acme = withKey('sk-one');
  publish(acme);
  records = new ModelRecords({ snapshot: () => current, now: () => time });
});

describe('what is known of an agent’s calls', () => {
  test('is nothing but its provider before the first', () => {
    expect(records.reports()).toEqual({ 'id-of-acme': { provider: 'openai', streak: [], recent: {} } });
    current = undefined;
    expect(records.reports()).toEqual({});
  });

  test('is the last success, the last failure, and the failures since the last success by kind', () => {
    add('unauthorized', 401);
    time += 1000;
    add('ok', 200);
    time += 1000;
    add('server-error', 503);
    time += 1000;
    add('timed-out');
    time += 1000;
    add('server-error', 500);
    expect(report()).toEqual({
      provider: 'openai',
      lastSuccessAt: start + 1000,
      lastFailure: { kind: 'server-error', at: start + 4000, status: 500, detail: 'theirs' },
      streak: [
        { kind: 'server-error', at: start + 4000, status: 500, detail: 'theirs', count: 2, since: start + 2000 },
        { kind: 'timed-out', at: start + 3000, detail: 'theirs', count: 1, since: start + 3000 },
      ],
      recent: { ok: 1, unauthorized: 1, 'server-error': 2, 'timed-out': 1 },
    });
    add('ok');
    expect(report()).toMatchObject({ streak: [], lastFailure: { kind: 'server-error' } });
  });

  test('does not hang on what an agent gave up or asked wrongly', () => {
    add('server-error', 500);
    add('aborted');
    add('refused', 400);
    expect(report()?.streak).toMatchObject([{ kind: 'server-error', count: 1 }]);
    expect(report()).not.toHaveProperty('lastSuccessAt');
    expect(report()?.recent).toEqual({ 'server-error': 1, aborted: 1, refused: 1 });
  });

  test('does not hang on embeddings, which are counted all the same', () => {
    add('not-found', 404);
    add('ok', 200, embeddings);
    add('unauthorized', 401, embeddings);
    expect(report()?.streak).toMatchObject([{ kind: 'not-found' }]);
    expect(report()).not.toHaveProperty('lastSuccessAt');
    expect(report()?.recent).toEqual({ 'not-found': 1, ok: 1, unauthorized: 1 });
  });

  test('counts ten minutes and forgets what is older, also while nothing happens', () => {
    for (let index = 0; index < 30; index++) {
      add('ok');
      time += minute;
    }
    // In the minute that has just begun nothing happened yet.
    expect(report()?.recent).toEqual({ ok: 9 });
    time += 10 * minute;
    expect(report()).toMatchObject({ recent: {}, lastSuccessAt: start + 29 * minute });
  });

  test('begins anew with another key or model, and calls under the old one say nothing any more', () => {
    add('unauthorized', 401);
    const before = acme;
    time += 5000;
    acme = withKey('sk-two');
    publish(acme);
    expect(report()).toEqual({ provider: 'openai', changedAt: time, streak: [], recent: {} });
    records.add(before, chat, { outcome: 'unauthorized', status: 401, detail: '' });
    expect(report()?.streak).toEqual([]);
    add('unauthorized', 401);
    expect(report()?.streak).toHaveLength(1);
  });

  test('outlives a snapshot that changes something else, and goes with the agent', () => {
    add('unauthorized', 401);
    publish({ ...acme, state: 'stopped', address: '127.0.0.9' }, anAgent({ ref: 'beta', address: '127.0.0.3' }));
    expect(report()?.streak).toHaveLength(1);
    expect(report()).not.toHaveProperty('changedAt');
    publish(anAgent({ ref: 'beta', address: '127.0.0.3' }));
    expect(Object.keys(records.reports())).toEqual(['id-of-beta']);
    add('ok');
    expect(Object.keys(records.reports())).toEqual(['id-of-beta']);
  });
});
