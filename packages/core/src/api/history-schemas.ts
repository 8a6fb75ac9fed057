import { z } from 'zod';
import { presences } from '../domain/history/timeline.ts';
import { TenantName } from '../domain/names.ts';
import { AgentStateWord } from './schemas.ts';

/** What became of agents over time. How availability is reckoned stands in docs/reference/history.md. */

const time = z.iso.datetime();
const seconds = z.number().min(0);

const TimeZone = z
  .string()
  .regex(/^[A-Za-z0-9_+\-/]{1,64}$/, 'use an IANA name, such as Asia/Shanghai')
  .default('UTC')
  .describe('IANA name; where days and months begin.');

export const HistoryQuery = z.strictObject({
  from: z.iso.datetime({ offset: true }).optional().describe('Default: a day before the end.'),
  to: z.iso.datetime({ offset: true }).optional().describe('Default: now.'),
  tz: TimeZone,
});
export type HistoryQuery = z.input<typeof HistoryQuery>;

export const AvailabilityView = z.object({
  /** Answering of answering and down, from 0 to 1. Absent when there was no time that counts. */
  fraction: z.number().min(0).max(1).optional(),
  answeringSeconds: seconds,
  downSeconds: seconds,
  /** Not counted: nobody was looking. */
  unknownSeconds: seconds,
  /** Not counted: announced. */
  maintenanceSeconds: seconds,
  /** Not counted: stopped by a person. */
  stoppedSeconds: seconds,
  /** Part of the answering time: it answered, but a channel, its model or its memory was in trouble. */
  degradedSeconds: seconds,
  outages: z.number().int(),
  longestOutageSeconds: seconds,
});
export type AvailabilityView = z.infer<typeof AvailabilityView>;

export const TimelineSegment = z.object({
  from: time,
  to: time,
  state: AgentStateWord,
  presence: z.enum(presences),
  /** Of its beginning. */
  reason: z.string(),
});
export type TimelineSegment = z.infer<typeof TimelineSegment>;

export const SamplePoint = z.object({
  at: time,
  /** How many measurements it stands for. */
  samples: z.number().int(),
  /** 1 is one core. */
  cpuAverage: z.number(),
  cpuMaximum: z.number(),
  memoryAverageBytes: z.number(),
  memoryMaximumBytes: z.number(),
  diskBytes: z.number().optional(),
});
export type SamplePoint = z.infer<typeof SamplePoint>;

export const AgentHistory = z.object({
  agent: z.string(),
  from: time,
  to: time,
  tz: z.string(),
  timeline: z.array(TimelineSegment),
  /** Older segments of the range that were left out, because nobody could read so many. */
  omittedSegments: z.number().int(),
  maintenance: z.array(z.object({ from: time, until: time })),
  availability: z.object({
    range: AvailabilityView,
    today: AvailabilityView,
    last7Days: AvailabilityView,
    last30Days: AvailabilityView,
  }),
  days: z.array(AvailabilityView.extend({ day: z.iso.date() })),
  samples: z.object({ stepSeconds: z.number(), points: z.array(SamplePoint) }),
});
export type AgentHistory = z.infer<typeof AgentHistory>;

export const SlaQuery = z.strictObject({
  month: z.string().regex(/^(19|20)\d{2}-(0[1-9]|1[0-2])$/, 'write a month as 2026-11'),
  tz: TimeZone,
  tenant: TenantName.optional(),
  format: z.enum(['json', 'csv']).optional().describe('Instead of the header "accept".'),
});
export type SlaQuery = z.input<typeof SlaQuery>;

export const SlaReport = z.object({
  month: z.string(),
  tz: z.string(),
  from: time,
  /** End of the month, or now while it lasts. */
  to: time,
  complete: z.boolean(),
  tenants: z.array(
    AvailabilityView.extend({
      tenant: z.string(),
      agents: z.array(AvailabilityView.extend({ id: z.string(), agent: z.string(), deleted: z.boolean() })),
    }),
  ),
});
export type SlaReport = z.infer<typeof SlaReport>;
