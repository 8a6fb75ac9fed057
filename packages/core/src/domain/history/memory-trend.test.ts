import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { memoryFinding, type MemoryPoint, memoryTrend } from './memory-trend.ts';

const minute = 60_000;
const hour = 60 * minute;
const mib = 2 ** 20;
const limitBytes = 2048 * mib;
const now = Date.parse('2026-11-20T12:00:00.000Z');

/** A point every five minutes from the start on; `memory` gives MiB by the hours since. */
function run(hours: number, memory: (hoursUp: number) => number): { points: MemoryPoint[]; startedAt: number } {
  const startedAt = now - hours * hour;
  const points = Array.from({ length: hours * 12 + 1 }, (_, index) => {
    return { at: startedAt + index * 5 * minute, memoryBytes: Math.round(memory(index / 12) * mib) };
  });
  return { points, startedAt };
}
const trendOf = (measured: ReturnType<typeof run>, limit = limitBytes) =>
  memoryTrend({ ...measured, limitBytes: limit, now });

describe('memory that grows', () => {
  test('by 60 MiB an hour reaches its limit at the hour that can be reckoned', () => {
    const trend = trendOf(run(10, (hours) => 700 + 60 * hours));
    expect(trend).toMatchObject({ kind: 'growing', hoursLeft: expect.closeTo((2048 - 1300) / 60, 1) });
    expect(memoryFinding(trend)).toEqual({
      type: 'MemoryStable',
      status: 'False',
      reason: 'MemoryGrowing',
      message:
        'Memory grows by 60 MiB an hour and reaches its limit in about 12 h. Restart it at a quiet hour, or give it more memory',
    });
  });

  test('is found through noise, bursts and a collected heap, for any slope that matters', () => {
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 120 }), fc.integer({ min: 1, max: 1000 }), (slope, seed) => {
        const noise = (hours: number): number => 30 * Math.sin(hours * 37 + seed) + ((hours * 12) % 24 < 1 ? 150 : 0);
        const trend = trendOf(run(9, (hours) => 400 + slope * hours + noise(hours)));
        expect(trend).toMatchObject({ kind: 'growing' });
        if (trend.kind !== 'growing') return;
        const truth = (2048 - 400 - slope * 9) / slope;
        expect(Math.abs(trend.hoursLeft - truth)).toBeLessThan(3);
      }),
      { numRuns: 50 },
    );
  });

  test('so slowly that a day does not suffice is not worth a word', () => {
    expect(trendOf(run(12, (hours) => 700 + 20 * hours))).toEqual({ kind: 'steady' });
  });

  test('and stands at its limit already has no hours left, not fewer', () => {
    expect(trendOf(run(10, (hours) => 1500 + 60 * hours))).toMatchObject({ kind: 'growing', hoursLeft: 0 });
  });
});

describe('memory that does not', () => {
  test.each([
    ['is flat', () => 900],
    ['goes up and down', (hours: number) => 900 + 200 * Math.sin(hours * 3)],
    ['made one step', (hours: number) => (hours < 6 ? 700 : 1500)],
    ['fills up and stays', (hours: number) => 1200 + 800 * (1 - Math.exp(-hours))],
    ['fills up slowly and stays', (hours: number) => 1200 + 600 * (1 - Math.exp(-hours / 3))],
    ['rises less than it goes up and down', (hours: number) => 1400 + 20 * hours + 300 * Math.sin(hours * 3)],
    ['was collected', (hours: number) => 1500 - 60 * hours],
  ])('%s: no warning', (_, memory) => {
    expect(trendOf(run(10, memory))).toEqual({ kind: 'steady' });
  });

  test('for any noise around a level there is no warning', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(300), { minLength: 121, maxLength: 121 }), (noise) => {
        expect(trendOf(run(10, (hours) => 1500 + (noise[Math.round(hours * 12)] ?? 0)))).toEqual({ kind: 'steady' });
      }),
      { numRuns: 50 },
    );
  });
});

describe('too little to tell', () => {
  const growing = (hours: number): number => 400 + 150 * hours;

  test('is everything below six hours, however steep', () => {
    expect(trendOf(run(6, growing))).toEqual({ kind: 'unknown' });
    expect(trendOf(run(8, growing))).toMatchObject({ kind: 'growing' });
  });

  test('is what it needs to boot: growth of the first hour never warns', () => {
    expect(trendOf(run(8, (hours) => Math.min(hours, 1) * 1900))).toEqual({ kind: 'steady' });
  });

  test('is what an earlier run of the agent did', () => {
    const { points } = run(10, growing);
    expect(memoryTrend({ points, startedAt: now - 2 * hour, limitBytes, now })).toEqual({ kind: 'unknown' });
  });

  test('are a few points over a long time', () => {
    const { points, startedAt } = run(10, growing);
    const few = points.filter((_, index) => index % 12 === 0);
    expect(memoryTrend({ points: few, startedAt, limitBytes, now })).toEqual({ kind: 'unknown' });
  });

  test('is said as such', () => {
    expect(memoryFinding({ kind: 'unknown' })).toMatchObject({ status: 'Unknown', reason: 'Measuring' });
    expect(memoryFinding({ kind: 'steady' })).toMatchObject({ status: 'True', reason: 'Steady' });
  });
});
