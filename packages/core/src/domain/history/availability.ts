import type { StateSegment, TimeRange } from './timeline.ts';

/** Time in which an agent may be down without that counting against it. */
export interface MaintenanceTime {
  readonly from: number;
  readonly until: number;
}

/**
 * Where the time of a range went; every millisecond is in exactly one of the first five. The rules are written down in
 * docs/reference/history.md.
 */
export interface Availability {
  readonly answeringMs: number;
  readonly downMs: number;
  /** Excluded: nobody was looking, or nothing could be seen. */
  readonly unknownMs: number;
  /** Excluded: announced. */
  readonly maintenanceMs: number;
  /** Excluded: stopped or deleted by a person. */
  readonly unwantedMs: number;
  /** Part of `answeringMs`: it answered, but something beside that was wrong. */
  readonly degradedMs: number;
  /** How many stretches of `downMs` there were, and the longest of them. */
  readonly outages: number;
  readonly longestOutageMs: number;
}

const nothing: Availability = {
  answeringMs: 0,
  downMs: 0,
  unknownMs: 0,
  maintenanceMs: 0,
  unwantedMs: 0,
  degradedMs: 0,
  outages: 0,
  longestOutageMs: 0,
};

/** Segments are in order and do not overlap; time of the range that none covers is `unknown`. */
export function availabilityOf(
  segments: readonly StateSegment[],
  range: TimeRange,
  maintenance: readonly MaintenanceTime[],
): Availability {
  const windows = union(maintenance);
  const sum = { ...nothing };
  let outageMs = 0;
  const endOutage = (): void => {
    if (outageMs > 0) sum.outages += 1;
    sum.longestOutageMs = Math.max(sum.longestOutageMs, outageMs);
    outageMs = 0;
  };
  for (const { from, to, presence, state } of withoutGaps(segments, range)) {
    if (presence !== 'down') endOutage();
    if (presence === 'unwanted') {
      sum.unwantedMs += to - from;
      continue;
    }
    const excludedMs = overlapMs(windows, { from, to });
    const countedMs = to - from - excludedMs;
    sum.maintenanceMs += excludedMs;
    if (presence === 'unknown') sum.unknownMs += countedMs;
    if (presence === 'down') {
      sum.downMs += countedMs;
      outageMs += countedMs;
    }
    if (presence === 'answering') {
      sum.answeringMs += countedMs;
      if (state !== 'ready') sum.degradedMs += countedMs;
    }
  }
  endOutage();
  return sum;
}

/** Of several agents together: each counts by its own time. */
export function sumOfAvailability(parts: readonly Availability[]): Availability {
  return parts.reduce(
    (a, b) => ({
      answeringMs: a.answeringMs + b.answeringMs,
      downMs: a.downMs + b.downMs,
      unknownMs: a.unknownMs + b.unknownMs,
      maintenanceMs: a.maintenanceMs + b.maintenanceMs,
      unwantedMs: a.unwantedMs + b.unwantedMs,
      degradedMs: a.degradedMs + b.degradedMs,
      outages: a.outages + b.outages,
      longestOutageMs: Math.max(a.longestOutageMs, b.longestOutageMs),
    }),
    nothing,
  );
}

/** From 0 to 1; `undefined` when there was no time that counts. */
export function availabilityFraction({
  answeringMs,
  downMs,
}: Pick<Availability, 'answeringMs' | 'downMs'>): number | undefined {
  const countedMs = answeringMs + downMs;
  return countedMs === 0 ? undefined : answeringMs / countedMs;
}

/** `99.95`, cut and never rounded up: 100 means that it was never down. */
export function formatPercent(fraction: number, digits = 2): string {
  const scale = 10 ** digits;
  // The small allowance undoes what binary fractions take away (0.9995 · 100 = 99.94999…); it is far below one digit.
  const cut = fraction >= 1 ? 100 : Math.min(Math.floor(fraction * 100 * scale + 1e-6) / scale, 100 - 1 / scale);
  return String(Number(cut.toFixed(digits)));
}

function withoutGaps(segments: readonly StateSegment[], range: TimeRange): StateSegment[] {
  const whole: StateSegment[] = [];
  const gap = (from: number, to: number): void => {
    if (to > from) whole.push({ from, to, state: 'unknown', presence: 'unknown', reason: 'NotRecorded' });
  };
  let reached = range.from;
  for (const segment of segments) {
    const from = Math.max(segment.from, reached);
    const to = Math.min(segment.to, range.to);
    if (to <= from) continue;
    gap(reached, from);
    whole.push({ ...segment, from, to });
    reached = to;
  }
  gap(reached, range.to);
  return whole;
}

/** In order, without overlaps. */
function union(windows: readonly MaintenanceTime[]): MaintenanceTime[] {
  const merged: MaintenanceTime[] = [];
  for (const window of windows.toSorted((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last && window.from <= last.until) {
      merged[merged.length - 1] = { from: last.from, until: Math.max(last.until, window.until) };
    } else if (window.until > window.from) merged.push(window);
  }
  return merged;
}

function overlapMs(windows: readonly MaintenanceTime[], { from, to }: TimeRange): number {
  return windows.reduce((sum, window) => {
    return sum + Math.max(0, Math.min(window.until, to) - Math.max(window.from, from));
  }, 0);
}
