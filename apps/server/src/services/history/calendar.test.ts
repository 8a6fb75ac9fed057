import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { daysOf, monthRange } from './calendar.ts';

const hour = 3_600_000;
const iso = ({ from, to }: { from: number; to: number }) => [new Date(from).toISOString(), new Date(to).toISOString()];

describe('a month', () => {
  test.each([
    ['UTC', '2026-11-01T00:00:00.000Z', '2026-12-01T00:00:00.000Z'],
    ['Asia/Shanghai', '2026-10-31T16:00:00.000Z', '2026-11-30T16:00:00.000Z'],
    ['America/New_York', '2026-11-01T04:00:00.000Z', '2026-12-01T05:00:00.000Z'],
  ])('in %s begins and ends where the people there say', (zone, from, to) => {
    expect(iso(monthRange('2026-11', zone))).toEqual([from, to]);
  });

  test('follows the other without a gap, over the end of the year', () => {
    expect(monthRange('2026-12', 'Asia/Shanghai').to).toBe(monthRange('2027-01', 'Asia/Shanghai').from);
  });

  test.each(['Mars/Olympus', 'Asia/Shanghai/x', '+99'])('in "%s" is refused by name', (zone) => {
    expect(() => monthRange('2026-11', zone)).toThrow(
      expect.objectContaining({ kind: 'invalid', reason: 'UnknownTimeZone', field: 'tz' }),
    );
  });
});

describe('days', () => {
  test('are longer and shorter where clocks are put back and forward', () => {
    const lengths = (month: string, zone: string) =>
      new Set(daysOf(monthRange(month, zone), zone).map(({ from, to }) => (to - from) / hour));
    expect(lengths('2026-11', 'Asia/Shanghai')).toEqual(new Set([24]));
    expect(lengths('2026-10', 'Europe/Berlin')).toEqual(new Set([24, 25]));
    expect(lengths('2026-03', 'Europe/Berlin')).toEqual(new Set([24, 23]));
  });

  test('begin at midnight again after one that had none', () => {
    const range = { from: Date.parse('2026-04-24T12:00:00Z'), to: Date.parse('2026-04-25T12:00:00Z') };
    expect(daysOf(range, 'Africa/Cairo').map(iso)).toEqual([
      ['2026-04-23T22:00:00.000Z', '2026-04-24T21:00:00.000Z'],
      ['2026-04-24T21:00:00.000Z', '2026-04-25T21:00:00.000Z'],
    ]);
  });

  test('cover any range without gaps, and each is named once', () => {
    const anyRange = fc.tuple(
      fc.integer({ min: Date.UTC(2020, 0), max: Date.UTC(2030, 0) }),
      fc.integer({ min: 1, max: 40 * 24 * hour }),
      fc.constantFrom('UTC', 'Asia/Shanghai', 'Europe/Berlin', 'America/New_York', 'Asia/Kathmandu', 'Africa/Cairo'),
    );
    fc.assert(
      fc.property(anyRange, ([from, span, zone]) => {
        const days = daysOf({ from, to: from + span }, zone);
        expect(days[0]?.from).toBeLessThanOrEqual(from);
        expect(days.at(-1)?.to).toBeGreaterThanOrEqual(from + span);
        for (const [index, day] of days.entries()) if (index > 0) expect(day.from).toBe(days[index - 1]?.to);
        expect(new Set(days.map(({ day }) => day)).size).toBe(days.length);
      }),
    );
  });
});
