import type { Alert } from '@agentpod/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AlertStore } from '../ports/alert-store.ts';
import { aMaintenanceWindow, anAlert, aNotice, aSilence, aTransport } from './alert-builders.ts';

const t0 = Date.parse('2026-11-01T00:00:00.000Z');
const hour = 3_600_000;

/** What every alert store does. `makeStore` gives an empty one. */
export function alertStoreContract(
  name: string,
  makeStore: () => Promise<{ store: AlertStore; close(): Promise<void> }>,
): void {
  describe(name, () => {
    let store: AlertStore;
    let close: () => Promise<void>;
    beforeEach(async () => {
      ({ store, close } = await makeStore());
    });
    afterEach(() => close());

    const save = (alert: Alert, ...notices: readonly Parameters<typeof aNotice>[1][]) =>
      store.saveDecision({ alerts: [alert], notices: notices.map((given) => aNotice(alert, given)), now: t0 });
    const resolved = (alert: Alert, differences: Partial<Alert> = {}): Alert => ({
      ...alert,
      phase: 'resolved',
      resolvedAt: t0 + hour,
      notices: alert.notices + 1,
      ...differences,
    });
    const waiting = async (transportId: string) => (await store.backlog()).get(transportId)?.waiting ?? 0;
    const done = { at: t0, outcome: 'delivered', attempts: 1, detail: 'answered 200' } as const;

    describe('alerts', () => {
      test('come back as they were', async () => {
        const host = anAlert({ rule: 'DiskLow', subject: { kind: 'host', id: 'host', ref: 'host' } });
        const full = anAlert({
          lastError: '内存不足',
          goodSince: t0,
          heldBy: 'ProxyDown',
          countedUntil: t0,
          recoveredBefore: 1,
        });
        await store.saveDecision({ alerts: [host, full], notices: [], now: t0 });
        expect(await store.currentAlerts()).toEqual([host, full]);
        expect(await store.getAlert(full.id)).toEqual(full);
        expect(await store.getAlert('nothing')).toBeUndefined();
      });

      test('a change replaces what was known', async () => {
        await save(anAlert());
        await save(resolved(anAlert()));
        expect(await store.currentAlerts()).toEqual([resolved(anAlert())]);
      });

      test('of each key the newest is the current one', async () => {
        await save(resolved(anAlert()));
        const second = anAlert({ id: 'second' });
        const other = anAlert({ rule: 'ChannelDown' });
        await save(second);
        await save(other);
        expect(await store.currentAlerts()).toEqual([second, other]);
      });

      test('are listed newest first: those that fire, or all that anybody had to hear of', async () => {
        const lotus = { kind: 'agent', id: 'lotus', ref: 'lotus', tenant: 'lotus' } as const;
        const { firedAt: _, ...unheard } = resolved(anAlert({ id: 'unheard', key: 'unheard' }));
        await save(resolved(anAlert({ id: 'old' })));
        await save(anAlert({ id: 'acme' }));
        await save(anAlert({ id: 'lotus', subject: lotus }));
        await save(anAlert({ id: 'held', key: 'held', phase: 'pending' }));
        await save(unheard);
        const ids = async (query: Parameters<AlertStore['listAlerts']>[0]) =>
          (await store.listAlerts(query)).map(({ id }) => id);
        expect(await ids({ state: 'firing', limit: 10 })).toEqual(['lotus', 'acme']);
        expect(await ids({ state: 'all', limit: 10 })).toEqual(['held', 'lotus', 'acme', 'old']);
        expect(await ids({ state: 'firing', tenant: 'acme', limit: 10 })).toEqual(['acme']);
        expect(await ids({ state: 'all', limit: 1 })).toEqual(['held']);
      });

      test('that were over long ago are forgotten with their notices, the newest of each key excepted', async () => {
        await save(resolved(anAlert({ id: 'first' })), {});
        await save(resolved(anAlert({ id: 'second' })), {});
        await store.forgetAlerts(t0 + hour);
        expect(await store.listAlerts({ state: 'all', limit: 10 })).toHaveLength(2);
        await store.forgetAlerts(t0 + hour + 1);
        expect((await store.listAlerts({ state: 'all', limit: 10 })).map(({ id }) => id)).toEqual(['second']);
        expect(await store.listNotices('first')).toEqual([]);
      });
    });

    describe('notices', () => {
      test('of an alert are listed in their order', async () => {
        await save(anAlert(), { kind: 'firing' });
        await save(anAlert({ notices: 2 }), {
          kind: 'escalated',
          lastError: 'x',
          url: 'https://c.example',
          flapping: true,
        });
        expect(await store.listNotices(anAlert().id)).toEqual([
          aNotice(anAlert(), { kind: 'firing' }),
          aNotice(anAlert({ notices: 2 }), {
            kind: 'escalated',
            lastError: 'x',
            url: 'https://c.example',
            flapping: true,
          }),
        ]);
      });

      test('wait for every transport that takes them, and for no other', async () => {
        const all = aTransport({ name: 'all' });
        const off = aTransport({ name: 'off', enabled: false });
        const critical = aTransport({ name: 'critical', minimumSeverity: 'critical' });
        const lotus = aTransport({ name: 'lotus', tenants: ['lotus'] });
        for (const transport of [all, off, critical, lotus]) await store.putTransport(transport, t0);
        await save(anAlert(), {});
        await save(
          anAlert({ id: 'host', key: 'h', severity: 'critical', subject: { kind: 'host', id: 'host', ref: 'host' } }),
          {},
        );
        expect(await waiting(all.id)).toBe(2);
        expect(await waiting(off.id)).toBe(0);
        expect(await waiting(critical.id)).toBe(1);
        expect(await waiting(lotus.id)).toBe(0);
      });

      test('that something is over go to those who heard of it', async () => {
        const before = aTransport({ name: 'before' });
        await store.putTransport(before, t0);
        await save(anAlert(), {});
        const after = aTransport({ name: 'after', minimumSeverity: 'critical' });
        await store.putTransport(after, t0);
        await store.putTransport({ ...after, minimumSeverity: 'warning' }, t0);
        await store.putTransport({ ...before, minimumSeverity: 'critical', tenants: ['lotus'] }, t0);
        await save(resolved(anAlert()), { kind: 'resolved' });
        expect(await waiting(before.id)).toBe(2);
        expect(await waiting(after.id)).toBe(0);
      });

      test('that fire now go to a transport that is new or switched on, and so does their end', async () => {
        const off = aTransport({ name: 'off', enabled: false });
        await store.putTransport(off, t0);
        await save(anAlert(), { kind: 'firing' });
        await save(resolved(anAlert({ id: 'over', key: 'over' })), { kind: 'firing' });
        const late = aTransport({ name: 'late' });
        await store.putTransport(late, t0 + 1);
        await store.putTransport({ ...late, language: 'zh' }, t0 + 2);
        await store.putTransport({ ...off, enabled: true }, t0 + 3);
        await save(resolved(anAlert()), { kind: 'resolved' });
        for (const [transport, createdAt] of [
          [late, t0 + 1],
          [off, t0 + 3],
        ] as const) {
          expect(await waiting(transport.id)).toBe(2);
          const first = await store.nextToDeliver(transport.id);
          expect(first).toMatchObject({ createdAt, notice: { id: 'AgentDown-acme-1-1', kind: 'firing' } });
        }
      });

      test('are not repeated for a transport that was off for a while', async () => {
        const transport = aTransport();
        await store.putTransport(transport, t0);
        await save(anAlert(), { kind: 'firing' });
        const entry = await store.nextToDeliver(transport.id);
        if (entry) await store.endDelivery(entry, done);
        await store.putTransport({ ...transport, enabled: false }, t0);
        await store.putTransport(transport, t0);
        expect(await waiting(transport.id)).toBe(0);
      });

      test('saved twice wait once', async () => {
        const transport = aTransport();
        await store.putTransport(transport, t0);
        await save(anAlert(), {});
        await save(anAlert(), {});
        expect(await waiting(transport.id)).toBe(1);
      });

      test('and the alert are kept together or not at all', async () => {
        await store.putTransport(aTransport(), t0);
        const orphan = aNotice(anAlert({ id: 'nobody' }));
        await expect(store.saveDecision({ alerts: [anAlert()], notices: [orphan], now: t0 })).rejects.toThrow();
        expect(await store.currentAlerts()).toEqual([]);
        expect(await store.backlog()).toEqual(new Map());
      });
    });

    describe('the outbox', () => {
      const transport = aTransport();
      beforeEach(async () => {
        await store.putTransport(transport, t0);
        await save(anAlert(), { kind: 'firing' });
        await save(resolved(anAlert()), { kind: 'resolved' });
      });
      const next = async () => {
        const entry = await store.nextToDeliver(transport.id);
        if (!entry) throw new Error('nothing waits');
        return entry;
      };

      test('gives the oldest until it is done, then the one after it', async () => {
        expect(await next()).toMatchObject({
          attempts: 0,
          createdAt: t0,
          nextAttemptAt: t0,
          notice: { kind: 'firing' },
        });
        await store.endDelivery(await next(), done);
        expect(await next()).toMatchObject({ notice: { kind: 'resolved' } });
        await store.endDelivery(await next(), done);
        expect(await store.nextToDeliver(transport.id)).toBeUndefined();
        expect(await store.nextToDeliver('nobody')).toBeUndefined();
      });

      test('keeps one that has to be tried again at its place', async () => {
        const retry = { at: t0, outcome: 'retrying', attempts: 1, detail: 'no answer' } as const;
        await store.postponeDelivery(await next(), { ...retry, nextAttemptAt: t0 + 1000 });
        expect(await next()).toMatchObject({ attempts: 1, nextAttemptAt: t0 + 1000, notice: { kind: 'firing' } });
        expect((await store.backlog()).get(transport.id)).toEqual({ waiting: 2, lastError: 'no answer' });
      });

      test('logs each attempt, newest first', async () => {
        const entry = await next();
        await store.postponeDelivery(entry, {
          at: t0,
          outcome: 'retrying',
          attempts: 1,
          detail: 'no',
          nextAttemptAt: t0,
        });
        await store.endDelivery(entry, { at: t0 + 1, outcome: 'failed', attempts: 2, detail: 'answered 404' });
        expect(await store.listDeliveries({ limit: 10 })).toEqual([
          {
            number: expect.any(Number) as number,
            at: t0 + 1,
            transport: 'ops',
            noticeId: 'AgentDown-acme-1-1',
            kind: 'firing',
            rule: 'AgentDown',
            subject: 'acme',
            outcome: 'failed',
            attempts: 2,
            detail: 'answered 404',
          },
          expect.objectContaining({ outcome: 'retrying', attempts: 1 }),
        ]);
        expect(await store.listDeliveries({ limit: 1 })).toHaveLength(1);
        expect(await store.listDeliveries({ transport: 'other', limit: 10 })).toEqual([]);
      });

      test('does not log what is out of it already', async () => {
        const entry = await next();
        await store.endDelivery(entry, done);
        await store.endDelivery(entry, done);
        await store.postponeDelivery(entry, { ...done, outcome: 'retrying', nextAttemptAt: t0 });
        expect(await store.listDeliveries({ limit: 10 })).toHaveLength(1);
        expect(await waiting(transport.id)).toBe(1);
      });

      test('goes with its transport, and the log stays', async () => {
        await store.endDelivery(await next(), done);
        await store.removeTransport('ops');
        await store.removeTransport('ops');
        expect(await store.backlog()).toEqual(new Map());
        expect(await store.listTransports()).toEqual([]);
        expect(await store.listDeliveries({ limit: 10 })).toHaveLength(1);
      });

      test('has a log that forgets the oldest', async () => {
        await save(anAlert({ id: 'x-1', key: 'x' }), {});
        const entry = await next();
        for (let round = 0; round < 520; round++) {
          await store.postponeDelivery(entry, {
            at: t0 + round,
            outcome: 'retrying',
            attempts: round,
            detail: '',
            nextAttemptAt: t0,
          });
        }
        const log = await store.listDeliveries({ limit: 1000 });
        expect(log).toHaveLength(500);
        expect(log.at(-1)?.at).toBe(t0 + 20);
      });
    });

    describe('transports', () => {
      test('come back as they were, by name', async () => {
        const one = aTransport({ name: 'b', tenants: ['acme', 'lotus'], language: 'zh', enabled: false });
        const two = aTransport({ name: 'a', sealedSecrets: undefined, secretNames: [], minimumSeverity: 'critical' });
        await store.putTransport(one, t0);
        await store.putTransport(two, t0);
        expect(await store.listTransports()).toEqual([two, one]);
        expect(await store.getTransport('b')).toEqual(one);
        expect(await store.getTransport('c')).toBeUndefined();
      });

      test('are changed by id, and a name that another has is refused', async () => {
        const one = aTransport({ name: 'a' });
        await store.putTransport(one, t0);
        await store.putTransport({ ...one, name: 'renamed', settings: { url: 'https://new.example' } }, t0);
        expect(await store.listTransports()).toMatchObject([{ id: one.id, name: 'renamed' }]);
        await expect(store.putTransport(aTransport({ name: 'renamed' }), t0)).rejects.toMatchObject({
          reason: 'NameTaken',
        });
      });
    });

    describe('silences', () => {
      test('are listed until they are over, soonest first', async () => {
        const long = aSilence({ agent: 'acme', tenant: 'acme', rule: 'AgentDown', until: t0 + 2 * hour });
        const short = aSilence();
        await store.addSilence(long);
        await store.addSilence(short);
        expect(await store.listSilences(t0)).toEqual([short, long]);
        expect(await store.listSilences(t0 + hour)).toEqual([long]);
        await store.removeSilence(long.id);
        await store.removeSilence(long.id);
        expect(await store.listSilences(t0)).toEqual([short]);
      });
    });

    describe('maintenance windows', () => {
      test('are listed by their beginning, from any moment on', async () => {
        const later = aMaintenanceWindow({ from: t0 + hour, until: t0 + 2 * hour, tenant: 'acme' });
        const now = aMaintenanceWindow({ agent: 'acme' });
        await store.addMaintenance(later);
        await store.addMaintenance(now);
        expect(await store.listMaintenance(0)).toEqual([now, later]);
        expect(await store.listMaintenance(t0 + hour)).toEqual([later]);
      });

      test('that have begun end, those to come are removed, and those that are over stay as they were', async () => {
        const begun = aMaintenanceWindow({ until: t0 + hour });
        const coming = aMaintenanceWindow({ from: t0 + hour, until: t0 + 2 * hour });
        const over = aMaintenanceWindow({ from: t0 - hour, until: t0 });
        for (const window of [begun, coming, over]) await store.addMaintenance(window);
        for (const { id } of [begun, coming, over]) await store.endMaintenance(id, t0 + 1);
        expect(await store.listMaintenance(0)).toEqual([over, { ...begun, until: t0 + 1 }]);
      });
    });
  });
}
