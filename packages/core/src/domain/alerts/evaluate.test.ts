import { beforeEach, describe, expect, test } from 'vitest';
import { AlertWorld, brief, minute, second, t0 } from './alerts-under-test.ts';
import type { MaintenanceWindow, Silence } from './quiet.ts';

let world: AlertWorld;
beforeEach(() => {
  world = new AlertWorld();
  world.add('acme');
});

const silence = (differences: Partial<Silence> = {}): Silence => ({
  id: 's1',
  until: t0 + 60 * minute,
  comment: '',
  createdBy: 'zhao',
  createdAt: t0,
  ...differences,
});
const maintenance = (differences: Partial<MaintenanceWindow> = {}): MaintenanceWindow => ({
  id: 'm1',
  from: t0,
  until: t0 + 60 * minute,
  comment: '',
  createdBy: 'zhao',
  createdAt: t0,
  ...differences,
});

describe('an agent that goes down', () => {
  test.each(['Exited', 'OutOfMemory', 'Hung', 'InstanceGone', 'NetworkGone', 'DataMissing', 'ImageUnavailable'])(
    'for the reason %s is told at once',
    (reason) => {
      world.down('acme', reason);
      expect(brief(world.look())).toEqual([`firing AgentDown acme ${reason}`]);
    },
  );

  test('for a reason that may pass is told after a minute', () => {
    world.down('acme', 'NotReachable');
    expect(world.pass(59 * second)).toEqual([]);
    expect(brief(world.pass(second))).toEqual(['firing AgentDown acme NotReachable']);
  });

  test('for a reason that passes is not told at all', () => {
    world.down('acme', 'NotReachable');
    world.pass(50 * second);
    world.up('acme');
    expect(world.pass(60 * minute)).toEqual([]);
  });

  test('because somebody asked for a restart gets two minutes', () => {
    world.down('acme', 'Restarting');
    expect(world.pass(119 * second)).toEqual([]);
    expect(brief(world.pass(second))).toEqual(['firing AgentDown acme Restarting']);
  });

  test('is told with what is known of it', () => {
    world.now += 5 * second;
    world.change('acme', { lastError: 'out of\u001b[31m tokens' });
    world.set('acme', 'Ready', 'False', 'Exited', { message: 'The agent exited with code 1' });
    expect(world.look()).toEqual([
      {
        id: expect.stringMatching(/^AgentDown-000000000001-\w+-1$/) as string,
        kind: 'firing',
        rule: 'AgentDown',
        severity: 'warning',
        subject: { kind: 'agent', ref: 'acme', tenant: 'acme' },
        reason: 'Exited',
        since: '2026-11-01T00:00:05.000Z',
        at: '2026-11-01T00:00:05.000Z',
        message: 'The agent exited with code 1',
        lastError: 'out of[31m tokens',
      },
    ]);
  });

  test('is over when it was well for ten seconds', () => {
    world.down('acme', 'Exited');
    world.pass(20 * second);
    world.up('acme');
    expect(world.pass(9 * second)).toEqual([]);
    expect(brief(world.pass(second))).toEqual(['resolved AgentDown acme Exited']);
    expect(world.pass(60 * minute)).toEqual([]);
  });

  test('again before that is the same outage', () => {
    world.down('acme', 'Exited');
    world.pass(20 * second);
    world.up('acme');
    world.pass(5 * second);
    world.down('acme', 'Exited');
    expect(world.pass(60 * minute)).toEqual([]);
    world.up('acme');
    expect(brief(world.pass(minute))).toEqual(['resolved AgentDown acme Exited']);
  });

  test('keeps the reason it went down for while it boots', () => {
    world.down('acme', 'OutOfMemory');
    world.look();
    world.set('acme', 'Ready', 'False', 'Booting');
    world.pass(minute);
    expect([...world.alerts.values()]).toMatchObject([{ phase: 'firing', reason: 'OutOfMemory' }]);
  });

  test('and cannot be seen any more is neither told nor over', () => {
    world.set('acme', 'Ready', 'Unknown', 'RuntimeFailed');
    expect(brief(world.pass(minute))).toEqual([]);
    world.down('acme', 'Exited');
    world.look();
    world.set('acme', 'Ready', 'Unknown', 'RuntimeFailed');
    world.pass(minute);
    expect(world.alerts.get(`AgentDown/${world.agents.get('acme')?.id}`)).toMatchObject({ phase: 'firing' });
  });

  test('without a certificate is told by the rule about certificates, after ten minutes', () => {
    world.down('acme', 'NoCertificate');
    world.set('acme', 'Certified', 'False', 'Failed');
    expect(world.pass(10 * minute - 1)).toEqual([]);
    expect(brief(world.pass(1))).toEqual(['firing CertificateFailing acme Failed']);
  });
});

describe('a counted restart', () => {
  test('tells of a crash that healed between two looks, and of its end', () => {
    world.look();
    world.restart('acme', 'OutOfMemory');
    world.now += 3 * second;
    expect(brief(world.look())).toEqual(['firing AgentDown acme OutOfMemory']);
    expect(brief(world.pass(10 * second))).toEqual(['resolved AgentDown acme OutOfMemory']);
    expect(world.pass(60 * minute)).toEqual([]);
  });

  test('that is seen only after it healed long ago is told with its end, once', () => {
    world.restart('acme', 'Exited');
    world.now += 30 * minute;
    expect(brief(world.look())).toEqual(['firing AgentDown acme Exited', 'resolved AgentDown acme Exited']);
    expect(world.notices[0]?.since).toBe('2026-11-01T00:00:00.000Z');
    expect(world.pass(60 * minute)).toEqual([]);
  });

  test('makes an agent that boots an agent that is down', () => {
    world.down('acme', 'Starting');
    world.restart('acme', 'Exited');
    expect(brief(world.look())).toEqual(['firing AgentDown acme Exited']);
  });

  test('of the same outage is not told again', () => {
    world.down('acme', 'Exited');
    for (let round = 0; round < 3; round++) {
      world.restart('acme', 'Exited');
      world.pass(20 * second);
    }
    world.up('acme');
    expect(brief(world.pass(60 * minute))).toEqual(['resolved AgentDown acme Exited']);
    expect(world.notices).toHaveLength(2);
  });

  test('within the quiet before the end puts the end off', () => {
    world.down('acme', 'Exited');
    world.pass(20 * second);
    world.up('acme');
    world.pass(5 * second);
    world.restart('acme', 'Exited');
    expect(world.pass(9 * second)).toEqual([]);
    expect(brief(world.pass(second))).toEqual(['resolved AgentDown acme Exited']);
  });

  test('of the day before yesterday is nobody’s news', () => {
    world.restart('acme', 'Exited');
    world.now += 48 * 60 * minute;
    expect(world.look()).toEqual([]);
  });

  test('before it was stopped by a person is not told when it is started again', () => {
    world.restart('acme', 'Exited');
    world.change('acme', { suspended: true });
    world.look();
    world.now += minute;
    world.change('acme', { suspended: false });
    expect(world.pass(minute)).toEqual([]);
  });
});

describe('an agent that stalls', () => {
  test('makes its alert critical, with one more notice', () => {
    world.down('acme', 'Exited');
    world.look();
    world.now += minute;
    world.set('acme', 'Stalled', 'True', 'CrashLoop');
    expect(brief(world.look())).toEqual(['escalated AgentDown acme CrashLoop']);
    world.set('acme', 'Stalled', 'False', 'Progressing');
    world.pass(minute);
    world.set('acme', 'Stalled', 'True', 'CrashLoop');
    expect(world.pass(60 * minute)).toEqual([]);
    world.set('acme', 'Stalled', 'False', 'Progressing');
    world.up('acme');
    expect(brief(world.pass(minute))).toEqual(['resolved AgentDown acme CrashLoop']);
    expect(world.notices.map(({ severity }) => severity)).toEqual(['warning', 'critical', 'critical']);
  });

  test('at once is told once', () => {
    world.down('acme', 'DataMissing');
    world.set('acme', 'Stalled', 'True', 'DataMissing');
    expect(brief(world.pass(minute))).toEqual(['firing AgentDown acme DataMissing']);
    expect(world.notices[0]?.severity).toBe('critical');
  });
});

describe('an agent nobody should hear of', () => {
  test('a new one has the time to start that its type gives it', () => {
    world.add('new', { wasReady: false, conditions: [] });
    world.down('new', 'Creating');
    world.pass(30 * second);
    world.set('new', 'Ready', 'False', 'Booting');
    expect(world.pass(5 * minute)).toEqual([]);
    expect(brief(world.pass(minute))).toEqual(['firing AgentDown new Booting']);
  });

  test('a new one that fails for a hard reason is told', () => {
    world.add('new', { wasReady: false, conditions: [] });
    world.look();
    world.down('new', 'ImageUnavailable');
    expect(brief(world.look())).toEqual(['firing AgentDown new ImageUnavailable']);
  });

  test.each([
    ['suspended', 'Suspended'],
    ['deleting', 'Deleted'],
  ] as const)('one that is %s is not down', (how, reason) => {
    world.change('acme', { [how]: true });
    world.down('acme', 'Exited');
    expect(world.pass(60 * minute)).toEqual([]);
    world.change('acme', { [how]: false });
    world.look();
    expect(brief(world.notices)).toEqual(['firing AgentDown acme Exited']);
    world.change('acme', { [how]: true });
    expect(brief(world.look())).toEqual([`resolved AgentDown acme ${reason}`]);
  });

  test('one that is gone altogether ends its alerts', () => {
    world.down('acme', 'Exited');
    world.look();
    world.agents.delete('acme');
    expect(brief(world.look())).toEqual(['resolved AgentDown acme Deleted']);
    expect(world.pass(minute)).toEqual([]);
  });
});

describe('a configuration that does not work', () => {
  beforeEach(() => world.change('acme', { unprovenSpec: true }));

  test('and is put back is told as that, and not as an outage beside it', () => {
    world.down('acme', 'ConfigRefused');
    world.set('acme', 'Stalled', 'True', 'ConfigRefused');
    world.restart('acme', 'ConfigRefused');
    expect(world.pass(10 * second)).toEqual([]);
    world.change('acme', { unprovenSpec: false });
    world.set('acme', 'Configured', 'False', 'ConfigRejected');
    world.set('acme', 'Stalled', 'False', 'Progressing');
    world.set('acme', 'Ready', 'False', 'Booting');
    expect(brief(world.pass(20 * second))).toEqual(['firing ConfigRejected acme ConfigRejected']);
    world.up('acme');
    expect(world.pass(60 * minute)).toEqual([]);
    world.set('acme', 'Configured', 'True', 'Delivered');
    expect(brief(world.pass(minute))).toEqual(['resolved ConfigRejected acme ConfigRejected']);
  });

  test('and is not put back within two minutes is an outage', () => {
    world.down('acme', 'ConfigRefused');
    world.set('acme', 'Stalled', 'True', 'ConfigRefused');
    expect(world.pass(2 * minute - 1)).toEqual([]);
    expect(brief(world.pass(1))).toEqual(['firing AgentDown acme ConfigRefused']);
  });

  test('but heals by a restart is a crash that is told', () => {
    world.down('acme', 'Exited');
    world.restart('acme', 'Exited');
    expect(world.pass(20 * second)).toEqual([]);
    world.up('acme');
    expect(brief(world.pass(minute))).toEqual(['firing AgentDown acme Exited', 'resolved AgentDown acme Exited']);
  });

  test('does not hide what happens after it was put back', () => {
    world.change('acme', { unprovenSpec: false });
    world.set('acme', 'Configured', 'False', 'ConfigRejected');
    world.pass(5 * minute);
    world.down('acme', 'Exited');
    expect(brief(world.look())).toEqual(['firing AgentDown acme Exited']);
  });
});

describe('trouble beside being up', () => {
  test.each([
    ['ChannelsConnected', 'ChannelDown', 30],
    ['ModelAnswering', 'ModelFailing', 30],
    ['MemoryStable', 'MemoryGrowing', 0],
  ] as const)('%s tells by %s', (condition, rule, holdOffSeconds) => {
    world.set('acme', condition, 'True', 'Fine');
    world.look();
    world.set('acme', condition, 'False', 'Bad');
    if (holdOffSeconds > 0) expect(world.pass(holdOffSeconds * second - 1)).toEqual([]);
    world.now += 1;
    expect(brief(world.look())).toEqual([`firing ${rule} acme Bad`]);
    world.set('acme', condition, 'True', 'Fine');
    expect(brief(world.pass(minute))).toEqual([`resolved ${rule} acme Bad`]);
  });

  test('is not told beside an outage it follows from', () => {
    world.down('acme', 'Exited');
    world.set('acme', 'ChannelsConnected', 'False', 'Unknown');
    expect(brief(world.pass(60 * minute))).toEqual(['firing AgentDown acme Exited']);
  });
});

describe('flapping', () => {
  const cycle = () => {
    world.down('acme', 'Exited');
    const told = world.pass(30 * second);
    world.up('acme');
    return brief([...told, ...world.pass(30 * second)]);
  };
  const pair = ['firing AgentDown acme Exited', 'resolved AgentDown acme Exited'];

  test('after four cycles within an hour it is told once more and then kept until it was quiet for 15 minutes', () => {
    for (let round = 0; round < 4; round++) expect(cycle()).toEqual(pair);
    expect(cycle()).toEqual(pair.slice(0, 1));
    expect(world.notices.at(-1)?.flapping).toBe(true);
    for (let round = 0; round < 5; round++) expect(cycle()).toEqual([]);
    expect(world.pass(14 * minute)).toEqual([]);
    expect(brief(world.pass(minute))).toEqual(pair.slice(1));
  });

  test('cycles of another hour do not count', () => {
    for (let round = 0; round < 8; round++) {
      expect(cycle()).toEqual(pair);
      world.pass(20 * minute);
    }
  });
});

describe('a silence', () => {
  test.each([
    ['its agent', { agent: 'acme' }, true],
    ['its tenant', { tenant: 'acme' }, true],
    ['its rule', { rule: 'AgentDown' }, true],
    ['another agent of the tenant', { agent: 'acme/hr', tenant: 'acme' }, false],
    ['another rule', { agent: 'acme', rule: 'ChannelDown' }, false],
    ['a time that is over', { agent: 'acme', until: t0 }, false],
  ] as const)('about %s', (_what, scope, quiet) => {
    world.silences = [silence(scope)];
    world.down('acme', 'Exited');
    expect(world.look()).toHaveLength(quiet ? 0 : 1);
  });

  test('that ends tells of what still fires', () => {
    world.silences = [silence({ agent: 'acme' })];
    world.down('acme', 'Exited');
    expect(world.pass(60 * minute - 1)).toEqual([]);
    expect(brief(world.pass(1))).toEqual(['firing AgentDown acme Exited']);
  });

  test('hides what begins and ends in it', () => {
    world.silences = [silence({ agent: 'acme' })];
    world.down('acme', 'Exited');
    world.pass(minute);
    world.up('acme');
    expect(world.pass(120 * minute)).toEqual([]);
  });

  test('does not keep from whoever was told that it is over', () => {
    world.down('acme', 'Exited');
    world.look();
    world.silences = [silence({ agent: 'acme' })];
    world.set('acme', 'Stalled', 'True', 'CrashLoop');
    expect(world.look()).toEqual([]);
    world.up('acme');
    expect(brief(world.pass(minute))).toEqual(['resolved AgentDown acme CrashLoop']);
  });
});

describe('a maintenance window', () => {
  test.each([
    ['everything', {}, true],
    ['its tenant', { tenant: 'acme' }, true],
    ['its agent', { agent: 'acme' }, true],
    ['somebody else', { tenant: 'lotus' }, false],
    ['later', { from: t0 + minute }, false],
  ] as const)('for %s', (_what, scope, quiet) => {
    world.maintenance = [maintenance(scope)];
    world.down('acme', 'Exited');
    expect(world.look()).toHaveLength(quiet ? 0 : 1);
  });

  test('that ends tells of what is still down', () => {
    world.maintenance = [maintenance()];
    world.down('acme', 'Exited');
    expect(brief(world.pass(60 * minute))).toEqual(['firing AgentDown acme Exited']);
    expect(world.notices[0]?.at).toBe('2026-11-01T01:00:00.000Z');
  });

  test('for everything is about the host, too; one for a tenant is not', () => {
    world.maintenance = [maintenance({ tenant: 'acme' })];
    world.check('MasterKeyMissing', false);
    expect(world.look()).toHaveLength(1);
    world.maintenance = [maintenance()];
    world.check('MasterKeyMissing', true);
    world.pass(minute);
    world.check('MasterKeyMissing', false);
    expect(world.look()).toEqual([]);
  });
});

describe('reminding', () => {
  test('is off unless it was asked for', () => {
    world.set('acme', 'Stalled', 'True', 'CrashLoop');
    world.down('acme', 'CrashLoop');
    world.pass(48 * 60 * minute);
    expect(world.notices).toHaveLength(1);
  });

  test('tells of critical alerts again, every so many hours', () => {
    world.remindEveryHours = 6;
    world.set('acme', 'Stalled', 'True', 'CrashLoop');
    world.down('acme', 'CrashLoop');
    world.add('lotus');
    world.down('lotus', 'Exited');
    world.pass(13 * 60 * minute);
    expect(brief(world.notices)).toEqual([
      'firing AgentDown acme CrashLoop',
      'firing AgentDown lotus Exited',
      'firing AgentDown acme CrashLoop',
      'firing AgentDown acme CrashLoop',
    ]);
    expect(new Set(world.notices.map(({ id }) => id)).size).toBe(4);
  });
});

describe('a clock that is set back by an hour', () => {
  test('does not keep people waiting for the end of what they were told', () => {
    world.down('acme', 'Exited');
    world.look();
    world.up('acme');
    world.look();
    world.now -= 60 * minute;
    world.look();
    expect(brief(world.pass(30 * second))).toEqual(['resolved AgentDown acme Exited']);
  });

  test('does not hide the next trouble', () => {
    world.now -= 60 * minute;
    world.down('acme', 'Exited');
    expect(brief(world.look())).toEqual(['firing AgentDown acme Exited']);
  });
});
