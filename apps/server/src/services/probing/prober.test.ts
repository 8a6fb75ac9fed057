import { type Agent, AppError, type ChannelReport, engineNames, LoopProbe, type Target } from '@agentpod/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AgentDriver, AgentReport, Answer } from '../../ports/agent-driver.ts';
import { aBlock, anAgent } from '../../testing/builders.ts';
import { FakeClock } from '../../testing/fake-clock.ts';
import { aType, StubDriver } from '../../testing/stub-agent-type.ts';
import { Prober } from './prober.ts';

const loop = LoopProbe.parse({ path: '/healthz', body: { ok: true } });
const type = { ...aType, probes: { ...aType.probes, loop } };
const yes: Answer = { ok: true, detail: undefined };
const no: Answer = { ok: false, detail: 'not yet' };
const target = { instanceRevision: 'r1' } as Target;
const agent: Agent = anAgent({ block: aBlock });

let clock: FakeClock;
let prober: Prober;
/** What the agent does; tests change it. */
let started: Answer;
let turning: boolean;
let routes: Answer;
let report: () => Promise<AgentReport>;
let changed: number;
let asked: { started: number; report: number; route: number };

beforeEach(() => {
  clock = new FakeClock();
  started = yes;
  turning = true;
  routes = yes;
  report = async () => ({ healthy: yes, lastActivityAt: undefined, channels: [] });
  changed = 0;
  asked = { started: 0, report: 0, route: 0 };
  const driver: AgentDriver = Object.assign(new StubDriver(), {
    openSession: async () => ({
      check: () => {
        asked.report += 1;
        return report();
      },
      lastFrameAt: () => clock.now(),
      ended: new Promise<string>(() => undefined),
      close: () => undefined,
    }),
    checkRoute: async () => {
      asked.route += 1;
      return routes;
    },
  });
  prober = new Prober({
    probe: {
      async started({ probe }) {
        if (probe.path === loop.path) return turning ? yes : no;
        asked.started += 1;
        return started;
      },
    },
    clock,
    random: () => 0.5,
    describe: async () => ({
      type,
      driver,
      credentials: {
        virtualKey: 'virtual-key-1',
        controlUser: 'control-1',
        ingressUser: 'i',
        probeUser: 'probe-1',
        probeToken: 'token-1',
      },
    }),
    usage: async () => ({ cpuMs: 5, memoryBytes: 1 }),
    ingressLive: async () => ({ live: true, detail: undefined }),
    certificate: async () => ({ state: 'not-needed', detail: undefined }),
    entrance: async () => ({ origin: (host) => `http://${host}`, address: '10.0.0.1', port: 80 }),
    changed: () => {
      changed += 1;
    },
    concurrency: 8,
  });
});

afterEach(() => prober.stop());

function look(id = 'container-1', startedAt = clock.now()): void {
  const instance = {
    name: engineNames(agent.id).instance('r1'),
    id,
    revision: 'r1',
    state: 'running' as const,
    startedAt,
    finishedAt: undefined,
    exitCode: undefined,
    outOfMemory: false,
    imageId: 'sha256:1',
    limits: { memoryBytes: 1, cpus: 1, pids: 16 },
    engineRestarts: 0,
    outOfMemoryAt: undefined,
    attached: true,
  };
  prober.look(agent, { networks: [], volumes: [], instances: [instance] }, target);
}
const seen = () => prober.lastSeen(agent.id);
const silent = (): Promise<AgentReport> => Promise.reject(new AppError('unavailable', 'AgentTimeout', 'no answer'));

describe('an agent that boots', () => {
  test('is asked every second until it says that it has started, and not after that', async () => {
    started = no;
    look();
    await clock.advance(5000);
    expect(seen().health).toMatchObject({ started: 'no', rpc: 'unknown', detail: 'not yet' });
    expect(asked).toMatchObject({ report: 0 });
    expect(asked.started).toBeGreaterThanOrEqual(5);
    started = yes;
    await clock.advance(1000);
    const before = asked.started;
    expect(seen()).toMatchObject({ health: { started: 'yes', rpc: 'yes' }, route: { live: true, answers: 'yes' } });
    await clock.advance(60_000);
    expect(asked.started).toBe(before);
  });
});

describe('an agent that answers', () => {
  beforeEach(async () => {
    look();
    await clock.advance(100);
  });

  test('is asked every fifteen seconds, and its heartbeat moves', async () => {
    const before = asked.report;
    await clock.advance(60_000);
    expect(asked.report - before).toBe(4);
    expect(prober.lifeSigns(agent.id).heartbeatAt).toBeGreaterThan(clock.now() - 16_000);
  });

  test('is not called silent for one missed answer', async () => {
    report = silent;
    await clock.advance(15_000);
    expect(seen().health).toMatchObject({ rpc: 'yes' });
    await clock.advance(1000);
    expect(seen().health).toMatchObject({ rpc: 'no', detail: 'No answer' });
  });

  test('cannot make us repeat its credentials', async () => {
    report = async () => ({
      healthy: { ok: false, detail: 'my key is virtual-key-1\u0007' },
      lastActivityAt: undefined,
      channels: [],
    });
    await clock.advance(20_000);
    expect(seen().health).toMatchObject({ rpc: 'no', detail: 'my key is [redacted]' });
  });

  test('is not called unreachable for one failed look through the ingress', async () => {
    routes = no;
    await clock.advance(60_000);
    expect(seen().route).toMatchObject({ answers: 'yes' });
    await clock.advance(1000);
    expect(seen().route).toMatchObject({ answers: 'no' });
  });

  test('is asked through the ingress once a minute, and at once after it was silent', async () => {
    const before = asked.route;
    await clock.advance(120_000);
    expect(asked.route - before).toBe(2);
    report = silent;
    await clock.advance(17_000);
    expect(seen().route).toMatchObject({ answers: 'unknown' });
    report = async () => ({ healthy: yes, lastActivityAt: undefined, channels: [] });
    await clock.advance(1000);
    expect(asked.route - before).toBe(3);
  });

  test('and falls silent without CPU is seen within eleven seconds, and told at once', async () => {
    const before = changed;
    turning = false;
    await clock.advance(11_000);
    expect(seen().health?.loop).toMatchObject({ silentSince: expect.any(Number), cpu: { usedMs: 0 } });
    expect(seen().health?.loop?.misses).toBeGreaterThanOrEqual(3);
    expect(changed).toBeGreaterThan(before);
  });

  test('tells of a channel only what lasted a minute', async () => {
    const channel: ChannelReport = { name: 'telegram', state: 'rejected', detail: 'unauthorized' };
    report = async () => ({ healthy: yes, lastActivityAt: 7, channels: [channel] });
    await clock.advance(45_000);
    expect(seen().aside).toMatchObject([{ status: 'True' }]);
    await clock.advance(45_000);
    expect(seen().aside).toMatchObject([{ status: 'False', reason: 'ChannelRejected' }]);
    expect(seen().health).toMatchObject({ rpc: 'yes' });
    expect(prober.lifeSigns(agent.id).lastActivityAt).toBe(7);
  });

  test('begins anew with another container', async () => {
    started = no;
    look('container-2');
    expect(seen().health).toBeUndefined();
    expect(seen().route).toMatchObject({ answers: 'unknown' });
    await clock.advance(1000);
    expect(seen().health).toMatchObject({ instanceId: 'container-2', started: 'no' });
  });

  test('is asked nothing more after it was deleted', async () => {
    const before = asked.report;
    prober.look(
      { ...agent, deletion: { requestedAt: 'x', purge: false } },
      { networks: [], volumes: [], instances: [] },
      target,
    );
    await clock.advance(60_000);
    expect(asked.report).toBe(before);
    expect(seen().health).toBeUndefined();
  });
});

test('many agents are not all asked at the same time', async () => {
  let running = 0;
  let most = 0;
  report = async () => {
    running += 1;
    most = Math.max(most, running);
    const { promise, resolve } = Promise.withResolvers<void>();
    clock.after(100, resolve);
    await promise;
    running -= 1;
    return { healthy: yes, lastActivityAt: undefined, channels: [] };
  };
  for (let index = 0; index < 40; index++) {
    const one = { ...agent, id: `019a0000-0000-7000-8000-0000000001${String(index).padStart(2, '0')}` };
    const instance = { name: 'x', id: `c${index}`, revision: 'r1', state: 'running' as const, startedAt: 1 };
    prober.look(one, { networks: [], volumes: [], instances: [instance as never] }, target);
  }
  await clock.advance(10_000);
  expect(most).toBeLessThanOrEqual(8);
  expect(most).toBeGreaterThan(1);
});
