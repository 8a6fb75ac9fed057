import { describe, expect, test } from 'vitest';
import type { Agent } from './agent.ts';
import { LoopProbe, type LoopView } from './event-loop.ts';
import type { ObservedInstance, Observation } from './observation.ts';
import { plan } from './plan.ts';
import {
  agent,
  finding,
  health,
  instance,
  kinds,
  limits,
  networks,
  now,
  restart,
  seen,
  settledRecord,
  target,
  volumes,
} from './plan-under-test.ts';

const watched = { ...target, loop: LoopProbe.parse({ path: '/healthz', body: { ok: true } }) };
const hung: LoopView = { misses: 3, silentSince: now - 9000, cpu: { usedMs: 0, overMs: 5000 } };
const busy: LoopView = { ...hung, cpu: { usedMs: 4000, overMs: 5000 } };

const withInstance = (changes: Partial<ObservedInstance>, more: Partial<Observation> = {}) =>
  seen({ engine: { networks, volumes, instances: [instance(changes)] }, ...more });
const withRecord = (recorded: Partial<Agent['recorded']>, changes: Partial<Agent> = {}) =>
  agent({ ...changes, recorded: { ...settledRecord, ...recorded } });

describe('an agent that runs and is silent', () => {
  const silent = (loop: LoopView, more: Partial<Observation> = {}) =>
    seen({ target: watched, health: { ...health, loop }, ...more });

  test('without CPU is restarted: counted first, with a short grace', () => {
    expect(plan(silent(hung)).steps).toMatchObject([
      { kind: 'countRestart', restart: { instanceId: 'container-1', startedAt: now - 60_000, reason: 'Hung' } },
      { kind: 'stopInstance', graceSeconds: 5, onlyRun: expect.any(Number) },
      { kind: 'startInstance' },
    ]);
    expect(finding(silent(hung), 'Healthy')).toMatchObject({ status: 'False', reason: 'Hung' });
    expect(finding(silent(hung), 'Ready')).toMatchObject({ status: 'False', reason: 'Hung' });
  });

  test('although counted, it is restarted when we were killed before the stop, and not counted again', () => {
    const counted = withRecord({ restarts: [restart(now - 100, now - 60_000)] });
    expect(kinds(silent(hung, { agent: counted }))).toEqual(['stopInstance', 'startInstance']);
  });

  test('and stopped by us before we were killed, it is started and not counted again', () => {
    const counted = withRecord({ restarts: [restart(now - 100, now - 60_000)] });
    const stopped = withInstance({ state: 'exited', exitCode: 137, finishedAt: now }, { agent: counted });
    expect(kinds(stopped)).toEqual(['startInstance']);
  });

  test('but busy is left alone, and not called answering', () => {
    expect(plan(silent(busy)).steps).toEqual([]);
    expect(finding(silent(busy), 'Ready')).toMatchObject({ status: 'False', reason: 'Busy' });
  });

  test('is left alone while it still starts: that has its own deadline', () => {
    const run = { ...settledRecord.run!, started: false };
    const booting = silent(hung, { agent: withRecord({ run }), health: { ...health, started: 'no', loop: hung } });
    expect(plan(booting).steps).toEqual([]);
  });

  test('again and again stalls', () => {
    const looping = withRecord({
      restarts: [4, 3, 2, 1].map((minutes) => restart(now - minutes * 60_000)),
      good: undefined,
    });
    expect(plan(silent(hung, { agent: looping })).steps).toEqual([]);
    expect(finding(silent(hung, { agent: looping }), 'Stalled')).toMatchObject({ status: 'True', reason: 'CrashLoop' });
  });
});

describe('a start that does not end', () => {
  const late = (recorded: Partial<Agent['recorded']> = {}) =>
    withInstance(
      { startedAt: now - 301_000 },
      {
        agent: withRecord({ run: { ...settledRecord.run!, startedAt: now - 301_000, started: false }, ...recorded }),
        health: { ...health, startedAt: now - 301_000, started: 'no', detail: 'boots' },
      },
    );

  test('is tried once more', () => {
    expect(kinds(late())).toEqual(['countRestart', 'stopInstance', 'startInstance']);
  });

  test('is called late by what we saw when its start lies in the future: the clock was set back', () => {
    const startedAt = now + 3_600_000;
    const run = { ...settledRecord.run!, startedAt, started: false };
    const back = withInstance(
      { startedAt },
      {
        agent: withRecord({ run }),
        health: { ...health, startedAt, started: 'no', lookedSince: now - 301_000 },
      },
    );
    expect(kinds(back)).toEqual(['countRestart', 'stopInstance', 'startInstance']);
  });

  test('is not called late before it was watched for a minute, however old it is', () => {
    const unwatched = { ...late().health!, lookedSince: now - 59_000 };
    expect(plan({ ...late(), health: unwatched }).steps).toEqual([]);
  });

  test('that ended long ago is not a late one, however busy the agent is when we look again', () => {
    const run = { ...settledRecord.run!, startedAt: now - 301_000, started: true };
    expect(plan(late({ run })).steps).toEqual([]);
  });

  test('is remembered once it ended', () => {
    const run = { ...settledRecord.run!, started: false };
    expect(kinds(seen({ agent: withRecord({ run }) }))).toEqual(['noteStarted']);
  });

  test('is not taken for late before anybody looked: after a restart of ours every agent is old and unknown', () => {
    expect(plan({ ...late(), health: undefined }).steps).toEqual([]);
    expect(finding({ ...late(), health: undefined }, 'Ready')).toMatchObject({ reason: 'Booting' });
  });

  test('and then waits for a person', () => {
    const tried = { ...restart(now - 302_000, now - 700_000), reason: 'StartDeadlineExceeded' };
    expect(plan(late({ restarts: [tried] })).steps).toEqual([]);
    expect(finding(late({ restarts: [tried] }), 'Stalled')).toMatchObject({ reason: 'StartDeadlineExceeded' });
  });
});

describe('what the engine did meanwhile', () => {
  test('a start of its own is noted and counted, and told although the agent is up again', () => {
    const again = withInstance({ startedAt: now - 1000, engineRestarts: 1 });
    expect(plan(again).steps).toMatchObject([
      { kind: 'noteRun', engineRestarts: [{ by: 'engine', startedAt: now - 60_000 }] },
    ]);
    expect(finding(again, 'Ready')).toMatchObject({ status: 'False', reason: 'Exited' });
  });

  test('a start after a lack of memory is told and counted as that', () => {
    const again = withInstance({ startedAt: now - 1000, engineRestarts: 1, outOfMemoryAt: now - 1200 });
    expect(plan(again).steps).toMatchObject([{ kind: 'noteRun', engineRestarts: [{ reason: 'OutOfMemory' }] }]);
    expect(finding(again, 'Ready')).toMatchObject({ reason: 'OutOfMemory' });
    const earlier = withInstance({ startedAt: now - 1000, engineRestarts: 1, outOfMemoryAt: now - 90_000 });
    expect(finding(earlier, 'Ready')).toMatchObject({ reason: 'Exited' });
  });

  test("a start of ours is noted and not counted as the engine's", () => {
    const ours = withInstance({ startedAt: now - 1000, engineRestarts: 0 });
    expect(plan(ours).steps).toMatchObject([{ kind: 'noteRun', engineRestarts: [] }]);
  });

  test('starts before an end are noted before it is decided what to do', () => {
    const spent = withInstance({
      state: 'exited',
      startedAt: now - 500,
      finishedAt: now - 400,
      exitCode: 1,
      engineRestarts: 3,
    });
    expect(plan(spent).steps).toMatchObject([{ kind: 'noteRun', engineRestarts: [{}, {}, {}] }]);
  });

  test('a restart that it is about to make is left to it, and told with its reason', () => {
    const restarting = withInstance({ state: 'restarting', exitCode: 137, outOfMemory: true });
    expect(plan(restarting).steps).toEqual([]);
    expect(finding(restarting, 'Ready')).toMatchObject({ reason: 'OutOfMemory' });
  });

  test('what ended because it was away is started again and not counted', () => {
    const outages = [{ from: now - 5000, until: now, unwatched: false }];
    const down = withInstance({ state: 'exited', exitCode: 137, finishedAt: now - 4000 }, { outages });
    expect(kinds(down)).toEqual(['startInstance']);
    expect(finding(down, 'Ready')).toMatchObject({ reason: 'EngineRestarted' });
  });
});

describe('what strangers did', () => {
  test('a removed container is made again, counted', () => {
    const gone = seen({ engine: { networks, volumes, instances: [] } });
    expect(kinds(gone)).toEqual(['countRestart', 'createInstance', 'startInstance']);
    expect(finding(gone, 'Ready')).toMatchObject({ reason: 'InstanceGone' });
  });

  test('a container that we removed ourselves is no surprise', () => {
    const released = withRecord({ run: { ...settledRecord.run!, released: true } });
    const gone = seen({ agent: released, engine: { networks, volumes, instances: [] } });
    expect(kinds(gone)).toEqual(['createInstance', 'startInstance']);
    expect(finding(gone, 'Ready')).toMatchObject({ reason: 'Creating' });
  });

  test('a container that is removed again and again is not made for ever', () => {
    const restarts = [4, 3, 2, 1].map((minutes) => restart(now - minutes * 60_000));
    const gone = seen({ agent: withRecord({ restarts }), engine: { networks, volumes, instances: [] } });
    expect(plan(gone).steps).toEqual([]);
    expect(finding(gone, 'Stalled')).toMatchObject({ reason: 'CrashLoop' });
  });

  test('a container left behind by a network that was made anew is replaced', () => {
    expect(kinds(withInstance({ attached: false }))).toEqual([
      'countRestart',
      'releaseRun',
      'stopInstance',
      'removeInstance',
    ]);
    const counted = withRecord({ restarts: [restart(now - 100, now - 60_000)] });
    expect(kinds(withInstance({ attached: false }, { agent: counted }))).not.toContain('countRestart');
    expect(finding(withInstance({ attached: false }), 'Ready')).toMatchObject({ reason: 'NetworkGone' });
  });

  test('a network that is gone is made first', () => {
    const noNetwork = seen({ engine: { networks: [], volumes, instances: [instance({ attached: false })] } });
    expect(kinds(noNetwork)).toEqual(['createNetwork']);
  });

  test('limits are put right before a start', () => {
    const small = withInstance({
      state: 'exited',
      exitCode: 1,
      finishedAt: now,
      limits: { ...limits, memoryBytes: 1 },
    });
    expect(kinds(small)).toEqual(['countRestart', 'setLimits', 'startInstance']);
  });
});

describe('the last good configuration', () => {
  const spec = { ...agent().spec, model: { provider: 'demo', name: 'other' } };
  const bad = (recorded: Partial<Agent['recorded']> = {}) =>
    withRecord({ run: { ...settledRecord.run!, generation: 2 }, ...recorded }, { generation: 2, spec });
  const refuses = (one: Agent) => withInstance({ state: 'exited', exitCode: 78, finishedAt: now }, { agent: one });

  test('comes back when the newest is refused', () => {
    expect(plan(refuses(bad())).steps).toMatchObject([{ kind: 'rejectConfig', reason: 'ConfigRefused' }]);
  });

  test('comes back when the newest crashes again and again', () => {
    const restarts = [4, 3, 2, 1].map((minutes) => restart(now - minutes * 60_000));
    const crashes = withInstance({ state: 'exited', exitCode: 1, finishedAt: now }, { agent: bad({ restarts }) });
    expect(plan(crashes).steps).toMatchObject([{ kind: 'rejectConfig', reason: 'CrashLoop' }]);
  });

  test('is not blamed twice: what fails after it came back stalls', () => {
    const back = bad({ rejected: { generation: 2, reason: 'ConfigRefused', message: '' } });
    expect(plan(refuses(back)).steps).toEqual([]);
    expect(finding(refuses(back), 'Stalled')).toMatchObject({ reason: 'ConfigRefused' });
  });

  test('is tried first with the newest when that came after the run that ended', () => {
    const hot = bad({ run: { ...settledRecord.run!, generation: 1 } });
    expect(kinds(refuses(hot))).toEqual(['startInstance']);
  });

  test('running, is said beside an agent that answers', () => {
    const back = bad({ rejected: { generation: 2, reason: 'ConfigRefused', message: '' } });
    expect(finding(seen({ agent: back }), 'Configured')).toMatchObject({ status: 'False', reason: 'ConfigRejected' });
    expect(finding(seen({ agent: back }), 'Ready')).toMatchObject({ status: 'True' });
  });

  test('becomes the newest once a start with it was healthy for a while', () => {
    const young = (startedAt: number) =>
      withInstance(
        { startedAt },
        {
          agent: bad({ run: { ...settledRecord.run!, generation: 2, startedAt } }),
          health: { ...health, startedAt },
        },
      );
    expect(plan(young(now - 5000))).toMatchObject({ steps: [], lookAgainAt: now + 25_000 });
    expect(kinds(young(now - 31_000))).toEqual(['recordGood']);
  });

  test('is not replaced by a newer one that was only taken over by a running agent', () => {
    expect(plan(seen({ agent: bad({ run: { ...settledRecord.run!, generation: 1 } }) })).steps).toEqual([]);
  });

  test('is asked of the agent itself before anything running is touched', () => {
    const checked = { ...target, configRevision: 'c2', validation: { command: ['check'] } };
    expect(kinds(seen({ target: checked }))).toEqual(['validateConfig', 'deliverFiles']);
  });
});

describe('a start from a standstill', () => {
  const outages = [{ from: now - 5000, until: now, unwatched: false }];
  const fallen = { state: 'exited', exitCode: 1, finishedAt: now - 10 } as const;

  test('waits for its turn', () => {
    const engineWasAway = withInstance(fallen, { mayStart: false, outages });
    expect(plan(engineWasAway)).toMatchObject({ steps: [], lookAgainAt: now + 1000 });
    expect(finding(engineWasAway, 'Ready')).toMatchObject({ reason: 'Waiting' });
  });

  test('does not wait when it follows a crash: customers are used to an answer', () => {
    expect(kinds(withInstance(fallen, { mayStart: false }))).toEqual(['countRestart', 'startInstance']);
  });

  test('a restart in place does not wait', () => {
    const silent = seen({ target: watched, health: { ...health, loop: hung }, mayStart: false });
    expect(kinds(silent)).toEqual(['countRestart', 'stopInstance', 'startInstance']);
  });
});

describe('what stands beside', () => {
  test('is told and restarts nothing', () => {
    const aside = [
      { type: 'ChannelsConnected', status: 'False', reason: 'ChannelRejected', message: 'telegram' },
      { type: 'ModelAnswering', status: 'False', reason: 'ModelKeyRejected', message: '401' },
    ] as const;
    expect(plan(seen({ aside })).steps).toEqual([]);
    expect(finding(seen({ aside }), 'ChannelsConnected')).toMatchObject({ status: 'False' });
    expect(finding(seen({ aside }), 'Ready')).toMatchObject({ status: 'True' });
  });

  test('a silent RPC alone restarts nothing', () => {
    const silent = seen({ target: watched, health: { ...health, rpc: 'no' } });
    expect(plan(silent).steps).toEqual([]);
    expect(finding(silent, 'Ready')).toMatchObject({ status: 'False', reason: 'NotAnswering' });
  });
});
