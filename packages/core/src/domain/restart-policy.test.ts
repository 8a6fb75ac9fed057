import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Restart } from './agent.ts';
import { type EndedRun, isCrashLoop, restartDecision, type RestartHistory } from './restart-policy.ts';

const now = 1_700_000_000_000;
const minute = 60_000;

const ended: EndedRun = {
  run: { instanceId: 'c', startedAt: now - minute },
  endedAt: now - 10,
  reason: 'Exited',
  what: 'The agent exited with code 1',
  exitCode: 1,
  transient: false,
};

function history(changes: Partial<RestartHistory> = {}): RestartHistory {
  return {
    restarts: [],
    restartRequestedAt: undefined,
    endedByUs: false,
    specChanged: false,
    unhealableExitCodes: [78],
    outages: [],
    now,
    ...changes,
  };
}

/** Restarts so many milliseconds ago. */
const ago = (...milliseconds: number[]): Restart[] =>
  milliseconds.map((one) => ({
    at: now - one,
    instanceId: 'c',
    startedAt: now - one - 500,
    by: 'agentpod',
    reason: 'Exited',
    slow: false,
  }));

describe('the first end that nobody asked for', () => {
  test('is followed by a start at once, which is counted with the run that ended', () => {
    expect(restartDecision(ended, history())).toMatchObject({
      kind: 'start',
      counted: { instanceId: 'c', startedAt: now - minute, by: 'agentpod', reason: 'Exited', slow: false },
    });
  });

  test('is not counted a second time when we were killed between count and start', () => {
    const restarts = [{ ...ago(10)[0], startedAt: ended.run.startedAt } as Restart];
    expect(restartDecision(ended, history({ restarts }))).toMatchObject({ kind: 'start', counted: undefined });
  });

  test('costs nothing when a person asked for a restart, whatever the exit code', () => {
    const decision = restartDecision({ ...ended, exitCode: 78 }, history({ restartRequestedAt: now }));
    expect(decision).toMatchObject({ kind: 'start', counted: undefined, reason: 'Restarting' });
  });

  test('costs nothing when we stopped it ourselves', () => {
    const decision = restartDecision({ ...ended, exitCode: 137 }, history({ endedByUs: true }));
    expect(decision).toMatchObject({ kind: 'start', counted: undefined });
  });

  test('with a newer spec is tried although it would stall, and counted like any other where it would not', () => {
    const newest = { kind: 'start', counted: undefined, reason: 'Restarting' };
    expect(restartDecision({ ...ended, exitCode: 78 }, history({ specChanged: true }))).toMatchObject(newest);
    const restarts = ago(50_000, 40_000, 30_000, 20_000);
    expect(restartDecision(ended, history({ specChanged: true, restarts }))).toMatchObject(newest);
    expect(restartDecision(ended, history({ specChanged: true }))).toMatchObject({ counted: { reason: 'Exited' } });
  });

  test('with a code that cannot heal stalls at once', () => {
    expect(restartDecision({ ...ended, exitCode: 78 }, history())).toEqual({
      kind: 'stall',
      reason: 'ConfigRefused',
      message: expect.stringContaining('refuses its configuration'),
    });
  });

  test('of something that passes by itself is tried again after five seconds and never counted', () => {
    const lease = { ...ended, transient: true };
    expect(restartDecision(lease, history())).toMatchObject({ kind: 'wait', until: ended.endedAt + 5000 });
    const restarts = ago(50_000, 40_000, 30_000, 20_000, 10_000);
    const later = history({ restarts, now: now + 5000 });
    expect(restartDecision(lease, later)).toMatchObject({ kind: 'start', counted: undefined });
  });
});

describe('an outage of the engine', () => {
  const outage = { from: now - minute, until: now, unwatched: false };

  test('explains what ended in it: started again, not counted', () => {
    expect(restartDecision(ended, history({ outages: [outage] }))).toMatchObject({
      kind: 'start',
      counted: undefined,
      reason: 'EngineRestarted',
    });
  });

  test('explains neither an end long before it nor one of too little memory', () => {
    const before = { ...ended, endedAt: now - 2 * minute };
    expect(restartDecision(before, history({ outages: [outage] }))).toMatchObject({ reason: 'Exited' });
    const memory = { ...ended, reason: 'OutOfMemory' };
    expect(restartDecision(memory, history({ outages: [outage] }))).toMatchObject({ reason: 'OutOfMemory' });
  });

  test('that nobody watched explains only ends from outside', () => {
    const outages = [{ ...outage, unwatched: true }];
    expect(restartDecision(ended, history({ outages }))).toMatchObject({ reason: 'Exited' });
    expect(restartDecision({ ...ended, exitCode: 137 }, history({ outages }))).toMatchObject({
      reason: 'EngineRestarted',
    });
  });
});

describe('repeated ends', () => {
  test.each([
    [ago(20_000), 1000],
    [ago(30_000, 20_000), 2000],
    [ago(40_000, 30_000, 20_000), 4000],
  ])('wait longer each time', (restarts, waitMs) => {
    expect(restartDecision(ended, history({ restarts }))).toMatchObject({
      kind: 'wait',
      until: ended.endedAt + waitMs,
    });
  });

  test('are a crash loop after more than three restarts in ten minutes', () => {
    const restarts = ago(50_000, 40_000, 30_000, 20_000);
    expect(restartDecision(ended, history({ restarts }))).toMatchObject({
      kind: 'stall',
      reason: 'CrashLoop',
      until: now - 20_000 + 10 * minute,
    });
  });

  test('are no crash loop when they lie further apart', () => {
    const restarts = ago(32 * minute, 22 * minute, 12 * minute, 2 * minute);
    expect(restartDecision(ended, history({ restarts }))).toMatchObject({ kind: 'wait' });
  });

  test('of a looping agent get one attempt every ten minutes, and the loop is not forgotten by it', () => {
    const restarts = ago(13 * minute, 12 * minute, 11 * minute, 10 * minute + 1);
    const attempt = restartDecision(ended, history({ restarts }));
    expect(attempt).toMatchObject({ kind: 'start', counted: { slow: true } });
    const after = [...restarts, { ...ago(0)[0], slow: true } as Restart];
    const crashed = { ...ended, run: { instanceId: 'c', startedAt: now + 1 }, endedAt: now + 5000 };
    const next = restartDecision(crashed, history({ restarts: after, now: now + 5001 }));
    expect(next).toMatchObject({ kind: 'stall', reason: 'CrashLoop', until: now + 10 * minute });
  });

  test('are forgiven once the agent held out longer than an attempt', () => {
    const restarts = [{ ...ago(12 * minute)[0], slow: true } as Restart];
    expect(isCrashLoop(restarts, now)).toBe(false);
    expect(restartDecision(ended, history({ restarts }))).toMatchObject({ kind: 'start', counted: { slow: false } });
  });

  test('from the future are no history: the clock was set back', () => {
    const restarts = ago(-60 * minute, -61 * minute, -62 * minute, -63 * minute);
    expect(restartDecision(ended, history({ restarts }))).toMatchObject({ kind: 'start' });
  });
});

test('whatever an agent does, five starts are never within ten minutes', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 400_000 }), { minLength: 1, maxLength: 60 }), (lives) => {
      let time = now;
      let startedAt = now;
      let restarts: Restart[] = [];
      const starts: number[] = [];
      for (const life of lives) {
        const endedAt = (time = startedAt + life);
        for (;;) {
          const run = { ...ended, run: { instanceId: 'c', startedAt }, endedAt };
          const decision = restartDecision(run, history({ restarts, now: time }));
          if (decision.kind === 'start') {
            if (!decision.counted) throw new Error('every one of these is counted');
            restarts = [...restarts, { ...decision.counted, at: time }].slice(-20);
            starts.push(time);
            startedAt = time + 1;
            break;
          }
          time = decision.until ?? Number.NaN;
        }
      }
      for (let index = 4; index < starts.length; index++) {
        expect((starts[index] ?? 0) - (starts[index - 4] ?? 0)).toBeGreaterThanOrEqual(10 * minute);
      }
    }),
  );
});
