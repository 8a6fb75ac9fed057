import { judgeLoop, LoopProbe, type LoopView } from '@agentpod/core';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock } from '../../testing/fake-clock.ts';
import { LoopWatch } from './loop-watch.ts';

const probe = LoopProbe.parse({ path: '/healthz', body: { ok: true } });
let clock: FakeClock;
let answers: boolean;
/** How long a look that gets no answer takes. */
let silenceMs: number;
let cpuShare: number | undefined;
let asked: number[];
let views: { at: number; view: LoopView }[];
let watch: LoopWatch;
let began: number;

beforeEach(() => {
  clock = new FakeClock();
  began = clock.now();
  answers = true;
  silenceMs = 2500;
  cpuShare = 0;
  asked = [];
  views = [];
  watch = new LoopWatch({
    probe,
    clock,
    random: () => 0.999,
    ask: async () => {
      asked.push(clock.now() - began);
      if (answers) return true;
      const { promise, resolve } = Promise.withResolvers<void>();
      clock.after(silenceMs, resolve);
      await promise;
      return false;
    },
    cpuMs: async () => (cpuShare === undefined ? undefined : (clock.now() - began) * cpuShare),
    seen: (view) => views.push({ at: clock.now() - began, view }),
  });
});

afterEach(() => watch.stop());

/** When the verdict was first this one, since the fall; undefined when it never was. */
function firstVerdict(wanted: string, fellAt: number): number | undefined {
  const found = views.find(
    ({ at, view }) => judgeLoop(view, probe, { cpus: 1, now: began + at }) === wanted && at >= fellAt,
  );
  return found && found.at - fellAt;
}

test('while it answers, it is asked every three seconds or so, and nothing is told', async () => {
  await clock.advance(60_000);
  expect(asked.length).toBeGreaterThanOrEqual(17);
  expect(asked.length).toBeLessThanOrEqual(20);
  expect(views).toEqual([]);
});

test('is asked on the same half seconds as all others, from a moment of its own', async () => {
  await clock.advance(9000);
  expect(asked).toEqual([3000, 6000, 9000]);
  const another: number[] = [];
  const early = new LoopWatch({
    probe,
    clock,
    random: () => 0.2,
    ask: async () => another.push(clock.now() - began) > 0,
    cpuMs: async () => 0,
    seen: () => undefined,
  });
  await clock.advance(7000);
  expect(another).toEqual([9500, 12_500, 15_500]);
  early.stop();
});

describe('an agent that stops in the worst moment, right after it answered', () => {
  beforeEach(async () => {
    await clock.advance(3400);
    answers = false;
  });

  test('without CPU is known to hang within eleven seconds', async () => {
    const fellAt = asked[0] ?? 0;
    await clock.advance(15_000);
    expect(firstVerdict('hung', fellAt)).toBeLessThanOrEqual(11_000);
  });

  test('but works is busy, and hangs only after a minute', async () => {
    cpuShare = 0.8;
    const fellAt = asked[0] ?? 0;
    await clock.advance(90_000);
    expect(firstVerdict('hung', fellAt)).toBeUndefined();
    expect(firstVerdict('busy', fellAt)).toBeLessThanOrEqual(11_000);
    expect(firstVerdict('hung-busy', fellAt)).toBeGreaterThanOrEqual(60_000);
  });

  test('of whose CPU the engine says nothing is treated as busy', async () => {
    cpuShare = undefined;
    await clock.advance(30_000);
    expect(firstVerdict('hung', 0)).toBeUndefined();
  });

  test('and answers again is forgotten at once', async () => {
    await clock.advance(6000);
    answers = true;
    await clock.advance(4000);
    expect(views.at(-1)?.view).toEqual({ misses: 0, silentSince: undefined, cpu: undefined });
  });

  test('is not asked more often because its port refuses', async () => {
    silenceMs = 0;
    await clock.advance(10_000);
    expect(asked.length).toBeLessThanOrEqual(6);
  });

  test('while we were held up ourselves is not blamed for it', async () => {
    silenceMs = 60_000;
    await clock.advance(70_000);
    expect(views).toEqual([]);
  });
});

test('a watch that was stopped asks nobody any more', async () => {
  watch.stop();
  await clock.advance(60_000);
  expect(asked).toEqual([]);
});
