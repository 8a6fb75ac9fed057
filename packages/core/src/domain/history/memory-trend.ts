import type { Finding } from '../condition.ts';
import { formatBytes } from '../quantity.ts';

export interface MemoryPoint {
  readonly at: number;
  readonly memoryBytes: number;
}

export type MemoryTrend =
  /** Not measured long enough since it was started. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'steady' }
  | { readonly kind: 'growing'; readonly bytesPerHour: number; readonly hoursLeft: number };

const hourMs = 3_600_000;
/** What it takes up in its first hour it needs to work: caches, plugins, the first conversations. */
const settlingMs = hourMs;
const shortestMs = 6 * hourMs;
/** Older than this says nothing about now. */
const longestMs = 12 * hourMs;
const fewestPoints = 36;
const warnWithinHours = 24;
/** How much of the ups and downs a straight line must explain, from 0 to 1. */
const goodFit = 0.8;

/** Whether this run of an agent will reach its memory limit soon. Points of earlier runs are left out. */
export function memoryTrend(input: {
  readonly points: readonly MemoryPoint[];
  readonly startedAt: number;
  readonly limitBytes: number;
  readonly now: number;
}): MemoryTrend {
  const { startedAt, limitBytes, now } = input;
  const since = Math.max(startedAt + settlingMs, now - longestMs);
  const points = input.points.filter(({ at }) => at >= since && at <= now).toSorted((a, b) => a.at - b.at);
  const [first] = points;
  const last = points.at(-1);
  if (!first || !last || points.length < fewestPoints || last.at - first.at < shortestMs) return { kind: 'unknown' };

  const whole = fitLine(points, now);
  // A curve that flattens out fits a line quite well; its newer half tells.
  const newer = fitLine(points.slice(Math.floor(points.length / 2)), now);
  const { bytesPerHour } = newer;
  const flattens = bytesPerHour < whole.bytesPerHour / 2;
  if (whole.bytesPerHour <= 0 || flattens || whole.fit < goodFit) return { kind: 'steady' };
  const hoursLeft = Math.max(0, limitBytes - newer.bytesNow) / bytesPerHour;
  return hoursLeft <= warnWithinHours ? { kind: 'growing', bytesPerHour, hoursLeft } : { kind: 'steady' };
}

export function memoryFinding(trend: MemoryTrend): Finding {
  switch (trend.kind) {
    case 'unknown':
      return {
        type: 'MemoryStable',
        status: 'Unknown',
        reason: 'Measuring',
        message: 'It has not run long enough to tell whether its memory grows',
      };
    case 'steady':
      return { type: 'MemoryStable', status: 'True', reason: 'Steady', message: 'Its memory does not near its limit' };
    case 'growing': {
      const { bytesPerHour, hoursLeft } = trend;
      return {
        type: 'MemoryStable',
        status: 'False',
        reason: 'MemoryGrowing',
        message:
          `Memory grows by ${formatBytes(Math.round(bytesPerHour))} an hour and reaches its limit in about ` +
          `${Math.max(1, Math.round(hoursLeft))} h. Restart it at a quiet hour, or give it more memory`,
      };
    }
  }
}

interface Line {
  readonly bytesPerHour: number;
  readonly bytesNow: number;
  readonly fit: number;
}

/** Theil–Sen: the median of all slopes, which a burst or a collected heap does not bend as it does a mean. */
function fitLine(points: readonly MemoryPoint[], now: number): Line {
  const hours = points.map(({ at }) => (at - now) / hourMs);
  const bytes = points.map(({ memoryBytes }) => memoryBytes);
  const slopes: number[] = [];
  for (let i = 0; i < points.length; i++) {
    for (let j = i + 1; j < points.length; j++) {
      const apart = (hours[j] ?? 0) - (hours[i] ?? 0);
      if (apart > 0) slopes.push(((bytes[j] ?? 0) - (bytes[i] ?? 0)) / apart);
    }
  }
  const bytesPerHour = median(slopes);
  const bytesNow = median(bytes.map((value, index) => value - bytesPerHour * (hours[index] ?? 0)));
  const mean = bytes.reduce((sum, value) => sum + value, 0) / bytes.length;
  const squares = (errors: readonly number[]): number => errors.reduce((sum, error) => sum + error ** 2, 0);
  const spread = squares(bytes.map((value) => value - mean));
  const missed = squares(bytes.map((value, index) => value - (bytesNow + bytesPerHour * (hours[index] ?? 0))));
  return { bytesPerHour, bytesNow, fit: spread === 0 ? 0 : 1 - missed / spread };
}

function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).toSorted();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
