import type { Alert } from './alert.ts';
import type { Surroundings } from './situation.ts';
import type { AlertNotice } from './notice.ts';
import { inMaintenance, isSilenced } from './quiet.ts';

const hourMs = 3_600_000;

/**
 * What people are to hear of this alert now, compared with what they heard. Silence and maintenance keep from telling
 * what is wrong, never from telling that it is over: whoever was told waits for that.
 */
export function tell(alert: Alert, surroundings: Surroundings): { alert: Alert; notices: AlertNotice[] } {
  const { now, remindEveryHours } = surroundings.situation;
  const notices: AlertNotice[] = [];
  let after = alert;
  const say = (kind: 'firing' | 'escalated' | 'resolved'): void => {
    const { severity } = after;
    after = { ...after, notices: after.notices + 1, told: { severity, at: now } };
    notices.push(noticeOf(after, kind, now));
  };
  if (alert.firedAt === undefined) return { alert, notices };
  if (!isMuted(alert, surroundings)) {
    if (!alert.told) say('firing');
    else if (alert.told.severity === 'warning' && alert.severity === 'critical') say('escalated');
    else if (now >= (reminderAt(alert, remindEveryHours) ?? Number.POSITIVE_INFINITY)) say('firing');
    surroundings.lookAt(reminderAt(after, remindEveryHours) ?? 0);
  }
  if (after.phase === 'resolved' && after.told) say('resolved');
  return { alert: after, notices };
}

function isMuted(alert: Alert, { situation, lookAt }: Surroundings): boolean {
  const { now, silences, maintenance } = situation;
  const quiet = isSilenced(silences, alert, now) ?? inMaintenance(maintenance, alert.subject, now);
  if (!quiet) return false;
  if (alert.phase === 'firing') lookAt(quiet.until);
  return true;
}

/** When it is to be told again although nothing new happened; absent when once is enough. */
function reminderAt(alert: Alert, remindEveryHours: number | undefined): number | undefined {
  if (!remindEveryHours || !alert.told || alert.severity !== 'critical' || alert.phase !== 'firing') return undefined;
  return alert.told.at + remindEveryHours * hourMs;
}

function noticeOf(alert: Alert, kind: AlertNotice['kind'], now: number): AlertNotice {
  const { kind: of, ref, tenant } = alert.subject;
  return {
    id: `${alert.id}-${alert.notices}`,
    kind,
    rule: alert.rule,
    severity: alert.severity,
    subject: { kind: of, ref, ...(tenant === undefined ? {} : { tenant }) },
    reason: alert.reason,
    since: new Date(alert.since).toISOString(),
    at: new Date(now).toISOString(),
    message: alert.message,
    ...(alert.lastError === undefined ? {} : { lastError: alert.lastError }),
    ...(alert.flapping ? { flapping: true } : {}),
  };
}

/** Which alert a notice speaks of. */
export function alertIdOf({ id }: Pick<AlertNotice, 'id'>): string {
  return id.slice(0, id.lastIndexOf('-'));
}
