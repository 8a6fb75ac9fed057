import {
  type AgentHistory,
  type AgentView,
  type AvailabilityView,
  formatBytes,
  formatPercent,
  type SamplePoint,
  timelineCells,
} from '@agentpod/core';
import type { Context } from '../context.ts';
import { formatAge } from './duration.ts';
import { sparkline, timelineBar } from './sparkline.ts';
import { styleFor } from './style.ts';
import { renderPairs } from './table.ts';

/** Half an hour each, in a day. */
const mostCells = 48;
/** Labels and what is said behind a bar. */
const besideBar = 44;

/** How it did in the last day, on a few lines; empty when nothing was recorded yet. */
export function historySection(context: Context, agent: AgentView, history: AgentHistory): string {
  const { io, t } = context;
  const { labels } = t.history;
  if (history.timeline.length === 0 && history.samples.points.length === 0) return '';
  const count = Math.max(12, Math.min(mostCells, (io.stdout.columns ?? 80) - besideBar));
  const range = { from: Date.parse(history.from), to: Date.parse(history.to) };
  const segments = history.timeline.map(({ from, to, ...word }) => ({
    from: Date.parse(from),
    to: Date.parse(to),
    ...word,
  }));
  const bar = timelineBar(io, styleFor(io, io.stdout), timelineCells(segments, range, count));
  return renderPairs([
    [labels.availability, availabilityLine(context, history)],
    [labels.day, `${bar}  ${outagesOf(context, history.availability.range)}`.trimEnd()],
    ...useLines(context, agent, history, { ...range, count }),
  ]);
}

function availabilityLine({ t }: Context, { availability }: AgentHistory): string {
  const { periods } = t.history;
  return [
    `${periods.today} ${percent(availability.today)}`,
    `${periods.days7} ${percent(availability.last7Days)}`,
    `${periods.days30} ${percent(availability.last30Days)}`,
  ].join('   ');
}

export function percent({ fraction }: AvailabilityView): string {
  return fraction === undefined ? '-' : `${formatPercent(fraction)}%`;
}

function outagesOf({ t }: Context, { outages, downSeconds }: AvailabilityView): string {
  return outages === 0 ? '' : t.history.outages(outages, formatAge(downSeconds * 1000));
}

function useLines(
  { io, t }: Context,
  { spec }: AgentView,
  { samples: { points } }: AgentHistory,
  cells: { readonly from: number; readonly to: number; readonly count: number },
): (readonly [string, string])[] {
  const last = points.at(-1);
  if (!last) return [];
  const { labels } = t.history;
  const { cpus, memoryBytes } = spec.resources;
  const highest = (of: (point: SamplePoint) => number): number => Math.max(...points.map(of));
  const line = (of: (point: SamplePoint) => number, full: number) => sparkline(io, inCells(points, of, cells), full);
  const cpuPercent = (fraction: number): string => `${Math.round(fraction * 100)}%`;
  const cpu = t.history.cpu(cpuPercent(last.cpuAverage), cpuPercent(highest(({ cpuMaximum }) => cpuMaximum)), cpus);
  const memory = t.history.memory(
    formatBytes(last.memoryAverageBytes),
    formatBytes(highest(({ memoryMaximumBytes }) => memoryMaximumBytes)),
    formatBytes(memoryBytes),
  );
  const disk = points.findLast(({ diskBytes }) => diskBytes !== undefined)?.diskBytes;
  return [
    [labels.cpu, `${line(({ cpuMaximum }) => cpuMaximum, cpus)}  ${cpu}`],
    [labels.memory, `${line(({ memoryMaximumBytes }) => memoryMaximumBytes, memoryBytes)}  ${memory}`],
    ...(disk === undefined ? [] : [[labels.disk, formatBytes(disk)] as const]),
  ];
}

/** The highest in each cell; `undefined` where nothing was measured. */
function inCells(
  points: readonly SamplePoint[],
  of: (point: SamplePoint) => number,
  { from, to, count }: { readonly from: number; readonly to: number; readonly count: number },
): (number | undefined)[] {
  const cells = Array.from<number | undefined>({ length: count });
  for (const point of points) {
    // A point that began just before the range belongs to its first cell.
    const cell = Math.max(0, Math.floor(((Date.parse(point.at) - from) / (to - from)) * count));
    if (cell < count) cells[cell] = Math.max(cells[cell] ?? 0, of(point));
  }
  return cells;
}
