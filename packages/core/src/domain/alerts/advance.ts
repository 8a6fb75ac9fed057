import type { Alert } from './alert.ts';
import { explanation } from './causes.ts';
import type { Surroundings } from './situation.ts';
import { keyOf, type Reading } from './readings.ts';
import { alertTiming, hardReasons, progressReasons } from './rules.ts';

/**
 * What becomes of the alert of one key. Answers the alert as it is now, or `undefined` when there is none and none
 * begins. It may fire and be over in one step: a crash that healed between two looks is told, and its recovery too.
 */
export function advance(
  reading: Reading,
  before: Alert | undefined,
  newId: (openedAt: number) => string,
  surroundings: Surroundings,
): Alert | undefined {
  const open = before?.phase === 'resolved' ? undefined : before;
  const begins = reading.state === 'bad' || (reading.restart !== undefined && reading.state !== 'unclear');
  if (!open && !begins) return undefined;
  const alert = noted(reading, open ?? begun(reading, before, newId, surroundings), surroundings.situation.now);
  if (reading.state === 'over') return ended(alert, reading, surroundings.situation.now);
  return endedIfQuiet(firedIfDue(alert, reading, surroundings), reading, surroundings);
}

function begun(
  reading: Reading,
  before: Alert | undefined,
  newId: (openedAt: number) => string,
  { situation: { now } }: Surroundings,
): Alert {
  const { rule, subject, severity, reason, message, restart } = reading;
  // A good state tells when it began, the trouble before it began with the restart.
  const since = Math.min((reading.state === 'bad' ? reading.since : undefined) ?? now, restart?.at ?? now);
  const recovered = before && (before.goodSince ?? before.resolvedAt);
  return {
    id: newId(since),
    key: keyOf(rule, subject.id),
    rule,
    subject,
    severity,
    reason,
    message,
    phase: 'pending',
    since,
    notices: 0,
    flapping: false,
    firings: (before?.firings ?? []).filter((at) => now - at < alertTiming.flappingWindowMs),
    counted: false,
    ...(recovered === undefined ? {} : { recoveredBefore: recovered }),
    ...(before?.countedUntil === undefined ? {} : { countedUntil: before.countedUntil }),
  };
}

/** What is seen now, written down. It never makes an open alert look milder than it was. */
function noted(reading: Reading, alert: Alert, now: number): Alert {
  const { goodSince: _, ...rest } = alert;
  const counted = reading.restart ? { counted: true, countedUntil: reading.restart.at } : {};
  switch (reading.state) {
    case 'unclear':
      return alert;
    case 'over':
      return { ...alert, ...counted };
    case 'good': {
      const goodSince = reading.restart ? reading.since : (alert.goodSince ?? reading.since);
      const said =
        reading.restart && alert.phase === 'pending' && !hardReasons.has(alert.reason) ? wordsOf(reading) : {};
      return { ...alert, ...counted, ...said, goodSince: Math.max(goodSince ?? now, alert.since) };
    }
    case 'bad': {
      const worse = reading.severity === 'critical' && alert.severity !== 'critical';
      const said = worse || saysMore(reading.reason, alert) ? wordsOf(reading) : {};
      return { ...rest, ...counted, ...said, severity: worse ? 'critical' : alert.severity };
    }
  }
}

/** On the way up, the reason it went down for is still the one that counts. */
function saysMore(reason: string, alert: Alert): boolean {
  if (progressReasons.has(reason)) return !alert.counted && progressReasons.has(alert.reason);
  return hardReasons.has(reason) || !hardReasons.has(alert.reason);
}

function wordsOf({ reason, message, lastError }: Reading): Partial<Alert> {
  return { reason, message, ...(lastError === undefined ? {} : { lastError }) };
}

function firedIfDue(alert: Alert, reading: Reading, { situation: { now }, causes, lookAt }: Surroundings): Alert {
  if (alert.phase !== 'pending' || reading.state === 'unclear') return alert;
  const { heldBy: _, ...free } = alert;
  const held = explanation(causes, { reading, since: alert.since, recovered: alert.recoveredBefore }, now);
  if (held) {
    if (held.until !== undefined) lookAt(held.until);
    return { ...free, heldBy: held.rule };
  }
  // Well again, nothing was counted: nobody has to know. Or the old configuration is back, and that has its own alert.
  if (reading.state === 'good' && (!alert.counted || alert.heldBy !== undefined || reading.comingBack)) return free;
  const dueAt = alert.since + waitMs(alert, reading);
  if (reading.state === 'bad' && now < dueAt) {
    lookAt(dueAt);
    return free;
  }
  const flapping = alert.firings.length >= alertTiming.flappingCycles;
  return { ...free, phase: 'firing', firedAt: now, firings: [...alert.firings, now], flapping };
}

function waitMs(alert: Alert, reading: Reading): number {
  if (reading.comingBack) return Math.max(reading.holdOffMs, alertTiming.unprovenHoldOffMs);
  return alert.counted ? 0 : reading.holdOffMs;
}

function endedIfQuiet(alert: Alert, reading: Reading, { situation: { now }, lookAt }: Surroundings): Alert {
  if (reading.state !== 'good' || alert.phase === 'resolved') return alert;
  if (alert.phase === 'pending') return keptInMind(alert, now, lookAt) ? alert : ended(alert, reading, now);
  const quietAt = (alert.goodSince ?? now) + (alert.flapping ? alertTiming.flappingQuietMs : alertTiming.quietMs);
  if (now >= quietAt) return ended(alert, reading, now);
  lookAt(quietAt);
  return alert;
}

/** An engine that was away for a moment: whether that was of consequence shows a little later. */
function keptInMind(alert: Alert, now: number, lookAt: (time: number) => void): boolean {
  if (alert.rule !== 'EngineUnreachable') return false;
  const until = (alert.goodSince ?? now) + alertTiming.aftermathMs;
  lookAt(until);
  return now < until;
}

function ended(alert: Alert, reading: Reading, now: number): Alert {
  const { heldBy: _, ...rest } = alert;
  // Why it is over is worth saying only when it did not simply get well.
  const why = reading.state === 'over' ? { reason: reading.reason } : {};
  return { ...rest, ...why, phase: 'resolved', resolvedAt: now };
}
