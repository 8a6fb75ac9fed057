import {
  type Agent,
  type AgentHistory,
  AppError,
  type Availability,
  availabilityFraction,
  availabilityOf,
  type AvailabilityView,
  inMaintenance,
  type MaintenanceTime,
  type MaintenanceWindow,
  mergeBuckets,
  refOf,
  resolutionOf,
  type SamplePoint,
  type StateMark,
  type StateSegment,
  sumOfAvailability,
  type TimelineSegment,
  timelineKeepMs,
  type TimeRange,
  toSegments,
  type SlaReport,
} from '@agentpod/core';
import type { Clock } from '../../ports/clock.ts';
import type { HistoryStore } from '../../ports/history-store.ts';
import type { Store } from '../../ports/store.ts';
import { daysOf, monthRange } from './calendar.ts';

export interface HistoryDeps {
  readonly history: Pick<HistoryStore, 'marks' | 'samples'>;
  readonly store: Pick<Store, 'listAgents'>;
  readonly clock: Pick<Clock, 'now'>;
  /** Maintenance windows that end after this moment. */
  readonly windowsAfter: (endingAfter: number) => Promise<readonly MaintenanceWindow[]>;
}

const dayMs = 24 * 3_600_000;
const mostSegments = 1000;
const pageSize = 500;

/** What people may know of the past. */
export class History {
  readonly #deps: HistoryDeps;

  constructor(deps: HistoryDeps) {
    this.#deps = deps;
  }

  /** Throws `invalid` naming what is wrong with the range or the time zone. */
  async ofAgent(
    agent: Agent,
    asked: { from?: string | undefined; to?: string | undefined; tz: string },
  ): Promise<AgentHistory> {
    const { history, clock } = this.#deps;
    const now = clock.now();
    const range = rangeOf(asked, now);
    const [today] = daysOf({ from: now, to: now + 1 }, asked.tz);
    const periods = {
      range,
      today: { from: today?.from ?? now, to: now },
      last7Days: { from: now - 7 * dayMs, to: now },
      last30Days: { from: now - 30 * dayMs, to: now },
    };
    const all = { from: Math.min(range.from, periods.last30Days.from), to: now };
    const maintenance = maintenanceOf(agent, await this.#deps.windowsAfter(all.from));
    const past = { agent, marks: await history.marks(agent.id, all), maintenance };
    const segments = toSegments(past.marks, range);
    const { level, stepMs } = resolutionOf(range, now);
    const buckets = mergeBuckets(await history.samples(agent.id, level, range), stepMs);
    const available = (period: TimeRange): AvailabilityView => view(availabilityIn(past, period));
    return {
      agent: refOf(agent),
      from: iso(range.from),
      to: iso(range.to),
      tz: asked.tz,
      timeline: segments.slice(-mostSegments).map(segmentView),
      omittedSegments: Math.max(0, segments.length - mostSegments),
      maintenance: maintenance
        .filter(({ from, until }) => from < range.to && until > range.from)
        .map(({ from, until }) => ({ from: iso(from), until: iso(until) })),
      availability: {
        range: available(periods.range),
        today: available(periods.today),
        last7Days: available(periods.last7Days),
        last30Days: available(periods.last30Days),
      },
      days: daysOf(range, asked.tz).map(({ day, from, to }) => ({
        day,
        ...available({ from: Math.max(from, range.from), to: Math.min(to, range.to) }),
      })),
      samples: {
        stepSeconds: stepMs / 1000,
        points: buckets.map(({ at, ...bucket }): SamplePoint => ({ at: iso(at), ...bucket })),
      },
    };
  }

  /** Of every agent that there was in this month. Throws `invalid` for a month that has not begun. */
  async sla(asked: { month: string; tz: string; tenant?: string | undefined }): Promise<SlaReport> {
    const { history, clock } = this.#deps;
    const now = clock.now();
    const month = monthRange(asked.month, asked.tz);
    if (month.from >= now) {
      throw new AppError('invalid', 'MonthToCome', `${asked.month} has not begun yet`, { field: 'month' });
    }
    const range = { from: month.from, to: Math.min(month.to, now) };
    const windows = await this.#deps.windowsAfter(range.from);
    const measured: { agent: Agent; availability: Availability }[] = [];
    for await (const agent of this.#agents(asked.tenant)) {
      const living = lifeOf(agent, range);
      if (living.to <= living.from) continue;
      const maintenance = maintenanceOf(agent, windows);
      const marks = await history.marks(agent.id, living);
      measured.push({ agent, availability: availabilityIn({ agent, marks, maintenance }, range) });
    }
    const tenants = Map.groupBy(measured, ({ agent }) => agent.tenant);
    return {
      month: asked.month,
      tz: asked.tz,
      from: iso(range.from),
      to: iso(range.to),
      complete: month.to <= now,
      tenants: [...tenants]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([tenant, agents]) => ({
          tenant,
          ...view(sumOfAvailability(agents.map(({ availability }) => availability))),
          agents: agents.toSorted(byRef).map(({ agent, availability }) => ({
            id: agent.id,
            agent: refOf(agent),
            deleted: agent.deletion !== undefined,
            ...view(availability),
          })),
        })),
    };
  }

  async *#agents(tenant: string | undefined): AsyncGenerator<Agent> {
    let cursor: string | undefined;
    do {
      const page = await this.#deps.store.listAgents({ tenant, cursor, limit: pageSize, deleted: true });
      yield* page.items;
      cursor = page.nextCursor;
    } while (cursor !== undefined);
  }
}

/** Not before it was announced: nobody excuses an outage afterwards. */
function maintenanceOf(agent: Agent, windows: readonly MaintenanceWindow[]): readonly MaintenanceTime[] {
  const subject = { ref: refOf(agent), tenant: agent.tenant };
  return windows
    .filter((window) => inMaintenance([window], subject, window.from) !== undefined)
    .map(({ from, until, createdAt }) => ({ from: Math.max(from, createdAt), until }));
}

function byRef(a: { agent: Agent }, b: { agent: Agent }): number {
  return refOf(a.agent) < refOf(b.agent) ? -1 : 1;
}

interface Past {
  readonly agent: Agent;
  readonly marks: readonly StateMark[];
  readonly maintenance: readonly MaintenanceTime[];
}

function availabilityIn({ agent, marks, maintenance }: Past, period: TimeRange): Availability {
  const living = lifeOf(agent, period);
  return availabilityOf(toSegments(marks, living), living, maintenance);
}

/** The part of the period in which there was such an agent. */
function lifeOf({ createdAt, deletion }: Agent, { from, to }: TimeRange): TimeRange {
  const born = Math.max(from, Date.parse(createdAt));
  const gone = deletion ? Date.parse(deletion.requestedAt) : to;
  return { from: born, to: Math.max(born, Math.min(to, gone)) };
}

function rangeOf(asked: { from?: string | undefined; to?: string | undefined }, now: number): TimeRange {
  const to = Math.min(now, asked.to === undefined ? now : Date.parse(asked.to));
  const from = asked.from === undefined ? to - dayMs : Date.parse(asked.from);
  if (from >= to) throw new AppError('invalid', 'EmptyRange', 'the range ends before it begins', { field: 'from' });
  if (to - from > timelineKeepMs) {
    throw new AppError('invalid', 'RangeTooLong', `a range has at most ${timelineKeepMs / dayMs} days`, {
      field: 'from',
    });
  }
  return { from, to };
}

function segmentView({ from, to, ...rest }: StateSegment): TimelineSegment {
  return { from: iso(from), to: iso(to), ...rest };
}

function view(availability: Availability): AvailabilityView {
  const fraction = availabilityFraction(availability);
  return {
    ...(fraction === undefined ? {} : { fraction }),
    answeringSeconds: availability.answeringMs / 1000,
    downSeconds: availability.downMs / 1000,
    unknownSeconds: availability.unknownMs / 1000,
    maintenanceSeconds: availability.maintenanceMs / 1000,
    stoppedSeconds: availability.unwantedMs / 1000,
    degradedSeconds: availability.degradedMs / 1000,
    outages: availability.outages,
    longestOutageSeconds: availability.longestOutageMs / 1000,
  };
}

function iso(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
