import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mergeBuckets, mostPoints, resolutionOf, sampleLevels, timelineKeepMs, toBucket } from './samples.ts';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;
const now = Date.parse('2026-11-20T12:34:56.000Z');

const anyBuckets = fc.array(
  fc
    .record({
      at: fc.nat(500).map((step) => step * 30_000),
      cpuFraction: fc.double({ min: 0, max: 4, noNaN: true }),
      memoryBytes: fc.nat(2 ** 31),
      diskBytes: fc.option(fc.nat(2 ** 31), { nil: undefined }),
    })
    .map(toBucket),
  { maxLength: 60 },
);

describe('wider points', () => {
  test('keep the average and the highest, weighed by how many samples there were', () => {
    const one = { ...toBucket({ at: 0, cpuFraction: 1, memoryBytes: 400, diskBytes: undefined }), samples: 3 };
    const two = toBucket({ at: 30_000, cpuFraction: 0.2, memoryBytes: 800, diskBytes: 7 });
    expect(mergeBuckets([two, one], 5 * minute)).toEqual([
      {
        at: 0,
        samples: 4,
        cpuAverage: 0.8,
        cpuMaximum: 1,
        memoryAverageBytes: 500,
        memoryMaximumBytes: 800,
        diskBytes: 7,
      },
    ]);
  });

  test('lose no sample and no peak, and stand in order on their steps', () => {
    fc.assert(
      fc.property(anyBuckets, (buckets) => {
        const wide = mergeBuckets(buckets, 5 * minute);
        expect(wide.reduce((sum, { samples }) => sum + samples, 0)).toBe(buckets.length);
        const peak = (of: typeof buckets): number =>
          Math.max(0, ...of.map(({ memoryMaximumBytes }) => memoryMaximumBytes));
        expect(peak(wide)).toBe(peak(buckets));
        expect(wide.map(({ at }) => at)).toEqual(wide.map(({ at }) => at).toSorted((a, b) => a - b));
        for (const { at, cpuAverage, cpuMaximum } of wide) {
          expect(at % (5 * minute)).toBe(0);
          expect(cpuAverage).toBeLessThanOrEqual(cpuMaximum + 1e-9);
        }
      }),
    );
  });

  test('made in two rounds are those made in one', () => {
    fc.assert(
      fc.property(anyBuckets, (buckets) => {
        const once = mergeBuckets(buckets, hour);
        const twice = mergeBuckets(mergeBuckets(buckets, 5 * minute), hour);
        expect(twice.length).toBe(once.length);
        for (const [index, bucket] of twice.entries()) {
          const { cpuAverage, memoryAverageBytes, ...exact } = once[index] ?? bucket;
          expect(bucket).toMatchObject(exact);
          expect(bucket.cpuAverage).toBeCloseTo(cpuAverage, 6);
          expect(Math.abs(bucket.memoryAverageBytes - memoryAverageBytes)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});

describe('the resolution of a range', () => {
  test.each([
    ['the last hour', hour, '30s', 30_000],
    ['the last day', day, '5m', 5 * minute],
    ['the last week', 7 * day, '1h', hour],
    ['the last month', 30 * day, '1h', 2 * hour],
    ['all there is', timelineKeepMs, '1h', 20 * hour],
  ])('of %s is as fine as fits', (_, span, name, stepMs) => {
    expect(resolutionOf({ from: now - span, to: now }, now)).toMatchObject({ level: { name }, stepMs });
  });

  test('is coarser where the fine points are gone', () => {
    const daysAgo = (days: number) => ({ from: now - days * day, to: now - days * day + hour });
    expect(resolutionOf(daysAgo(3), now).level.name).toBe('5m');
    expect(resolutionOf(daysAgo(20), now).level.name).toBe('1h');
  });

  test('counts the step that a range only touches', () => {
    const from = now - (now % 30_000) + 1;
    expect(resolutionOf({ from, to: from + mostPoints * 30_000 }, from).level.name).toBe('5m');
  });

  test('never gives more points than one answer has, from a level that has them', () => {
    const anyRange = fc
      .tuple(fc.integer({ min: 1, max: timelineKeepMs }), fc.integer({ min: 0, max: timelineKeepMs }))
      .map(([span, age]) => ({ from: now - age - span, to: now - age }));
    fc.assert(
      fc.property(anyRange, (range) => {
        const { level, stepMs } = resolutionOf(range, now);
        const points = Math.floor((range.to - 1) / stepMs) - Math.floor(range.from / stepMs) + 1;
        expect(points).toBeLessThanOrEqual(mostPoints);
        expect(stepMs % level.stepMs).toBe(0);
        if (level !== sampleLevels[2]) expect(now - range.from).toBeLessThanOrEqual(level.keepMs);
      }),
    );
  });
});
