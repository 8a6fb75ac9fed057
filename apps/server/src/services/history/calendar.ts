/// <reference lib="esnext.temporal" />
import { AppError, type TimeRange } from '@agentpod/core';

/** Where days and months begin, in a time zone by its IANA name. Throws `invalid`/`UnknownTimeZone`. */

/** `2026-11` */
export function monthRange(month: string, timeZone: string): TimeRange {
  return inZone(timeZone, () => {
    const first = Temporal.PlainYearMonth.from(month).toPlainDate({ day: 1 });
    // The start of a day is not always midnight: some zones put their clocks forward then.
    const startOf = (day: Temporal.PlainDate): number => day.toZonedDateTime(timeZone).epochMilliseconds;
    return { from: startOf(first), to: startOf(first.add({ months: 1 })) };
  });
}

/** Every day that the range touches, whole. */
export function daysOf(range: TimeRange, timeZone: string): readonly (TimeRange & { readonly day: string })[] {
  return inZone(timeZone, () => {
    const days: (TimeRange & { readonly day: string })[] = [];
    let start = Temporal.Instant.fromEpochMilliseconds(range.from).toZonedDateTimeISO(timeZone).startOfDay();
    while (start.epochMilliseconds < range.to) {
      const next = start.add({ days: 1 }).startOfDay();
      days.push({ day: start.toPlainDate().toString(), from: start.epochMilliseconds, to: next.epochMilliseconds });
      start = next;
    }
    return days;
  });
}

function inZone<T>(timeZone: string, reckon: () => T): T {
  try {
    return reckon();
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new AppError('invalid', 'UnknownTimeZone', `there is no time zone "${timeZone}"`, {
      field: 'tz',
      remedy: 'Use an IANA name, such as Asia/Shanghai or Europe/Berlin.',
      cause,
    });
  }
}
