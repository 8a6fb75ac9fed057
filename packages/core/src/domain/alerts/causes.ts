import type { Alert } from './alert.ts';
import type { Reading } from './readings.ts';
import { type AlertRule, alertTiming, type HostRuleSpec, hostRuleSpecs } from './rules.ts';

/** A host-level trouble, present or just over, that explains troubles which began during it. */
export interface Cause {
  readonly rule: AlertRule;
  readonly began: number;
  /** Absent while it lasts. */
  readonly ended: number | undefined;
  /** For how long after its end it still explains. */
  readonly settleMs: number;
}

/** Of agents that start again one after the other: before their turn, and when it has come. */
const takesTurns: ReadonlySet<string> = new Set(['Waiting', 'EngineRestarted', 'Booting']);

/** The causes that these host alerts are. One that ended before anybody was told explains nothing any more. */
export function causesOf(hostAlerts: readonly Alert[]): Cause[] {
  return hostAlerts.flatMap((alert) => {
    if (alert.phase === 'resolved' && alert.firedAt === undefined) return [];
    const ended = alert.goodSince ?? alert.resolvedAt;
    const settleMs = alert.phase === 'pending' ? alertTiming.aftermathMs : alertTiming.settleMs;
    return [{ rule: alert.rule, began: alert.since, ended, settleMs }];
  });
}

/**
 * The cause that explains this trouble, and until when that keeps people from being told. `since` is when the trouble
 * began; `recovered` is when the one before it was over.
 */
export function explanation(
  causes: readonly Cause[],
  trouble: { readonly reading: Reading; readonly since: number; readonly recovered: number | undefined },
  now: number,
): { readonly rule: AlertRule; readonly until: number | undefined } | undefined {
  const { reading, since, recovered } = trouble;
  for (const { rule, began, ended, settleMs } of causes) {
    const spec: HostRuleSpec | undefined = hostRuleSpecs[rule as keyof typeof hostRuleSpecs];
    if (!spec?.explains(reading) || since < began - alertTiming.causeLeadMs) continue;
    if (ended === undefined) return { rule, until: undefined };
    // It was well again after the host was: what it has now is its own.
    if (since > ended + settleMs || (recovered !== undefined && recovered >= began)) continue;
    // A fleet that boots in turns takes its time.
    const patience = takesTurns.has(reading.reason) ? Math.max(settleMs, alertTiming.waitingTurnMs) : settleMs;
    if (now < ended + patience) return { rule, until: ended + patience };
  }
  return undefined;
}
