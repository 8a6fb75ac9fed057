import { z } from 'zod';
import { Severity } from '../domain/alerts/notice.ts';
import { alertRules } from '../domain/alerts/rules.ts';
import { TenantName } from '../domain/names.ts';

/** What crosses the wire about alerts. */

export const AlertView = z.object({
  id: z.string(),
  rule: z.enum(alertRules),
  /** `pending`: it may become one, or something else explains it; nobody was told. */
  state: z.enum(['pending', 'firing', 'resolved']),
  severity: Severity,
  subject: z.object({ kind: z.enum(['agent', 'host']), ref: z.string(), tenant: z.string().optional() }),
  reason: z.string(),
  message: z.string(),
  lastError: z.string().optional(),
  since: z.iso.datetime(),
  /** When it was over. */
  until: z.iso.datetime().optional(),
  /** Whether people were to hear of it. */
  told: z.boolean(),
  flapping: z.boolean(),
  mutedBy: z.enum(['silence', 'maintenance']).optional(),
  /** The rule about the host that explains it. */
  heldBy: z.string().optional(),
});
export type AlertView = z.infer<typeof AlertView>;
export const AlertList = z.object({ items: z.array(AlertView) });
export type AlertList = z.infer<typeof AlertList>;
export const AlertDetail = AlertView.extend({
  /** What was said about it, oldest first. */
  notices: z.array(
    z.object({
      id: z.string(),
      kind: z.enum(['firing', 'resolved', 'escalated', 'test']),
      severity: Severity,
      at: z.iso.datetime(),
    }),
  ),
});
export type AlertDetail = z.infer<typeof AlertDetail>;

export const ListAlertsQuery = z.strictObject({
  state: z.enum(['firing', 'all']).default('firing'),
  tenant: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
});
export type ListAlertsQuery = z.output<typeof ListAlertsQuery>;

const Comment = z.string().max(500);
const Moment = z.iso.datetime({ offset: true });

/** What matches all that is given is not told, until then. */
export const CreateSilence = z.strictObject({
  agent: z.string().optional(),
  tenant: TenantName.optional(),
  rule: z.enum(alertRules).optional(),
  until: Moment,
  comment: Comment.optional(),
});
export type CreateSilence = z.input<typeof CreateSilence>;
const Note = { id: z.string(), comment: z.string(), createdBy: z.string(), createdAt: z.iso.datetime() };
export const SilenceView = z.object({
  ...Note,
  agent: z.string().optional(),
  tenant: z.string().optional(),
  rule: z.enum(alertRules).optional(),
  until: z.iso.datetime(),
});
export type SilenceView = z.infer<typeof SilenceView>;
export const SilenceList = z.object({ items: z.array(SilenceView) });

/** One of `agent`, `tenant` and `everything`. */
export const CreateMaintenance = z.strictObject({
  agent: z.string().optional(),
  tenant: TenantName.optional(),
  everything: z.boolean().optional(),
  /** Left out: now. */
  from: Moment.optional(),
  until: Moment,
  comment: Comment.optional(),
});
export type CreateMaintenance = z.input<typeof CreateMaintenance>;
export const MaintenanceView = z.object({
  ...Note,
  agent: z.string().optional(),
  tenant: z.string().optional(),
  from: z.iso.datetime(),
  until: z.iso.datetime(),
});
export type MaintenanceView = z.infer<typeof MaintenanceView>;
export const MaintenanceList = z.object({ items: z.array(MaintenanceView) });

export const TransportName = z
  .string()
  .regex(/^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/, 'use 1 to 40 of a-z, 0-9 and "-", not at either end');
const fieldName = z.string().regex(/^[A-Za-z][A-Za-z0-9]{0,39}$/, 'use letters and digits');

/** Whatever is left out is the default at first and unchanged later; `settings` are replaced as a whole. */
export const PutAlertTransport = z.strictObject({
  kind: z.string().max(40),
  settings: z.record(fieldName, z.unknown()).optional(),
  /** Write-only. One that is not named stays, `null` removes it. */
  secrets: z
    .record(fieldName, z.union([z.string().min(1).max(4096), z.null()]))
    .optional()
    .meta({ writeOnly: true }),
  minimumSeverity: Severity.optional(),
  language: z.enum(['zh', 'en']).optional(),
  /** Only alerts about these; `null` for all. */
  tenants: z.array(TenantName).min(1).max(1000).nullable().optional(),
  enabled: z.boolean().optional(),
});
export type PutAlertTransport = z.input<typeof PutAlertTransport>;
export const AlertTransportView = z.object({
  name: z.string(),
  kind: z.string(),
  settings: z.record(z.string(), z.unknown()),
  /** Names of the secrets it has. */
  secrets: z.array(z.string()),
  minimumSeverity: Severity,
  language: z.enum(['zh', 'en']),
  tenants: z.array(z.string()).optional(),
  enabled: z.boolean(),
  createdAt: z.iso.datetime(),
  /** How many notices it has still to deliver. */
  waiting: z.number().int(),
  /** Why they were not delivered yet. */
  lastError: z.string().optional(),
});
export type AlertTransportView = z.infer<typeof AlertTransportView>;
export const AlertTransportList = z.object({ items: z.array(AlertTransportView) });

export const TransportTest = z.object({ detail: z.string(), milliseconds: z.number().int() });
export type TransportTest = z.infer<typeof TransportTest>;

export const ListDeliveriesQuery = z.strictObject({
  transport: z.string().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
export const AlertDeliveryView = z.object({
  id: z.number().int(),
  at: z.iso.datetime(),
  transport: z.string(),
  notice: z.string(),
  kind: z.enum(['firing', 'resolved', 'escalated', 'test']),
  rule: z.string(),
  subject: z.string(),
  outcome: z.enum(['delivered', 'retrying', 'failed', 'given-up']),
  attempts: z.number().int(),
  detail: z.string(),
});
export type AlertDeliveryView = z.infer<typeof AlertDeliveryView>;
export const AlertDeliveryList = z.object({ items: z.array(AlertDeliveryView) });
