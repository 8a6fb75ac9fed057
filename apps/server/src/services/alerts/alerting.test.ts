import { AppError } from '@agentpod/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { away } from '../../testing/fake-transport.ts';
import { aWorldOfAlerts, brief, minute, second, told, type WorldOfAlerts } from './alerting-under-test.ts';

let world: WorldOfAlerts;
beforeEach(async () => {
  world = await aWorldOfAlerts();
});
afterEach(() => world.stop());

const ops = () => world.transports[0];
const boss = () => world.transports[1];
const refuses = (): never => {
  throw new AppError('terminal', 'Refused', 'answered 404');
};
/** Down, told, up again, told. */
async function outage(id: string, reason = 'Exited'): Promise<void> {
  await world.report(id, 'False', reason);
  await world.clock.advance(30 * second);
  await world.report(id, 'True', 'Answering');
  await world.clock.advance(30 * second);
}
const outcomes = async (transport: string) =>
  (await world.alerts.listDeliveries({ transport, limit: 100 })).map(({ outcome }) => outcome);

describe('deciding', () => {
  let acme: string;
  beforeEach(async () => {
    acme = await world.addAgent('acme');
    await world.addTransport();
    await world.clock.advance(second);
  });

  test('an agent that goes down is told within a second, and that it is up again after its quiet', async () => {
    await world.report(acme, 'False', 'Exited');
    await world.clock.advance(second);
    expect(brief(told(ops()))).toEqual(['firing AgentDown acme Exited']);
    expect(told(ops())[0]).toMatchObject({ url: 'https://console.example' });
    await world.clock.advance(9 * second);
    await world.report(acme, 'True', 'Answering');
    await world.clock.advance(11 * second);
    expect(brief(told(ops()))).toEqual(['firing AgentDown acme Exited', 'resolved AgentDown acme Exited']);
  });

  test('a status that lasted for a moment only is told like any other', async () => {
    await world.report(acme, 'False', 'InstanceGone');
    await world.report(acme, 'False', 'Booting');
    await world.report(acme, 'True', 'Answering');
    await world.clock.advance(30 * second);
    expect(brief(told(ops()))).toEqual(['firing AgentDown acme InstanceGone', 'resolved AgentDown acme InstanceGone']);
  });

  test('what nobody said is seen at the next full look', async () => {
    world.process.statusSaved = () => undefined;
    const [agent] = await world.store.listManaged();
    const down = agent?.status.conditions.map(
      (condition) => ({ ...condition, status: 'False', reason: 'Exited' }) as const,
    );
    await world.store.saveStatus(acme, { observedGeneration: 1, conditions: down ?? [] });
    await world.clock.advance(31 * second);
    expect(brief(told(ops()))).toEqual(['firing AgentDown acme Exited']);
  });

  test('a hold-off ends although nothing happens', async () => {
    await world.report(acme, 'False', 'NotReachable');
    await world.clock.advance(59 * second);
    expect(told(ops())).toEqual([]);
    await world.clock.advance(2 * second);
    expect(told(ops())).toHaveLength(1);
  });

  test('what a silence hid is told when it is ended', async () => {
    const until = new Date(world.clock.now() + 60 * minute).toISOString();
    const { id } = await world.process.quietTimes.silence({ agent: 'acme', until }, 'zhao');
    await world.report(acme, 'False', 'Exited');
    await world.clock.advance(10 * minute);
    expect(told(ops())).toEqual([]);
    await world.process.quietTimes.unsilence(id);
    await world.clock.advance(second);
    expect(brief(told(ops()))).toEqual(['firing AgentDown acme Exited']);
  });

  test('a store that fails for a while loses nothing and doubles nothing', async () => {
    world.breakStore(new AppError('unavailable', 'DatabaseBusy', 'busy'));
    await world.report(acme, 'False', 'Exited');
    await world.clock.advance(20 * second);
    await world.report(acme, 'True', 'Answering');
    await world.clock.advance(20 * second);
    expect(told(ops())).toEqual([]);
    world.breakStore(undefined);
    await world.clock.advance(20 * second);
    expect(brief(told(ops()))).toEqual(['firing AgentDown acme Exited', 'resolved AgentDown acme Exited']);
    expect(ops()?.received).toHaveLength(2);
    expect(world.errors.length).toBeGreaterThan(0);
  });

  test('an agent that is deleted ends its alerts', async () => {
    await world.report(acme, 'False', 'Exited');
    await world.clock.advance(second);
    await world.store.requestDeletion(acme, true, world.clock.now());
    await world.store.finishDeletion(acme, world.clock.now());
    await world.clock.advance(31 * second);
    expect(brief(told(ops()))).toEqual(['firing AgentDown acme Exited', 'resolved AgentDown acme Deleted']);
  });
});

test('an engine outage with 20 agents is one notice and one recovery', async () => {
  world.host.set('EngineUnreachable', true);
  world.restart();
  await world.addTransport();
  const ids: string[] = [];
  for (let index = 0; index < 20; index++) ids.push(await world.addAgent(`t${index}`));
  await world.clock.advance(minute);
  world.host.set('EngineUnreachable', false);
  for (const id of ids) await world.report(id, 'Unknown', 'EngineUnreachable');
  await world.clock.advance(40 * second);
  expect(brief(told(ops()))).toEqual(['firing EngineUnreachable host EngineUnreachable']);
  world.host.set('EngineUnreachable', true);
  for (const id of ids) {
    await world.report(id, 'False', 'Exited');
    const restart = {
      at: world.clock.now(),
      instanceId: id,
      startedAt: 1,
      by: 'agentpod' as const,
      reason: 'Exited',
      slow: false,
    };
    await world.store.saveRecorded(id, { restarts: [restart] });
  }
  for (const id of ids) {
    await world.clock.advance(4 * second);
    await world.report(id, 'True', 'Answering');
  }
  await world.clock.advance(10 * minute);
  expect(brief(told(ops()))).toEqual([
    'firing EngineUnreachable host EngineUnreachable',
    'resolved EngineUnreachable host EngineUnreachable',
  ]);
});

describe('delivering', { timeout: 30_000 }, () => {
  let acme: string;
  let lotus: string;
  beforeEach(async () => {
    [acme, lotus] = [await world.addAgent('acme'), await world.addAgent('lotus')];
    await world.addTransport('ops');
    await world.addTransport('boss');
    await world.clock.advance(second);
  });
  const all = [
    'firing AgentDown acme Exited',
    'resolved AgentDown acme Exited',
    'firing AgentDown lotus OutOfMemory',
    'resolved AgentDown lotus OutOfMemory',
  ];

  test('an endpoint that was down for ten minutes gets each notice once, in order; the other one never waited', async () => {
    const arrivals = ops();
    if (arrivals) arrivals.behave = away;
    await outage(acme);
    await outage(lotus, 'OutOfMemory');
    expect(brief(told(boss()))).toEqual(all);
    await world.clock.advance(8 * minute);
    expect(ops()?.received).toEqual([]);
    expect((await world.process.transports.get('ops')).waiting).toBe(4);
    expect((await world.process.transports.get('ops')).lastError).toBe('connection refused');
    if (arrivals) arrivals.behave = () => undefined;
    await world.clock.advance(6 * minute);
    expect(ops()?.received.map(({ notice }) => notice.id)).toEqual(told(boss()).map(({ id }) => id));
    expect(boss()?.received).toHaveLength(4);
  });

  test('pauses grow from one second to five minutes', async () => {
    const attempts: number[] = [];
    const transport = ops();
    if (transport) {
      transport.behave = () => {
        attempts.push(world.clock.now());
        away();
      };
    }
    await world.report(acme, 'False', 'Exited');
    await world.clock.advance(30 * minute);
    const pauses = attempts.slice(1).map((at, index) => (at - (attempts[index] ?? 0)) / second);
    expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300, 300]);
  });

  test('what could not be delivered for a day is given up, where everybody can see it, and the next one goes out', async () => {
    const transport = ops();
    if (transport) transport.behave = away;
    await world.report(acme, 'False', 'Exited');
    await world.clock.advance(24 * 60 * minute + 6 * minute);
    expect((await outcomes('ops'))[0]).toBe('given-up');
    expect((await world.process.transports.get('ops')).waiting).toBe(0);
    if (transport) transport.behave = () => undefined;
    await outage(lotus, 'OutOfMemory');
    expect(brief(told(ops()))).toEqual(all.slice(2));
  });

  test('a refusal is final and holds up nothing', async () => {
    const transport = ops();
    if (transport) {
      transport.behave = ({ notice }) => (notice.subject.ref === 'acme' ? refuses() : undefined);
    }
    await outage(acme);
    await outage(lotus, 'OutOfMemory');
    expect(brief(told(ops()))).toEqual(all.slice(2));
    expect(await outcomes('ops')).toEqual(['delivered', 'delivered', 'failed', 'failed']);
  });

  test('an endpoint that takes a notice and never answers is tried again, and holds up nobody else', async () => {
    const transport = ops();
    let calls = 0;
    if (transport) {
      transport.behave = () => (calls++ === 0 ? new Promise<void>(() => undefined) : undefined);
    }
    await outage(acme);
    expect(brief(told(boss()))).toEqual(all.slice(0, 2));
    await world.clock.advance(minute);
    expect(brief(told(ops()))).toEqual(all.slice(0, 2));
    const log = await world.alerts.listDeliveries({ transport: 'ops', limit: 10 });
    expect(log.at(-1)).toMatchObject({ outcome: 'retrying', detail: 'no answer within 30 s' });
  });

  test('what the store could not note as delivered is not delivered again', async () => {
    const transport = ops();
    if (transport) {
      transport.behave = () => {
        world.breakStore(new AppError('unavailable', 'DatabaseBusy', 'busy'));
      };
    }
    await world.report(acme, 'False', 'Exited');
    await world.clock.advance(30 * second);
    if (transport) transport.behave = () => undefined;
    world.breakStore(undefined);
    await world.clock.advance(30 * second);
    expect(ops()?.received).toHaveLength(1);
    expect(boss()?.received).toHaveLength(1);
    expect(await outcomes('ops')).toEqual(['delivered']);
  });

  test('what is on its way when the server stops arrives, and is not sent again by the next one', async () => {
    const transport = ops();
    const answer = Promise.withResolvers<void>();
    if (transport) transport.behave = () => answer.promise;
    await world.report(acme, 'False', 'Exited');
    await world.clock.advance(second);
    const stopping = world.process.stop();
    await world.clock.advance(second);
    answer.resolve();
    await stopping;
    world.restart();
    await world.clock.advance(minute);
    expect(ops()?.received).toHaveLength(1);
  });

  test('a transport that is switched off gets nothing, and neither does one that wants other things', async () => {
    await world.addTransport('ops', { enabled: false });
    await world.addTransport('boss', { tenants: ['lotus'] });
    await outage(acme);
    await outage(lotus);
    expect(told(ops())).toEqual([]);
    expect(told(boss()).map(({ subject }) => subject.ref)).toEqual(['lotus', 'lotus']);
  });

  test('the words are in the language of the transport, and its secrets reach it alone', async () => {
    await world.addTransport('ops', { language: 'zh' });
    await outage(acme);
    expect(ops()?.received[0]?.text.title).toMatch(/\p{Script=Han}/u);
    expect(boss()?.received[0]?.text.title).not.toMatch(/\p{Script=Han}/u);
    expect(ops()?.received[0]?.target).toEqual({ settings: { to: 'ops' }, secrets: { password: 'hunter2-secret' } });
  });

  test('no secret of a transport stands in the log of its deliveries', async () => {
    const transport = ops();
    if (transport) {
      transport.behave = () => {
        throw new AppError('terminal', 'Refused', 'the server refused hunter2-secret\u001b[2J');
      };
    }
    await outage(acme);
    const [entry] = await world.alerts.listDeliveries({ transport: 'ops', limit: 1 });
    expect(entry?.detail).toBe('the server refused ***[2J');
  });
});

describe('killed between any two store calls', { timeout: 30_000 }, () => {
  test.each(['before', 'after'] as const)('%s it is carried out: no alert is lost or doubled', async (when) => {
    const ends: { atCall: number; told: string[]; isTwice: boolean }[] = [];
    for (let atCall = 0; ; atCall++) {
      const other = await aWorldOfAlerts();
      const acme = await other.addAgent('acme');
      await other.addTransport();
      await other.clock.advance(second);
      other.restart({ atCall, when });
      let wasKilled = false;
      const advance = async (milliseconds: number) => {
        for (let passed = 0; passed < milliseconds; passed += second) {
          await other.clock.advance(second);
          if (!other.process.isDead) continue;
          wasKilled = true;
          other.restart();
        }
      };
      await other.report(acme, 'False', 'Exited');
      await advance(15 * second);
      await other.report(acme, 'True', 'Answering');
      await advance(45 * second);
      ends.push({
        atCall,
        told: brief(told(other.transports[0])),
        // Only where it died between delivery and note does the same notice go out again, under the same id.
        isTwice: (other.transports[0]?.received.length ?? 0) > (wasKilled ? 3 : 2),
      });
      await other.stop();
      if (!wasKilled) break;
    }
    const both = ['firing AgentDown acme Exited', 'resolved AgentDown acme Exited'];
    expect(ends).toEqual(ends.map(({ atCall }) => ({ atCall, told: both, isTwice: false })));
    expect(ends.length).toBeGreaterThan(30);
  });
});
