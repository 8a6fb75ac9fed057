import { AppError } from '@agentpod/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { aMaintenanceWindow, anAlert, aNotice, aTransport } from '../testing/alert-builders.ts';
import { away } from '../testing/fake-transport.ts';
import { type AppUnderTest, asRoot, startApp } from './app-under-test.ts';

let on: AppUnderTest;
beforeEach(async () => {
  on = await startApp();
  await on.client.createAgent({ ref: 'acme/hr' });
});
afterEach(() => on.stop());

const inAnHour = () => new Date(on.clock.now() + 3_600_000).toISOString();
const password = 'hunter2-secret';
const put = (name = 'ops', differences: object = {}) =>
  on.client.putAlertTransport(name, { kind: 'fake', settings: { to: 'li' }, secrets: { password }, ...differences });
const ask = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, payload?: object) =>
  on.app.inject({ method, url, headers: asRoot, ...(payload === undefined ? {} : { payload }) });

describe('alerts', () => {
  test('are listed: those that fire, or all, of everybody or of one tenant', async () => {
    const {
      firedAt: _,
      told: _told,
      ...held
    } = anAlert({ id: 'b-1', key: 'b', phase: 'pending', heldBy: 'ProxyDown' });
    await on.alertStore.saveDecision({ alerts: [anAlert(), held], notices: [aNotice(anAlert())], now: 0 });
    const firing = {
      id: 'AgentDown-acme-1',
      rule: 'AgentDown',
      state: 'firing',
      severity: 'warning',
      subject: { kind: 'agent', ref: 'acme', tenant: 'acme' },
      reason: 'Exited',
      message: 'The agent exited with code 1',
      since: '2026-11-01T00:00:00.000Z',
      told: true,
      flapping: false,
    };
    expect(await on.client.listAlerts()).toEqual({ items: [firing] });
    expect((await on.client.listAlerts({ state: 'all' })).items).toMatchObject([
      { state: 'pending', heldBy: 'ProxyDown', told: false },
      firing,
    ]);
    expect(await on.client.listAlerts({ tenant: 'lotus' })).toEqual({ items: [] });
    expect(await on.client.getAlert('AgentDown-acme-1')).toEqual({
      ...firing,
      notices: [{ id: 'AgentDown-acme-1-1', kind: 'firing', severity: 'warning', at: '2026-11-01T00:00:00.000Z' }],
    });
    await expect(on.client.getAlert('nothing')).rejects.toMatchObject({ kind: 'not-found', reason: 'AlertNotFound' });
  });

  test('say that a silence or maintenance keeps them quiet, and until when they lasted', async () => {
    const hr = { kind: 'agent', id: 'hr', ref: 'acme/hr', tenant: 'acme' } as const;
    await on.alertStore.saveDecision({ alerts: [anAlert({ subject: hr })], notices: [], now: 0 });
    await on.client.createSilence({ agent: 'acme/hr', until: inAnHour() });
    expect((await on.client.listAlerts()).items).toMatchObject([{ mutedBy: 'silence' }]);
    const over = anAlert({ subject: hr, phase: 'resolved', goodSince: 1000, resolvedAt: 11_000 });
    await on.alertStore.saveDecision({ alerts: [over], notices: [], now: 0 });
    const [shown] = (await on.client.listAlerts({ state: 'all' })).items;
    expect(shown).toMatchObject({ state: 'resolved', until: '1970-01-01T00:00:01.000Z' });
    expect(shown?.mutedBy).toBeUndefined();
  });
});

describe('silences', () => {
  test('are made, listed and ended', async () => {
    const until = inAnHour();
    const made = await on.client.createSilence({ agent: 'acme/hr', rule: 'AgentDown', until, comment: 'known' });
    expect(made).toMatchObject({ agent: 'acme/hr', rule: 'AgentDown', until, comment: 'known', createdBy: 'root' });
    expect(await on.client.listSilences()).toEqual({ items: [made] });
    await on.client.removeSilence(made.id);
    expect(await on.client.listSilences()).toEqual({ items: [] });
    await expect(on.client.removeSilence(made.id)).rejects.toMatchObject({ reason: 'SilenceNotFound' });
  });

  test('that are over are not there any more', async () => {
    await on.client.createSilence({ tenant: 'acme', until: inAnHour() });
    await on.clock.advance(3_600_000);
    expect(await on.client.listSilences()).toEqual({ items: [] });
  });

  test.each([
    [{}, 'until'],
    [{ until: 'tomorrow' }, 'until'],
    [{ until: '2001-01-01T00:00:00Z', agent: 'acme/hr' }, 'until'],
    [{ until: '2126-01-01T00:00:00Z', agent: 'acme/hr' }, 'until'],
    [{ until: 'hour' }, 'agent'],
    [{ until: 'hour', agent: 'acme/nobody' }, 'agent'],
    [{ until: 'hour', agent: 'A/b' }, 'tenant'],
    [{ until: 'hour', tenant: 'nobody' }, 'tenant'],
    [{ until: 'hour', rule: 'Nothing' }, 'rule'],
    [{ until: 'hour', agent: 'acme/hr', extra: 1 }, 'extra'],
    [{ until: 'hour', agent: 'acme/hr', comment: 'x'.repeat(501) }, 'comment'],
  ])('%j is refused, naming %s', async (body, field) => {
    const until = 'until' in body && body.until === 'hour' ? { until: inAnHour() } : {};
    const response = await ask('POST', '/v1/silences', { ...body, ...until });
    expect(response.json()).toMatchObject({ field });
    expect([400, 404]).toContain(response.statusCode);
  });
});

describe('maintenance', () => {
  test('is announced for an agent, a tenant or everything, from now or later', async () => {
    const until = inAnHour();
    const now = new Date(on.clock.now()).toISOString();
    const from = new Date(on.clock.now() + 60_000).toISOString();
    expect(await on.client.createMaintenance({ everything: true, until })).toMatchObject({ from: now, until });
    const later = await on.client.createMaintenance({ tenant: 'acme', from, until, comment: 'move' });
    expect(later).toMatchObject({ tenant: 'acme', from, until, comment: 'move', createdBy: 'root' });
    expect((await on.client.listMaintenance()).items).toHaveLength(2);
    await on.client.endMaintenance(later.id);
    expect((await on.client.listMaintenance()).items).toHaveLength(1);
  });

  test('that has begun ends now and stays in the list; one that is over cannot be ended', async () => {
    const { id } = await on.client.createMaintenance({ agent: 'acme/hr', until: inAnHour() });
    await on.clock.advance(60_000);
    await on.client.endMaintenance(id);
    const now = new Date(on.clock.now()).toISOString();
    expect((await on.client.listMaintenance()).items).toMatchObject([{ id, until: now }]);
    await expect(on.client.endMaintenance(id)).rejects.toMatchObject({ reason: 'MaintenanceNotFound' });
  });

  test('of long ago is not listed', async () => {
    await on.alertStore.addMaintenance(aMaintenanceWindow({ from: 0, until: 1 }));
    expect(await on.client.listMaintenance()).toEqual({ items: [] });
  });

  test.each([
    [{}, 'agent'],
    [{ everything: true, tenant: 'acme' }, 'everything'],
    [{ everything: true, from: '2126-01-01T00:00:00Z' }, 'until'],
    [{ agent: 'nobody' }, 'agent'],
  ])('%j is refused, naming %s', async (body, field) => {
    const response = await ask('POST', '/v1/maintenance', { until: inAnHour(), ...body });
    expect(response.json()).toMatchObject({ field });
  });
});

describe('transports', () => {
  test('are made, changed and removed; what is left out stays', async () => {
    const made = await put();
    expect(made).toEqual({
      name: 'ops',
      kind: 'fake',
      settings: { to: 'li' },
      secrets: ['password'],
      minimumSeverity: 'warning',
      language: 'en',
      enabled: true,
      createdAt: new Date(on.clock.now()).toISOString(),
      waiting: 0,
    });
    const changed = await on.client.putAlertTransport('ops', { kind: 'fake', language: 'zh', tenants: ['acme'] });
    expect(changed).toEqual({ ...made, language: 'zh', tenants: ['acme'] });
    expect((await on.client.putAlertTransport('ops', { kind: 'fake', tenants: null })).tenants).toBeUndefined();
    expect(await on.client.getAlertTransport('ops')).toEqual({ ...made, language: 'zh' });
    expect((await on.client.listAlertTransports()).items).toHaveLength(1);
    await on.client.removeAlertTransport('ops');
    await expect(on.client.removeAlertTransport('ops')).rejects.toMatchObject({ reason: 'TransportNotFound' });
  });

  test('never give a secret away', async () => {
    await put();
    on.transport.behave = () => {
      throw new AppError('terminal', 'Refused', `535 ${password} is wrong`);
    };
    const answers = [
      await ask('GET', '/v1/alert-transports'),
      await ask('GET', '/v1/alert-transports/ops'),
      await ask('PUT', '/v1/alert-transports/ops', { kind: 'fake' }),
      await ask('POST', '/v1/alert-transports/ops/test'),
      await ask('PUT', '/v1/alert-transports/ops', { kind: 'fake', secrets: { password, other: password } }),
    ];
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200, 422, 400]);
    expect(answers.map(({ body }) => body).join()).not.toContain(password);
    expect(on.logged.join()).not.toContain(password);
    expect(JSON.stringify(await on.alertStore.listTransports())).not.toContain(password);
  });

  test('keep the secrets that are not named, and lose those that are null', async () => {
    await put();
    await on.client.putAlertTransport('ops', { kind: 'fake', settings: { to: 'wang' } });
    await on.client.testAlertTransport('ops');
    expect(on.transport.received.at(-1)?.target).toEqual({ settings: { to: 'wang' }, secrets: { password } });
    const response = await ask('PUT', '/v1/alert-transports/ops', { kind: 'fake', secrets: { password: null } });
    expect(response.json()).toMatchObject({ field: 'secrets.password' });
  });

  test.each([
    ['/v1/alert-transports/ops', { kind: 'pigeon' }, 'kind', 400],
    ['/v1/alert-transports/ops', {}, 'kind', 400],
    ['/v1/alert-transports/ops', { kind: 'fake', settings: {}, secrets: { password } }, 'settings.to', 400],
    ['/v1/alert-transports/ops', { kind: 'fake', settings: { to: 'li' } }, 'secrets.password', 400],
    ['/v1/alert-transports/ops', { kind: 'fake', secrets: { pass: 'x' } }, 'secrets.pass', 400],
    ['/v1/alert-transports/ops', { kind: 'fake', secrets: { password: '' } }, 'secrets.password', 400],
    ['/v1/alert-transports/ops', { kind: 'fake', minimumSeverity: 'low' }, 'minimumSeverity', 400],
    ['/v1/alert-transports/ops', { kind: 'fake', tenants: ['A!'] }, 'tenants.0', 400],
    ['/v1/alert-transports/ops', { kind: 'fake', url: 'x' }, 'url', 400],
    ['/v1/alert-transports/OPS!', { kind: 'fake' }, 'name', 400],
  ])('PUT %s %j is refused, naming %s', async (url, body, field, status) => {
    const response = await ask('PUT', url, body);
    expect(response.json()).toMatchObject({ field });
    expect(response.statusCode).toBe(status);
    expect(await on.client.listAlertTransports()).toEqual({ items: [] });
  });

  test('of one kind do not become another', async () => {
    await on.alertStore.putTransport(aTransport({ name: 'old', kind: 'older' }), 0);
    await expect(put('old')).rejects.toMatchObject({ kind: 'conflict', field: 'kind' });
  });

  test('are tested at once: the answer says what came of it', async () => {
    await put();
    expect(await on.client.testAlertTransport('ops')).toEqual({ detail: 'li has it', milliseconds: 0 });
    expect(on.transport.received.map(({ notice }) => notice)).toMatchObject([
      { kind: 'test', url: 'http://console.localhost' },
    ]);
    on.transport.behave = away;
    await expect(on.client.testAlertTransport('ops')).rejects.toMatchObject({ kind: 'unavailable', reason: 'Away' });
    await expect(on.client.testAlertTransport('nobody')).rejects.toMatchObject({ kind: 'not-found' });
  });

  test('show what waits for them, and the log shows each attempt', async () => {
    await put();
    await on.alertStore.saveDecision({ alerts: [anAlert()], notices: [aNotice(anAlert())], now: 0 });
    const [transport] = await on.alertStore.listTransports();
    const entry = await on.alertStore.nextToDeliver(transport?.id ?? '');
    if (!entry) throw new Error('nothing waits');
    const attempt = { at: 1000, outcome: 'retrying', attempts: 1, detail: 'no answer', nextAttemptAt: 2000 } as const;
    await on.alertStore.postponeDelivery(entry, attempt);
    expect(await on.client.getAlertTransport('ops')).toMatchObject({ waiting: 1, lastError: 'no answer' });
    expect((await on.client.listAlertDeliveries({ transport: 'ops' })).items).toMatchObject([
      {
        at: '1970-01-01T00:00:01.000Z',
        transport: 'ops',
        notice: 'AgentDown-acme-1-1',
        outcome: 'retrying',
        attempts: 1,
      },
    ]);
    expect(await on.client.listAlertDeliveries({ transport: 'other' })).toEqual({ items: [] });
  });
});

test.each([
  ['GET', '/v1/alerts'],
  ['GET', '/v1/alerts/x'],
  ['GET', '/v1/silences'],
  ['POST', '/v1/silences'],
  ['GET', '/v1/maintenance'],
  ['GET', '/v1/alert-transports'],
  ['PUT', '/v1/alert-transports/ops'],
  ['POST', '/v1/alert-transports/ops/test'],
  ['GET', '/v1/alert-deliveries'],
] as const)('%s %s is closed to strangers', async (method, url) => {
  const response = await on.app.inject({ method, url });
  expect(response.statusCode).toBe(401);
});
