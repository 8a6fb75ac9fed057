import { type Condition, findCondition, isTrue } from '../condition.ts';
import { plainText } from '../plain-text.ts';
import type { Alert, AlertAgent, AlertSubject } from './alert.ts';
import type { Severity } from './notice.ts';
import {
  type AlertRule,
  alertTiming,
  conditionRules,
  type ConditionRule,
  hardReasons,
  longestMessage,
  progressReasons,
} from './rules.ts';

/** What a rule makes of its subject now. */
export interface Reading {
  readonly rule: AlertRule;
  readonly subject: AlertSubject;
  /** `unclear`: neither sign of trouble nor of its end. `over`: nobody wants to hear of this subject any more. */
  readonly state: 'bad' | 'good' | 'unclear' | 'over';
  readonly reason: string;
  readonly message: string;
  readonly lastError?: string;
  readonly severity: Severity;
  /** Since when it is so, as far as the condition tells. */
  readonly since: number | undefined;
  readonly holdOffMs: number;
  /** A start nobody asked for that no alert has dealt with yet. */
  readonly restart: { readonly at: number; readonly reason: string } | undefined;
  /** AgentPod is putting the old configuration back, or did; what that mends has an alert of its own. */
  readonly comingBack: boolean;
}

export function keyOf(rule: AlertRule, subjectId: string): string {
  return `${rule}/${subjectId}`;
}

export function agentReadings(agent: AlertAgent, newest: ReadonlyMap<string, Alert>, now: number): Reading[] {
  return [
    downReading(agent, newest.get(keyOf('AgentDown', agent.id)), now),
    ...conditionRules.map((rule) => conditionReading(agent, rule)),
  ];
}

/** Readings of all rules about an agent that is gone, as far as there are alerts about it. */
export function goneReading(alert: Alert): Reading {
  return { ...blank(alert.rule, alert.subject), state: 'over', reason: 'Deleted', severity: alert.severity };
}

/** Whether agents are starting again because the engine did. */
export const engineRestarted = 'EngineRestarted';

function downReading(agent: AlertAgent, newest: Alert | undefined, now: number): Reading {
  const ready = findCondition(agent.conditions, 'Ready');
  const restart = newestRestart(agent, newest, now);
  const base = { ...blank('AgentDown', subjectOf(agent)), restart };
  const began = newest?.phase === 'pending' ? newest.since : undefined;
  if (agent.suspended || agent.deleting) {
    return { ...base, state: 'over', reason: agent.deleting ? 'Deleted' : 'Suspended' };
  }
  if (ready?.status === 'True') {
    const since = Math.max(timeOf(ready), restart?.at ?? 0);
    const healed = restart && { reason: restart.reason, message: `It was started again (${restart.reason})` };
    return { ...base, ...healed, state: 'good', since, comingBack: wasPutBack(agent, began ?? restart?.at) };
  }
  // What cannot be seen is the host's trouble; a certificate that is missing has a rule of its own.
  if (ready?.status !== 'False' || ready.reason === 'NoCertificate') return base;
  const stalled = isTrue(agent.conditions, 'Stalled');
  const verdict = stalled ? (findCondition(agent.conditions, 'Stalled') ?? ready) : ready;
  // Why it went down says more than that it is coming up again.
  const reason = progressReasons.has(verdict.reason) && restart ? restart.reason : verdict.reason;
  return {
    ...base,
    state: 'bad',
    reason,
    message: words(verdict.message || ready.message),
    ...(agent.lastError === undefined ? {} : { lastError: words(agent.lastError) }),
    severity: stalled ? 'critical' : 'warning',
    since: timeOf(ready),
    holdOffMs: restart || stalled || hardReasons.has(ready.reason) ? 0 : patience(agent, ready.reason),
    comingBack: agent.unprovenSpec || wasPutBack(agent, began ?? timeOf(ready)),
  };
}

function patience(agent: AlertAgent, reason: string): number {
  if (!agent.wasReady) return agent.startDeadlineSeconds * 1000 + alertTiming.downHoldOffMs;
  return progressReasons.has(reason) ? alertTiming.progressHoldOffMs : alertTiming.downHoldOffMs;
}

/** The newest start nobody asked for, unless it was dealt with, is old news, or was the engine's doing. */
function newestRestart(agent: AlertAgent, newest: Alert | undefined, now: number): Reading['restart'] {
  const restart = agent.restarts.at(-1);
  if (!restart || restart.reason === engineRestarted || now - restart.at > alertTiming.newsMs) return undefined;
  return restart.at > (newest?.countedUntil ?? Number.NEGATIVE_INFINITY) ? restart : undefined;
}

/** The old configuration was put back because of this very outage; one that begins later is another story. */
function wasPutBack(agent: AlertAgent, began: number | undefined): boolean {
  const configured = findCondition(agent.conditions, 'Configured');
  return configured?.reason === 'ConfigRejected' && began !== undefined && began <= timeOf(configured);
}

function conditionReading(agent: AlertAgent, rule: ConditionRule): Reading {
  const condition = findCondition(agent.conditions, rule.condition);
  const base = { ...blank(rule.rule, subjectOf(agent)), holdOffMs: rule.holdOffMs };
  if (agent.suspended || agent.deleting) {
    return { ...base, state: 'over', reason: agent.deleting ? 'Deleted' : 'Suspended' };
  }
  if (rule.whileReady && !isTrue(agent.conditions, 'Ready')) return base;
  if (!condition) return { ...base, state: 'good' };
  const said = { ...base, reason: condition.reason, message: words(condition.message), since: timeOf(condition) };
  if (condition.status === 'True') return { ...said, state: 'good' };
  if (condition.status === 'Unknown') return base;
  if (rule.reason !== undefined && condition.reason !== rule.reason) return { ...base, state: 'good' };
  return { ...said, state: 'bad', ...(agent.lastError === undefined ? {} : { lastError: words(agent.lastError) }) };
}

function subjectOf(agent: AlertAgent): AlertSubject {
  return { kind: 'agent', id: agent.id, ref: agent.ref, tenant: agent.tenant };
}

export function blank(rule: AlertRule, subject: AlertSubject): Reading {
  return {
    rule,
    subject,
    state: 'unclear',
    reason: '',
    message: '',
    severity: 'warning',
    since: undefined,
    holdOffMs: 0,
    restart: undefined,
    comingBack: false,
  };
}

export function timeOf(condition: Condition): number {
  return Date.parse(condition.lastTransitionTime);
}

/** Agents have a say in messages. */
export function words(text: string): string {
  return plainText(text, longestMessage);
}
