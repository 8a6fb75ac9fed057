import type { TimeRange } from './timeline.ts';

/** What an agent used at one moment. */
export interface Sample {
  readonly at: number;
  /** Since the sample before; 1 is one core. */
  readonly cpuFraction: number;
  readonly memoryBytes: number;
  /** Measured more rarely than the rest. */
  readonly diskBytes: number | undefined;
}

/** What an agent used from `at` on, over one step. */
export interface SampleBucket {
  readonly at: number;
  readonly samples: number;
  readonly cpuAverage: number;
  readonly cpuMaximum: number;
  readonly memoryAverageBytes: number;
  readonly memoryMaximumBytes: number;
  /** The largest that was measured in this time. */
  readonly diskBytes: number | undefined;
}

const secondMs = 1000;
const hourMs = 3600 * secondMs;
const dayMs = 24 * hourMs;

/** How finely the past is kept, and for how long; finest first. */
export const sampleLevels = [
  { name: '30s', stepMs: 30 * secondMs, keepMs: dayMs },
  { name: '5m', stepMs: 300 * secondMs, keepMs: 14 * dayMs },
  { name: '1h', stepMs: hourMs, keepMs: 400 * dayMs },
] as const;
export type SampleLevel = (typeof sampleLevels)[number];

/** How long it is known in which state an agent was; no range that is asked for is longer. */
export const timelineKeepMs = 400 * dayMs;

/** The most points one answer has: more than any screen shows. */
export const mostPoints = 500;

/** Where to read a range, and how wide its points are: as fine as fits, and as was kept. */
export function resolutionOf(range: TimeRange, now: number): { readonly level: SampleLevel; readonly stepMs: number } {
  const spanMs = range.to - range.from;
  // A range that does not begin with a step touches one more.
  const fits = (stepMs: number): boolean => spanMs <= (mostPoints - 1) * stepMs;
  const level = sampleLevels.find(({ stepMs, keepMs }) => fits(stepMs) && now - range.from <= keepMs);
  if (level) return { level, stepMs: level.stepMs };
  const coarsest = sampleLevels[2];
  const steps = Math.max(1, Math.ceil(spanMs / (mostPoints - 1) / coarsest.stepMs));
  return { level: coarsest, stepMs: steps * coarsest.stepMs };
}

export function toBucket({ at, cpuFraction, memoryBytes, diskBytes }: Sample): SampleBucket {
  return {
    at,
    samples: 1,
    cpuAverage: cpuFraction,
    cpuMaximum: cpuFraction,
    memoryAverageBytes: memoryBytes,
    memoryMaximumBytes: memoryBytes,
    diskBytes,
  };
}

/** Wider buckets, in order. Averages weigh each by how many samples it stands for. */
export function mergeBuckets(buckets: readonly SampleBucket[], stepMs: number): SampleBucket[] {
  const groups = Map.groupBy(buckets, ({ at }) => Math.floor(at / stepMs) * stepMs);
  return [...groups].toSorted(([a], [b]) => a - b).map(([at, group]) => mergeGroup(at, group));
}

function mergeGroup(at: number, group: readonly SampleBucket[]): SampleBucket {
  const samples = total(group.map((bucket) => bucket.samples));
  const average = (of: (bucket: SampleBucket) => number): number =>
    total(group.map((bucket) => of(bucket) * bucket.samples)) / samples;
  const disks = group.map(({ diskBytes }) => diskBytes).filter((bytes) => bytes !== undefined);
  return {
    at,
    samples,
    cpuAverage: average(({ cpuAverage }) => cpuAverage),
    cpuMaximum: Math.max(...group.map(({ cpuMaximum }) => cpuMaximum)),
    memoryAverageBytes: Math.round(average(({ memoryAverageBytes }) => memoryAverageBytes)),
    memoryMaximumBytes: Math.max(...group.map(({ memoryMaximumBytes }) => memoryMaximumBytes)),
    diskBytes: disks.length === 0 ? undefined : Math.max(...disks),
  };
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
