import { z } from 'zod';

export const Severity = z.enum(['warning', 'critical']);
export type Severity = z.infer<typeof Severity>;

/** What one alert has to say at one moment. Its id is the idempotency key: a notice may arrive twice, never under two ids. */
export const AlertNotice = z.object({
  id: z.string(),
  kind: z.enum(['firing', 'resolved', 'escalated', 'test']),
  rule: z.string(),
  severity: Severity,
  subject: z.object({ kind: z.enum(['agent', 'host']), ref: z.string(), tenant: z.string().exactOptional() }),
  reason: z.string(),
  /** When the trouble began. */
  since: z.iso.datetime(),
  /** When this was decided. */
  at: z.iso.datetime(),
  message: z.string(),
  lastError: z.string().exactOptional(),
  url: z.string().exactOptional(),
  flapping: z.boolean().exactOptional(),
});
export type AlertNotice = Readonly<z.infer<typeof AlertNotice>>;
