import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Condition } from '../condition.ts';
import { AlertWorld, minute, second } from './alerts-under-test.ts';

const refs = ['acme', 'acme/hr', 'lotus'] as const;
const ref = fc.constantFrom(...refs);
const status = fc.constantFrom<Condition['status']>('True', 'False', 'Unknown');
const reason = fc.constantFrom('Exited', 'NotReachable', 'Booting', 'Waiting', 'EngineRestarted', 'OutOfMemory');

/** Everything that may happen to agents and host, and to what is said about them. */
const happening = fc.oneof(
  fc.record({ kind: fc.constant('ready' as const), ref, status, reason }),
  fc.record({ kind: fc.constant('stalled' as const), ref, status }),
  fc.record({ kind: fc.constant('channels' as const), ref, status }),
  fc.record({ kind: fc.constant('configured' as const), ref, status }),
  fc.record({ kind: fc.constant('restart' as const), ref, reason }),
  fc.record({ kind: fc.constant('suspended' as const), ref, on: fc.boolean() }),
  fc.record({ kind: fc.constant('unproven' as const), ref, on: fc.boolean() }),
  fc.record({
    kind: fc.constant('check' as const),
    name: fc.constantFrom('EngineUnreachable' as const, 'GatewayDown' as const, 'DiskLow' as const),
    ok: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('silence' as const), ref, minutes: fc.integer({ min: 0, max: 30 }) }),
);
type Happening = typeof happening extends fc.Arbitrary<infer H> ? H : never;
const history = fc.array(
  fc.record({
    happening,
    passesMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 20 * minute })),
    looks: fc.boolean(),
  }),
  { maxLength: 60 },
);

function happen(world: AlertWorld, it: Happening): void {
  switch (it.kind) {
    case 'ready':
      return world.set(it.ref, 'Ready', it.status, it.status === 'True' ? 'Answering' : it.reason);
    case 'stalled':
      return world.set(it.ref, 'Stalled', it.status, 'CrashLoop');
    case 'channels':
      return world.set(it.ref, 'ChannelsConnected', it.status, 'Disconnected');
    case 'configured':
      return world.set(it.ref, 'Configured', it.status, it.status === 'True' ? 'Delivered' : 'ConfigRejected');
    case 'restart':
      return world.restart(it.ref, it.reason);
    case 'suspended':
      return world.change(it.ref, { suspended: it.on });
    case 'unproven':
      return world.change(it.ref, { unprovenSpec: it.on });
    case 'check':
      return world.check(it.name, it.ok);
    case 'silence': {
      const { now } = world;
      const until = now + it.minutes * minute;
      world.silences = [{ id: 's', agent: it.ref, until, comment: '', createdBy: '', createdAt: now }];
    }
  }
}

test('whatever happens: notices alternate, are never repeated, and everything that fires at the end has been told', () => {
  fc.assert(
    fc.property(history, (steps) => {
      const world = new AlertWorld();
      for (const name of refs) world.add(name);
      for (const { happening: it, passesMs, looks } of steps) {
        happen(world, it);
        // Not everything that happens is seen when it happens; `pass` also looks when it asked to.
        if (looks) world.look();
        world.pass(passesMs);
      }
      world.silences = [];
      world.pass(60 * minute);

      expect(new Set(world.notices.map(({ id }) => id)).size).toBe(world.notices.length);
      for (const notices of Map.groupBy(world.notices, ({ rule, subject }) => `${rule}/${subject.ref}`).values()) {
        const kinds = notices.map(({ kind }) => kind);
        // One outage after the other: told, at most once made worse, over; only the last may be open.
        expect(kinds.join(' ')).toMatch(/^((^| )firing( escalated)? resolved)*(( |^)firing( escalated)?)?$/);
      }
      for (const alert of world.alerts.values()) {
        if (alert.phase === 'firing') expect(alert.told?.severity).toBe(alert.severity);
        if (alert.phase === 'resolved' && alert.told)
          expect(world.notices.some(({ id }) => id === `${alert.id}-${alert.notices}`)).toBe(true);
      }
      for (const { conditions, suspended, id } of world.agents.values()) {
        const down = conditions.some(
          ({ type, status, reason }) => type === 'Ready' && status === 'False' && reason !== 'EngineRestarted',
        );
        const isHeld = [...world.alerts.values()].some(
          ({ subject, phase }) => subject.kind === 'host' && phase !== 'resolved',
        );
        // An hour later, what is down and nobody stopped is known, unless the host explains it.
        if (down && !suspended && !isHeld) expect(world.alerts.get(`AgentDown/${id}`)?.phase).toBe('firing');
      }
    }),
    { numRuns: 500 },
  );
});

test('whatever happens: once all is well for long enough, everything told is over', () => {
  fc.assert(
    fc.property(history, (steps) => {
      const world = new AlertWorld();
      for (const name of refs) world.add(name);
      for (const { happening: it, passesMs } of steps) {
        happen(world, it);
        world.pass(passesMs);
      }
      for (const name of refs) {
        world.change(name, { suspended: false });
        world.up(name);
        world.set(name, 'Stalled', 'False', 'Progressing');
        world.set(name, 'ChannelsConnected', 'True', 'Connected');
        world.set(name, 'Configured', 'True', 'Delivered');
      }
      for (const name of world.checks.keys()) world.check(name, true);
      world.pass(16 * minute + 10 * second);
      expect([...world.alerts.values()].filter(({ phase }) => phase !== 'resolved')).toEqual([]);
      const last = Map.groupBy(world.notices, ({ rule, subject }) => `${rule}/${subject.ref}`).values();
      for (const notices of last) expect(notices.at(-1)?.kind).toBe('resolved');
    }),
    { numRuns: 500 },
  );
});
