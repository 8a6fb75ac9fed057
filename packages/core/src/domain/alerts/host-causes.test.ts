import { beforeEach, describe, expect, test } from 'vitest';
import { AlertWorld, brief, minute, second } from './alerts-under-test.ts';

let world: AlertWorld;
const refs = Array.from({ length: 20 }, (_, index) => `t${index}`);
beforeEach(() => {
  world = new AlertWorld();
  for (const ref of refs) world.add(ref);
  for (const name of ['EngineUnreachable', 'GatewayDown', 'ProxyDown'] as const) world.check(name, true);
  world.now += minute;
  world.look();
});

const all = (act: (ref: string, index: number) => void) => refs.forEach(act);
/** The engine stops answering, and with it everything that runs on it. */
const engineGoes = () => {
  world.check('EngineUnreachable', false);
  all((ref) => world.set(ref, 'Ready', 'Unknown', 'EngineUnreachable'));
};
/** It answers again, and shows that its containers ended meanwhile. */
const engineComes = () => {
  world.check('EngineUnreachable', true);
  all((ref) => {
    world.down(ref, 'Exited');
    world.restart(ref, 'Exited');
  });
};

describe('an engine outage with 20 agents', () => {
  test('is one alert and one recovery', () => {
    engineGoes();
    world.check('GatewayDown', false);
    world.check('ProxyDown', false);
    expect(brief(world.pass(5 * minute))).toEqual(['firing EngineUnreachable host EngineUnreachable']);
    engineComes();
    world.check('GatewayDown', true);
    world.check('ProxyDown', true);
    expect(brief(world.pass(30 * second))).toEqual(['resolved EngineUnreachable host EngineUnreachable']);
    all((ref, index) => {
      world.now += index % 2 ? 0 : 6 * second;
      world.look();
      world.up(ref);
    });
    expect(world.pass(60 * minute)).toEqual([]);
    expect(world.notices).toHaveLength(2);
  });

  test('in which containers are seen down first is still one', () => {
    all((ref) => world.down(ref, 'NotReachable'));
    world.pass(20 * second);
    engineGoes();
    expect(brief(world.pass(10 * minute))).toEqual(['firing EngineUnreachable host EngineUnreachable']);
  });

  test('tells of those that are still down two minutes after it', () => {
    engineGoes();
    world.pass(minute);
    engineComes();
    world.pass(10 * second);
    for (const ref of refs.slice(1)) world.up(ref);
    expect(world.pass(109 * second)).toEqual([]);
    expect(brief(world.pass(second))).toEqual(['firing AgentDown t0 Exited']);
    world.up('t0');
    expect(brief(world.pass(minute))).toEqual(['resolved AgentDown t0 Exited']);
  });

  test('gives those that wait for their turn to boot more time', () => {
    engineGoes();
    world.pass(minute);
    world.check('EngineUnreachable', true);
    all((ref) => world.down(ref, 'Waiting'));
    world.pass(9 * minute);
    expect(world.notices).toHaveLength(2);
    expect(world.pass(minute)).toHaveLength(20);
  });

  test('does not hide a crash of an agent that was well again after it', () => {
    engineGoes();
    world.pass(minute);
    engineComes();
    world.pass(5 * second);
    all((ref) => world.up(ref));
    world.pass(20 * second);
    world.down('t3', 'OutOfMemory');
    expect(brief(world.look())).toEqual(['firing AgentDown t3 OutOfMemory']);
  });

  test('does not take back what was told before it', () => {
    world.down('t3', 'OutOfMemory');
    world.look();
    world.now += minute;
    engineGoes();
    world.pass(minute);
    engineComes();
    world.pass(10 * second);
    all((ref) => world.up(ref));
    world.pass(5 * minute);
    expect(brief(world.notices)).toEqual([
      'firing AgentDown t3 OutOfMemory',
      'firing EngineUnreachable host EngineUnreachable',
      'resolved EngineUnreachable host EngineUnreachable',
      'resolved AgentDown t3 Exited',
    ]);
  });
});

describe('an engine that was away for a moment', () => {
  test('is nobody’s news when nothing came of it', () => {
    engineGoes();
    world.pass(3 * second);
    world.check('EngineUnreachable', true);
    all((ref) => world.up(ref));
    expect(world.pass(60 * minute)).toEqual([]);
  });

  test('and took its agents down is one alert', () => {
    engineGoes();
    world.pass(3 * second);
    engineComes();
    expect(brief(world.pass(5 * second))).toEqual(['firing EngineUnreachable host EngineRestarted']);
    all((ref) => world.up(ref));
    expect(brief(world.pass(60 * minute))).toEqual(['resolved EngineUnreachable host EngineRestarted']);
  });

  test('does not take over the crash of a single agent', () => {
    engineGoes();
    world.pass(3 * second);
    world.check('EngineUnreachable', true);
    all((ref) => world.up(ref));
    world.look();
    world.now += second;
    world.down('t3', 'Exited');
    expect(brief(world.pass(60 * minute))).toEqual(['firing AgentDown t3 Exited']);
  });

  test('without anybody having noticed is told by its agents, as one', () => {
    all((ref) => world.down(ref, 'EngineRestarted'));
    expect(brief(world.look())).toEqual(['firing EngineUnreachable host EngineRestarted']);
    expect(world.notices[0]?.message).toBe('The container engine was restarted; t0, t1, t2 and 17 more start again');
    all((ref) => world.set(ref, 'Ready', 'False', 'Booting'));
    world.pass(30 * second);
    all((ref) => world.up(ref));
    world.pass(60 * minute);
    expect(brief(world.notices)).toEqual([
      'firing EngineUnreachable host EngineRestarted',
      'resolved EngineUnreachable host EngineRestarted',
    ]);
  });
});

test('one agent of many that is said to have ended with the engine makes no outage of it', () => {
  world.down('t3', 'EngineRestarted');
  world.pass(30 * second);
  world.up('t3');
  expect(world.pass(60 * minute)).toEqual([]);
});

describe('gateway and proxy', () => {
  test.each(['GatewayDown', 'ProxyDown'] as const)('%s explains that nobody reaches the agents', (name) => {
    all((ref) => world.down(ref, 'NotReachable'));
    world.pass(25 * second);
    world.check(name, false);
    expect(brief(world.pass(10 * minute))).toEqual([`firing ${name} host ${name}`]);
    world.check(name, true);
    world.look();
    all((ref) => world.up(ref));
    expect(brief(world.pass(60 * minute))).toEqual([`resolved ${name} host ${name}`]);
  });

  test('do not explain an agent that ran out of memory', () => {
    world.check('ProxyDown', false);
    world.pass(minute);
    world.down('t3', 'OutOfMemory');
    expect(brief(world.look())).toEqual(['firing AgentDown t3 OutOfMemory']);
  });

  test('a gateway that is down explains models that do not answer', () => {
    world.check('GatewayDown', false);
    world.set('t3', 'ModelAnswering', 'False', 'Unreachable');
    expect(brief(world.pass(minute))).toEqual(['firing GatewayDown host GatewayDown']);
  });
});

describe('other host rules', () => {
  test('nothing can be seen of some agents although the engine answers', () => {
    world.set('t3', 'Ready', 'Unknown', 'RuntimeFailed', { message: 'it says 500' });
    expect(world.pass(2 * minute - 1)).toEqual([]);
    expect(brief(world.pass(1))).toEqual(['firing EngineFailing host RuntimeFailed']);
    expect(world.notices[0]?.message).toBe('Nothing can be seen of t3: it says 500');
    world.up('t3');
    expect(brief(world.pass(minute))).toEqual(['resolved EngineFailing host RuntimeFailed']);
  });

  test('a disk that gets fuller makes its alert critical', () => {
    world.check('DiskLow', false);
    expect(brief(world.pass(minute))).toEqual(['firing DiskLow host DiskLow']);
    world.check('DiskLow', false, { critical: true });
    expect(brief(world.look())).toEqual(['escalated DiskLow host DiskLow']);
  });

  test('what was not checked stays as it is', () => {
    world.check('DiskLow', false);
    world.pass(minute);
    world.checks.clear();
    expect(world.pass(60 * minute)).toEqual([]);
  });
});

describe('an engine that was restarted while nobody watched', () => {
  test('is one alert and one recovery, although agents take turns for longer than the quiet lasts', () => {
    all((ref) => world.down(ref, 'Waiting'));
    for (let index = 0; index < refs.length; index += 2) {
      const pair = refs.slice(index, index + 2);
      for (const ref of pair) world.set(ref, 'Ready', 'False', 'EngineRestarted', { at: world.now - index * second });
      world.look();
      world.pass(second);
      for (const ref of pair) world.set(ref, 'Ready', 'False', 'Booting', { at: world.now - index * second });
      world.look();
      world.pass(11 * second);
      for (const ref of pair) world.up(ref);
      world.look();
    }
    world.pass(10 * minute);
    expect(brief(world.notices)).toEqual([
      'firing EngineUnreachable host EngineRestarted',
      'resolved EngineUnreachable host EngineRestarted',
    ]);
  });
});
