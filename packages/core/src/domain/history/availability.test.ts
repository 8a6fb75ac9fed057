import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  availabilityFraction,
  availabilityOf,
  formatPercent,
  type MaintenanceTime,
  sumOfAvailability,
} from './availability.ts';
import { presences, type StateSegment } from './timeline.ts';

const segment = (
  from: number,
  to: number,
  presence: StateSegment['presence'],
  state?: StateSegment['state'],
): StateSegment => {
  const usual = { answering: 'ready', down: 'starting', unwanted: 'stopped', unknown: 'unknown' } as const;
  return { from, to, presence, state: state ?? usual[presence], reason: 'x' };
};
const range = { from: 0, to: 100 };

describe('availability', () => {
  test('is the time it answered, of the time it was wanted and watched', () => {
    const segments = [
      segment(0, 60, 'answering'),
      segment(60, 70, 'down'),
      segment(70, 80, 'unknown'),
      segment(80, 100, 'unwanted'),
    ];
    const availability = availabilityOf(segments, range, []);
    expect(availability).toEqual({
      answeringMs: 60,
      downMs: 10,
      unknownMs: 10,
      maintenanceMs: 0,
      unwantedMs: 20,
      degradedMs: 0,
      outages: 1,
      longestOutageMs: 10,
    });
    expect(availabilityFraction(availability)).toBeCloseTo(60 / 70);
  });

  test('never counts time in which nobody looked as up', () => {
    const watched = availabilityOf([segment(0, 50, 'answering'), segment(50, 100, 'down')], range, []);
    const half = availabilityOf([segment(0, 25, 'answering'), segment(50, 100, 'down')], range, []);
    expect(half).toMatchObject({ answeringMs: 25, unknownMs: 25 });
    expect(availabilityFraction(half)).toBeLessThan(availabilityFraction(watched) ?? 0);
  });

  test('leaves maintenance out, whether it answered meanwhile or not', () => {
    const segments = [segment(0, 40, 'answering'), segment(40, 60, 'down'), segment(60, 100, 'answering')];
    const windows = [
      { from: 30, until: 50 },
      { from: 45, until: 55 },
    ];
    expect(availabilityOf(segments, range, windows)).toMatchObject({
      maintenanceMs: 25,
      answeringMs: 70,
      downMs: 5,
      outages: 1,
      longestOutageMs: 5,
    });
    expect(availabilityOf(segments, range, [{ from: 0, until: 100 }])).toMatchObject({
      outages: 0,
      maintenanceMs: 100,
    });
  });

  test('maintenance of an agent that is stopped is no maintenance', () => {
    const stopped = availabilityOf([segment(0, 100, 'unwanted')], range, [{ from: 0, until: 50 }]);
    expect(stopped).toMatchObject({ unwantedMs: 100, maintenanceMs: 0 });
  });

  test('counts degraded as answering and lists it', () => {
    const segments = [segment(0, 50, 'answering'), segment(50, 100, 'answering', 'degraded')];
    expect(availabilityOf(segments, range, [])).toMatchObject({ answeringMs: 100, degradedMs: 50 });
  });

  test('one outage may have many words', () => {
    const segments = [
      segment(0, 10, 'down', 'creating'),
      segment(10, 20, 'down', 'starting'),
      segment(20, 50, 'answering'),
      segment(50, 90, 'down', 'stalled'),
      segment(90, 100, 'answering'),
    ];
    expect(availabilityOf(segments, range, [])).toMatchObject({ outages: 2, longestOutageMs: 40 });
  });

  test('of no time at all is not 0 and not 100', () => {
    expect(availabilityFraction(availabilityOf([], range, []))).toBeUndefined();
    expect(availabilityFraction(availabilityOf([segment(0, 100, 'unwanted')], range, []))).toBeUndefined();
  });

  test('of a tenant weighs each agent by its own time', () => {
    const one = availabilityOf([segment(0, 100, 'answering')], range, []);
    const two = availabilityOf([segment(0, 10, 'down'), segment(10, 100, 'unwanted')], range, []);
    expect(availabilityFraction(sumOfAvailability([one, two]))).toBeCloseTo(100 / 110);
    expect(sumOfAvailability([one, two])).toMatchObject({ outages: 1, longestOutageMs: 10 });
  });
});

const anySegments = fc
  .array(fc.tuple(fc.nat(40), fc.nat(10), fc.constantFrom(...presences)), { maxLength: 12 })
  .map((parts) => {
    let at = 0;
    return parts.map(([length, gap, presence]) => {
      const from = at + gap;
      at = from + length;
      return segment(from, at, presence);
    });
  });
const anyWindows: fc.Arbitrary<MaintenanceTime[]> = fc.array(
  fc.record({ from: fc.integer({ min: -20, max: 120 }), until: fc.integer({ min: -20, max: 200 }) }),
  { maxLength: 5 },
);
const times = ['answeringMs', 'downMs', 'unknownMs', 'maintenanceMs', 'unwantedMs', 'degradedMs'] as const;

describe('for any history', () => {
  test('every millisecond is counted once', () => {
    fc.assert(
      fc.property(anySegments, anyWindows, (segments, windows) => {
        const { answeringMs, downMs, unknownMs, maintenanceMs, unwantedMs } = availabilityOf(segments, range, windows);
        expect(answeringMs + downMs + unknownMs + maintenanceMs + unwantedMs).toBe(100);
        expect(Math.min(answeringMs, downMs, unknownMs, maintenanceMs, unwantedMs)).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('days add up to the month', () => {
    fc.assert(
      fc.property(anySegments, anyWindows, fc.integer({ min: 1, max: 99 }), (segments, windows, cut) => {
        const whole = availabilityOf(segments, range, windows);
        const parts = sumOfAvailability([
          availabilityOf(segments, { from: 0, to: cut }, windows),
          availabilityOf(segments, { from: cut, to: 100 }, windows),
        ]);
        for (const time of times) expect(parts[time]).toBe(whole[time]);
      }),
    );
  });

  test('more maintenance never makes more time count', () => {
    fc.assert(
      fc.property(anySegments, anyWindows, anyWindows, (segments, some, more) => {
        const few = availabilityOf(segments, range, some);
        const many = availabilityOf(segments, range, [...some, ...more]);
        expect(many.answeringMs + many.downMs).toBeLessThanOrEqual(few.answeringMs + few.downMs);
      }),
    );
  });
});

describe('a percentage', () => {
  test.each([
    [1, '100'],
    [0.9995, '99.95'],
    [0.999999, '99.99'],
    [0.9999999999, '99.99'],
    [0.5, '50'],
    [0.29, '29'],
    [0, '0'],
  ])('%d is shown as %s', (fraction, text) => {
    expect(formatPercent(fraction)).toBe(text);
  });

  test('is 100 only when there was no second of outage, and never too high', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (fraction) => {
        expect(formatPercent(fraction) === '100').toBe(fraction === 1);
        expect(Number(formatPercent(fraction))).toBeLessThanOrEqual(fraction * 100 + 1e-6);
        expect(Number(formatPercent(fraction))).toBeGreaterThan(fraction * 100 - 0.011);
      }),
    );
  });
});
