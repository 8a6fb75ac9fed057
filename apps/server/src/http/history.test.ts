import type { StateMark } from '@agentpod/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { aNewAgent } from '../testing/builders.ts';
import { type AppUnderTest, asRoot, startApp } from './app-under-test.ts';

const second = 1000;
const hour = 3600 * second;
const day = 24 * hour;

let app: AppUnderTest;
/** 2026-01-01T00:00:00Z */
let now: number;
beforeEach(async () => {
  app = await startApp();
  now = app.clock.now();
});
afterEach(() => app.stop());

async function makeAgent(tenant: string, { name = 'main', createdAt = now - 100 * day } = {}): Promise<string> {
  const agent = aNewAgent({ tenant, name, host: `${tenant}-${name}.localhost` });
  return (await app.store.createAgent(agent, createdAt)).id;
}
const mark = (agentId: string, at: number, presence: StateMark['presence'], state?: StateMark['state']) => {
  const usual = { answering: 'ready', down: 'starting', unwanted: 'stopped', unknown: 'unknown' } as const;
  return { agentId, at, presence, state: state ?? usual[presence], reason: 'Because' };
};
const get = async (url: string, headers: Record<string, string> = {}) =>
  app.app.inject({ method: 'GET', url, headers: { ...asRoot, ...headers } });
const iso = (at: number) => new Date(at).toISOString();

describe('the history of an agent', () => {
  test('is the last day when nothing is said: states, availability and what it used', async () => {
    const id = await makeAgent('acme');
    await app.historyStore.addMarks([
      mark(id, now - 60 * day, 'answering'),
      mark(id, now - 10 * hour, 'down'),
      mark(id, now - 9 * hour, 'answering', 'degraded'),
      mark(id, now - 5 * hour, 'answering'),
    ]);
    for (const [index, at] of [now - 20 * 60 * second, now - 30 * second].entries()) {
      await app.historyStore.addSamples([
        { agentId: id, at, cpuFraction: 0.25 * (index + 1), memoryBytes: 1024, diskBytes: undefined },
      ]);
    }
    const history = await app.client.history('acme');
    expect(history).toMatchObject({ agent: 'acme', from: iso(now - day), to: iso(now), tz: 'UTC', omittedSegments: 0 });
    expect(history.timeline.map(({ state, presence }) => `${state} ${presence}`)).toEqual([
      'ready answering',
      'starting down',
      'degraded answering',
      'ready answering',
    ]);
    expect(history.timeline[1]).toEqual({
      from: iso(now - 10 * hour),
      to: iso(now - 9 * hour),
      state: 'starting',
      presence: 'down',
      reason: 'Because',
    });
    expect(history.availability.range).toMatchObject({
      fraction: 23 / 24,
      downSeconds: 3600,
      degradedSeconds: 4 * 3600,
      outages: 1,
    });
    expect(history.availability.last7Days.fraction).toBeCloseTo(1 - 1 / (7 * 24));
    expect(history.availability.last30Days.fraction).toBeCloseTo(1 - 1 / (30 * 24));
    expect(history.samples).toMatchObject({ stepSeconds: 300, points: [{ cpuMaximum: 0.25 }, { cpuMaximum: 0.5 }] });
  });

  test('counts days where the reader lives', async () => {
    // Midnight UTC is eight in the morning in Shanghai.
    const id = await makeAgent('acme');
    await app.historyStore.addMarks([mark(id, now - 9 * day, 'answering'), mark(id, now - 7 * hour, 'down')]);
    const { days, availability } = await app.client.history('acme', { tz: 'Asia/Shanghai' });
    expect(days.map(({ day: name, downSeconds }) => [name, downSeconds])).toEqual([
      ['2025-12-31', 0],
      ['2026-01-01', 7 * 3600],
    ]);
    expect(availability.today).toMatchObject({ answeringSeconds: 3600, downSeconds: 7 * 3600 });
  });

  test('does not hold the time before its creation or after its deletion against it', async () => {
    const id = await makeAgent('acme', { createdAt: now - 2 * hour });
    await app.historyStore.addMarks([mark(id, now - 2 * hour, 'down'), mark(id, now - 1.5 * hour, 'answering')]);
    await app.store.requestDeletion(id, false, now - hour);
    const { availability } = await app.client.history('acme');
    expect(availability.last30Days).toMatchObject({ answeringSeconds: 1800, downSeconds: 1800, unknownSeconds: 0 });
  });

  test('time of which nothing was recorded is unknown, not up', async () => {
    await makeAgent('acme');
    const { availability } = await app.client.history('acme');
    expect(availability.range).toMatchObject({ answeringSeconds: 0, unknownSeconds: 24 * 3600 });
    expect(availability.range).not.toHaveProperty('fraction');
  });

  test('leaves announced maintenance out, of this agent and of everybody, but not what was announced afterwards', async () => {
    const id = await makeAgent('acme');
    await app.historyStore.addMarks([mark(id, now - 20 * hour, 'answering'), mark(id, now - 10 * hour, 'down')]);
    const window = (from: number, until: number, createdAt: number, scope: object) => ({
      id: `${from}`,
      ...scope,
      from,
      until,
      comment: '',
      createdBy: 'me',
      createdAt,
    });
    await app.alertStore.addMaintenance(window(now - 10 * hour, now - 8 * hour, now - day, { agent: 'acme' }));
    await app.alertStore.addMaintenance(window(now - 7 * hour, now - 6 * hour, now - day, {}));
    await app.alertStore.addMaintenance(window(now - 5 * hour, now - 4 * hour, now - day, { tenant: 'other' }));
    await app.alertStore.addMaintenance(window(now - 4 * hour, now - 2 * hour, now - 3 * hour, { tenant: 'acme' }));
    const { availability, maintenance } = await app.client.history('acme');
    expect(availability.range).toMatchObject({ maintenanceSeconds: 4 * 3600, downSeconds: 6 * 3600 });
    expect(maintenance).toHaveLength(3);
  });

  test('has at most 500 points and the newest 1000 segments, however long it is', async () => {
    const id = await makeAgent('acme');
    const flapping = Array.from({ length: 1300 }, (_, index) =>
      mark(id, now - 20 * day + index * 60 * second, index % 2 === 0 ? 'answering' : 'down'),
    );
    await app.historyStore.addMarks(flapping);
    for (let minute = 0; minute < 24 * 60; minute += 5) {
      const at = now - day + minute * 60 * second;
      await app.historyStore.addSamples([
        { agentId: id, at, cpuFraction: 1, memoryBytes: 1024, diskBytes: undefined },
        { agentId: id, at: at + 30 * second, cpuFraction: 1, memoryBytes: 1024, diskBytes: undefined },
      ]);
    }
    const history = await app.client.history('acme', { from: iso(now - 30 * day) });
    expect(history.timeline).toHaveLength(1000);
    expect(history.omittedSegments).toBe(300);
    expect(history.timeline.at(-1)?.to).toBe(iso(now));
    expect(history.availability.range.outages).toBe(650);
    for (const span of [hour, 5 * hour, day, 7 * day, 30 * day, 400 * day]) {
      const { samples } = await app.client.history('acme', { from: iso(now - span) });
      expect(samples.points.length).toBeLessThanOrEqual(500);
      expect(samples.points.length).toBeGreaterThan(0);
    }
  });

  test('of an agent that is deleted can still be read, of none it cannot', async () => {
    const id = await makeAgent('acme');
    await app.store.requestDeletion(id, false, now);
    expect((await get('/v1/agents/acme/main/history')).statusCode).toBe(200);
    expect((await get('/v1/agents/nobody/main/history')).statusCode).toBe(404);
    expect((await app.app.inject({ url: '/v1/agents/acme/main/history' })).statusCode).toBe(401);
  });

  test.each([
    ['from=yesterday', 'from'],
    ['tz=Mars/Olympus', 'tz'],
    ['tz=%27%3B%20drop', 'tz'],
    ['from=2026-01-01T00:00:00Z&to=2025-12-31T00:00:00Z', 'from'],
    ['from=2020-01-01T00:00:00Z', 'from'],
    ['from=2031-01-01T00:00:00Z', 'from'],
    ['colour=red', 'colour'],
  ])('refuses "%s" and names the field', async (query, field) => {
    await makeAgent('acme');
    const response = await get(`/v1/agents/acme/main/history?${query}`);
    expect(response.json()).toMatchObject({ status: 400, kind: 'invalid', field });
  });

  test('understands a time with the offset of a zone', async () => {
    await makeAgent('acme');
    const response = await get(`/v1/agents/acme/main/history?from=${encodeURIComponent('2025-12-31T10:00:00+08:00')}`);
    expect(response.json()).toMatchObject({ from: '2025-12-31T02:00:00.000Z' });
  });
});

describe('the report of a month', () => {
  const december = Date.parse('2025-12-01T00:00:00.000Z');

  beforeEach(async () => {
    const [main, hr] = [await makeAgent('acme'), await makeAgent('acme', { name: 'hr' })];
    const late = await makeAgent('lotus', { createdAt: december + 30 * day });
    const gone = await makeAgent('gone');
    await makeAgent('next', { createdAt: now + day });
    await app.store.requestDeletion(gone, false, december - day);
    await app.historyStore.addMarks([
      mark(main, december - day, 'answering'),
      mark(main, december + day, 'down'),
      mark(main, december + 2 * day, 'answering'),
      mark(hr, december - day, 'answering'),
      mark(late, december + 30 * day, 'answering'),
      mark(gone, december - 2 * day, 'answering'),
    ]);
  });

  test('has every tenant and agent that there was, each weighed by its own time', async () => {
    const report = await app.client.sla({ month: '2025-12' });
    expect(report).toMatchObject({ month: '2025-12', tz: 'UTC', from: iso(december), to: iso(now), complete: true });
    expect(report.tenants.map(({ tenant, agents }) => [tenant, agents.map(({ agent }) => agent)])).toEqual([
      ['acme', ['acme', 'acme/hr']],
      ['lotus', ['lotus']],
    ]);
    const [acme, lotus] = report.tenants;
    expect(acme?.fraction).toBeCloseTo(61 / 62);
    expect(acme?.agents[0]).toMatchObject({ downSeconds: 86_400, outages: 1, longestOutageSeconds: 86_400 });
    expect(acme?.agents[1]).toMatchObject({ fraction: 1 });
    expect(lotus).toMatchObject({ fraction: 1, answeringSeconds: 86_400, unknownSeconds: 0 });
  });

  test('has those that were deleted since, for as long as they were wanted', async () => {
    const left = await makeAgent('left', { createdAt: december });
    await app.historyStore.addMarks([mark(left, december, 'answering')]);
    await app.store.requestDeletion(left, false, december + 10 * day);
    await app.store.finishDeletion(left, december + 10 * day);
    const { tenants } = await app.client.sla({ month: '2025-12', tenant: 'left' });
    expect(tenants).toMatchObject([{ tenant: 'left', fraction: 1, answeringSeconds: 10 * 86_400 }]);
    expect(tenants[0]?.agents).toMatchObject([{ id: left, agent: 'left', deleted: true }]);
  });

  test('is of one tenant where it is named, and of the month as it is there', async () => {
    const report = await app.client.sla({ month: '2025-12', tz: 'Asia/Shanghai', tenant: 'acme' });
    expect(report.from).toBe('2025-11-30T16:00:00.000Z');
    expect(report.tenants.map(({ tenant }) => tenant)).toEqual(['acme']);
  });

  test('of a month that lasts still goes up to now, and says so', async () => {
    await app.clock.advance(5 * day);
    const report = await app.client.sla({ month: '2026-01' });
    expect(report).toMatchObject({ to: iso(now + 5 * day), complete: false });
    expect((await get('/v1/sla?month=2026-02')).json()).toMatchObject({ reason: 'MonthToCome', field: 'month' });
  });

  test('comes as a table that spreadsheets read, where it is asked for', async () => {
    for (const response of [
      await get('/v1/sla?month=2025-12', { accept: 'text/csv' }),
      await get('/v1/sla?month=2025-12&format=csv'),
    ]) {
      expect(response.headers['content-type']).toContain('text/csv');
      expect(response.headers['content-disposition']).toContain('agentpod-sla-2025-12.csv');
      const lines = response.body.split('\r\n');
      expect(lines[0]).toBe(
        'month,time_zone,tenant,agent,availability_percent,answering_seconds,down_seconds,degraded_seconds,outages,longest_outage_seconds,maintenance_seconds,unknown_seconds,stopped_seconds',
      );
      expect(lines[1]).toBe('2025-12,UTC,acme,,98.387,5270400,86400,0,1,86400,0,0,0');
      expect(lines[2]).toBe('2025-12,UTC,acme,acme,96.774,2592000,86400,0,1,86400,0,0,0');
      expect(lines).toHaveLength(7);
      expect(lines.at(-1)).toBe('');
    }
    expect(await app.client.slaCsv({ month: '2025-12' })).toContain('98.387');
    const json = await get('/v1/sla?month=2025-12&format=json', { accept: 'text/csv' });
    expect(json.headers['content-type']).toContain('application/json');
  });

  test.each([
    ['', 'month'],
    ['?month=2025-13', 'month'],
    ['?month=december', 'month'],
    ['?month=2025-12&tz=Mars/Olympus', 'tz'],
    ['?month=2025-12&tenant=No%20One', 'tenant'],
    ['?month=2025-12&format=xls', 'format'],
  ])('refuses "%s" and names the field', async (query, field) => {
    expect((await get(`/v1/sla${query}`)).json()).toMatchObject({ status: 400, kind: 'invalid', field });
  });

  test('is not for strangers', async () => {
    expect((await app.app.inject({ url: '/v1/sla?month=2025-12' })).statusCode).toBe(401);
  });
});
