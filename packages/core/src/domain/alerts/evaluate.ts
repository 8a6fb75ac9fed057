import { canonicalJson } from '../canonical.ts';
import { handleOf } from '../names.ts';
import type { Alert } from './alert.ts';
import { advance } from './advance.ts';
import { type Cause, causesOf } from './causes.ts';
import { hostReadings, hostSubject } from './host-readings.ts';
import { atPresent } from './present.ts';
import type { AlertNotice } from './notice.ts';
import { agentReadings, goneReading, keyOf, type Reading } from './readings.ts';
import type { AlertSituation, Surroundings } from './situation.ts';
import { tell } from './tell.ts';

export interface AlertDecision {
  /** Those that are new or different. */
  readonly alerts: readonly Alert[];
  /** In the order in which people should hear of them. */
  readonly notifications: readonly AlertNotice[];
  /** When something is due although nothing changes. */
  readonly nextLookAt: number | undefined;
}

/**
 * Level-triggered: whatever happened in between, it compares what is with what people were told. Evaluated again on its
 * own result at the same moment, it decides nothing.
 */
export function evaluateAlerts(seen: AlertSituation): AlertDecision {
  const situation = atPresent(seen);
  const { agents, now } = situation;
  const newest = new Map(situation.alerts.map((alert) => [alert.key, alert]));
  // Times that were put right are kept, or they would be put right anew with every look.
  const stored = new Map(seen.alerts.map((alert) => [alert.key, alert]));
  const changed: Alert[] = [];
  const notifications: AlertNotice[] = [];
  let nextLookAt: number | undefined;
  const lookAt = (time: number): void => {
    if (time > now) nextLookAt = Math.min(nextLookAt ?? time, time);
  };
  const decide = (readings: readonly Reading[], causes: readonly Cause[]): void => {
    for (const reading of readings) {
      const key = keyOf(reading.rule, reading.subject.id);
      const before = newest.get(key);
      const surroundings: Surroundings = { situation, causes, lookAt };
      let alert = advance(reading, before, idOf(reading, before), surroundings);
      if (!alert) continue;
      const told = tell(alert, surroundings);
      alert = told.alert;
      notifications.push(...told.notices);
      newest.set(key, alert);
      if (canonicalJson(alert) !== canonicalJson(stored.get(key))) changed.push(alert);
    }
  };

  const ofAgents = agents.flatMap((agent) => agentReadings(agent, newest, now));
  const ofHost = hostReadings(
    situation.hostChecks,
    agents,
    ofAgents,
    newest.get(keyOf('EngineUnreachable', hostSubject.id)),
  );
  const hostAlerts = (): Alert[] => [...newest.values()].filter(({ subject }) => subject.kind === 'host');
  // The engine carries the others, so it comes first; whatever agents suffer from it is known when it is their turn.
  const [engine, others] = [ofHost.filter(isEngine), ofHost.filter((reading) => !isEngine(reading))];
  decide(engine, []);
  decide(others, causesOf(hostAlerts()));
  const known = new Set(agents.map(({ id }) => id));
  const gone = situation.alerts.filter(({ subject }) => subject.kind === 'agent' && !known.has(subject.id));
  decide([...ofAgents, ...gone.map(goneReading)], causesOf(hostAlerts()));
  return { alerts: changed, notifications, nextLookAt };
}

const isEngine = ({ rule }: Reading): boolean => rule === 'EngineUnreachable';

/** Readable, and the same whenever it is decided. One that began at the same moment as the one before counts on. */
function idOf({ rule, subject }: Reading, before: Alert | undefined) {
  return (openedAt: number): string => {
    const after = before ? Number.parseInt(before.id.split('-').at(-1) ?? '0', 36) + 1 : 0;
    const about = subject.kind === 'agent' ? handleOf(subject.id) : subject.id;
    return `${rule}-${about}-${Math.max(openedAt, after).toString(36)}`;
  };
}
