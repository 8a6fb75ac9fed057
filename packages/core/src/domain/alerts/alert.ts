import { z } from 'zod';
import type { Condition } from '../condition.ts';
import { Severity } from './notice.ts';
import { type AlertRule, alertRules } from './rules.ts';

export const AlertSubject = z.object({
  kind: z.enum(['agent', 'host']),
  /** The agent's immutable id; `host` for the machine itself. */
  id: z.string(),
  /** What a person types. */
  ref: z.string(),
  tenant: z.string().exactOptional(),
});
export type AlertSubject = Readonly<z.infer<typeof AlertSubject>>;

const Time = z.number();

/**
 * One outage as one rule sees it: from the first sign, through telling people, to its end. Times are milliseconds since
 * 1970. Alerts that end before anybody had to be told stay `resolved` without `firedAt`: they remember what they covered.
 */
export const Alert = z.object({
  id: z.string(),
  /** Rule and subject: at most one alert per key is open. */
  key: z.string(),
  rule: z.enum(alertRules),
  subject: AlertSubject,
  severity: Severity,
  reason: z.string(),
  message: z.string(),
  lastError: z.string().exactOptional(),
  phase: z.enum(['pending', 'firing', 'resolved']),
  /** When the trouble began. */
  since: Time,
  firedAt: Time.exactOptional(),
  /** Since when all is well again; it has to last before the alert is over. */
  goodSince: Time.exactOptional(),
  resolvedAt: Time.exactOptional(),
  /** The host-level rule that explains it, as long as nobody is told because of that. */
  heldBy: z.enum(alertRules).exactOptional(),
  /** What people know of it; absent while they know nothing. */
  told: z.object({ severity: Severity, at: Time }).exactOptional(),
  /** How many notices were given; part of their ids. */
  notices: z.number().int(),
  /** It fires and resolves so often that it is told once and then kept until it is quiet. */
  flapping: z.boolean(),
  /** When this key fired within the last hour, this alert included. */
  firings: z.array(Time),
  /** A counted restart belongs to this outage. */
  counted: z.boolean(),
  /** When the trouble before this one was over. */
  recoveredBefore: Time.exactOptional(),
  /** The newest counted restart that was dealt with, by this alert or one before it. */
  countedUntil: Time.exactOptional(),
});
export type Alert = Readonly<z.infer<typeof Alert>>;

/** What the rules look at of one agent. */
export interface AlertAgent {
  readonly id: string;
  readonly ref: string;
  readonly tenant: string;
  readonly suspended: boolean;
  readonly deleting: boolean;
  readonly conditions: readonly Condition[];
  readonly lastError: string | undefined;
  /** Starts nobody asked for, newest last. */
  readonly restarts: readonly { readonly at: number; readonly reason: string }[];
  /** It answered at least once since it was created. */
  readonly wasReady: boolean;
  /** Its newest spec never worked, an older one did: AgentPod may be about to put the older configuration back. */
  readonly unprovenSpec: boolean;
  readonly startDeadlineSeconds: number;
}

/** Something the whole host stands on, as it was seen last. */
export interface HostCheck {
  readonly name: HostRule;
  readonly ok: boolean;
  readonly message: string;
  /** Since when it is so. */
  readonly since: number;
  /** It is worse than the rule says by itself. */
  readonly critical?: boolean;
}

export const hostRules = [
  'EngineUnreachable',
  'GatewayDown',
  'ProxyDown',
  'DiskLow',
  'MasterKeyMissing',
] as const satisfies readonly AlertRule[];
export type HostRule = (typeof hostRules)[number];
