import { findCondition } from '../condition.ts';
import type { Alert, AlertAgent, AlertSubject, HostCheck } from './alert.ts';
import { blank, engineRestarted, type Reading, timeOf, words } from './readings.ts';
import { alertTiming, hostRuleSpecs } from './rules.ts';

export const hostSubject: AlertSubject = { kind: 'host', id: 'host', ref: 'host' };

const shownAgents = 3;
/** For its turn to boot. */
const waiting = 'Waiting';

/** What the host's own rules say, from its checks and from what many agents have in common. */
export function hostReadings(
  checks: readonly HostCheck[],
  agents: readonly AlertAgent[],
  ofAgents: readonly Reading[],
  newestEngine: Alert | undefined,
): Reading[] {
  const watched = agents.filter(({ suspended, deleting }) => !suspended && !deleting);
  return [
    ...checks.map((check) => {
      const reading = checkReading(check);
      return check.name === 'EngineUnreachable' ? engineReading(reading, watched, ofAgents, newestEngine) : reading;
    }),
    failingReading(watched),
  ];
}

function checkReading(check: HostCheck): Reading {
  const { severity, holdOffMs } = hostRuleSpecs[check.name];
  return {
    ...blank(check.name, hostSubject),
    state: check.ok ? 'good' : 'bad',
    reason: check.name,
    message: words(check.message),
    severity: check.critical === true ? 'critical' : severity,
    since: check.since,
    holdOffMs,
  };
}

/** The engine answers again, but agents show that it was away: that is one trouble of the host, not theirs. */
function engineReading(
  reading: Reading,
  agents: readonly AlertAgent[],
  ofAgents: readonly Reading[],
  newest: Alert | undefined,
): Reading {
  if (reading.state === 'bad') return reading;
  const heardOf = newest?.reason === engineRestarted ? newest : undefined;
  const down = agents.flatMap(({ ref, conditions }) => {
    const ready = findCondition(conditions, 'Ready');
    return ready?.status === 'False' ? [{ ref, reason: ready.reason, since: timeOf(ready) }] : [];
  });
  // They take turns: one that fell before the last alert was over still belongs to that.
  const starting = down.filter(
    ({ reason, since }) => reason === engineRestarted && since > (heardOf?.resolvedAt ?? Number.NEGATIVE_INFINITY),
  );
  // A single one may have ended by itself while nobody watched.
  const several = Math.min(2, agents.length);
  if (starting.length > 0 && starting.length >= several) {
    return {
      ...reading,
      state: 'bad',
      reason: engineRestarted,
      message: `The container engine was restarted; ${listed(starting)} start again`,
      since: Math.min(...starting.map(({ since }) => since)),
      holdOffMs: 0,
    };
  }
  if (heardOf?.phase === 'firing' && down.some(({ reason }) => reason === engineRestarted || reason === waiting)) {
    return { ...reading, state: 'unclear' };
  }
  if (newest?.phase !== 'pending') return reading;
  const from = newest.since - alertTiming.causeLeadMs;
  const until = (newest.goodSince ?? reading.since ?? newest.since) + alertTiming.aftermathMs;
  const fell = ofAgents.filter(
    ({ rule, state, holdOffMs, since, restart }) =>
      rule === 'AgentDown' &&
      (restart !== undefined
        ? within(restart.at, from, until)
        : state === 'bad' && holdOffMs === 0 && within(since ?? 0, from, until)),
  );
  // One that falls beside a hiccup of the engine is more likely its own story.
  if (fell.length < several) return reading;
  return {
    ...reading,
    reason: engineRestarted,
    message: `The container engine was away; ${listed(fell.map(({ subject }) => subject))} went down with it`,
    restart: { at: newest.since, reason: engineRestarted },
  };
}

/** The engine answers, but nothing can be learned of some agents. */
function failingReading(agents: readonly AlertAgent[]): Reading {
  const base = { ...blank('EngineFailing', hostSubject), holdOffMs: hostRuleSpecs.EngineFailing.holdOffMs };
  const unseen = agents.flatMap(({ ref, conditions }) => {
    const ready = findCondition(conditions, 'Ready');
    return ready?.status === 'Unknown' ? [{ ref, ready }] : [];
  });
  const [first] = unseen;
  if (!first) return { ...base, state: 'good' };
  return {
    ...base,
    state: 'bad',
    reason: first.ready.reason,
    message: words(`Nothing can be seen of ${listed(unseen)}: ${first.ready.message}`),
    since: Math.min(...unseen.map(({ ready }) => timeOf(ready))),
  };
}

function listed(agents: readonly { readonly ref: string }[]): string {
  const names = agents.slice(0, shownAgents).map(({ ref }) => ref);
  const more = agents.length - names.length;
  return more > 0 ? `${names.join(', ')} and ${more} more` : names.join(', ');
}

const within = (at: number, from: number, until: number): boolean => from <= at && at <= until;
