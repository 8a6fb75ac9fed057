import type { Condition } from '../condition.ts';
import type { Alert } from './alert.ts';
import type { AlertSituation } from './situation.ts';

/**
 * The same situation after the clock was set back: what lies in the future counts as of now, or people would wait for as
 * long as the clock moved. A restart of the future was dealt with before the clock moved.
 */
export function atPresent(situation: AlertSituation): AlertSituation {
  const { now } = situation;
  const past = (time: number): number => Math.min(time, now);
  return {
    ...situation,
    alerts: situation.alerts.map((alert) => ofAlert(alert, past)),
    agents: situation.agents.map((agent) => ({
      ...agent,
      conditions: agent.conditions.map((condition) => ofCondition(condition, now)),
      restarts: agent.restarts.filter(({ at }) => at <= now),
    })),
    hostChecks: situation.hostChecks.map((check) => ({ ...check, since: past(check.since) })),
  };
}

function ofAlert(alert: Alert, past: (time: number) => number): Alert {
  const { firedAt, goodSince, resolvedAt, recoveredBefore, countedUntil } = alert;
  return {
    ...alert,
    since: past(alert.since),
    firings: alert.firings.map(past),
    ...(firedAt === undefined ? {} : { firedAt: past(firedAt) }),
    ...(goodSince === undefined ? {} : { goodSince: past(goodSince) }),
    ...(resolvedAt === undefined ? {} : { resolvedAt: past(resolvedAt) }),
    ...(recoveredBefore === undefined ? {} : { recoveredBefore: past(recoveredBefore) }),
    ...(countedUntil === undefined ? {} : { countedUntil: past(countedUntil) }),
  };
}

function ofCondition(condition: Condition, now: number): Condition {
  if (Date.parse(condition.lastTransitionTime) <= now) return condition;
  return { ...condition, lastTransitionTime: new Date(now).toISOString() };
}
