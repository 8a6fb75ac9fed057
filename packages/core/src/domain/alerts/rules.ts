import type { ConditionType } from '../condition.ts';
import type { Severity } from './notice.ts';

const second = 1000;
const minute = 60 * second;

export const alertRules = [
  'AgentDown',
  'ConfigRejected',
  'ChannelDown',
  'ModelFailing',
  'MemoryGrowing',
  'CertificateFailing',
  'EngineUnreachable',
  'EngineFailing',
  'GatewayDown',
  'ProxyDown',
  'DiskLow',
  'MasterKeyMissing',
] as const;
export type AlertRule = (typeof alertRules)[number];

export interface ConditionRule {
  readonly rule: AlertRule;
  readonly condition: ConditionType;
  /** Only this reason is trouble; absent means every reason is. */
  readonly reason?: string;
  readonly holdOffMs: number;
  /** Says something only while the agent is up: what follows from its being down is not told beside that. */
  readonly whileReady: boolean;
}

/** Rules about one condition of an agent. `AgentDown` looks at more than one and stands by itself. */
export const conditionRules: readonly ConditionRule[] = [
  { rule: 'ConfigRejected', condition: 'Configured', reason: 'ConfigRejected', holdOffMs: 0, whileReady: false },
  // Both conditions are the result of several looks already; a short reconnect is no news all the same.
  { rule: 'ChannelDown', condition: 'ChannelsConnected', holdOffMs: 30 * second, whileReady: true },
  { rule: 'ModelFailing', condition: 'ModelAnswering', holdOffMs: 30 * second, whileReady: true },
  { rule: 'MemoryGrowing', condition: 'MemoryStable', holdOffMs: 0, whileReady: true },
  { rule: 'CertificateFailing', condition: 'Certified', holdOffMs: 10 * minute, whileReady: false },
];

/** Reasons of `Ready` that do not pass by themselves: told at once. So is everything that makes the agent `Stalled`. */
export const hardReasons: ReadonlySet<string> = new Set([
  'ConfigRefused',
  'CrashLoop',
  'DataMissing',
  'DiskFull',
  'Exited',
  'Hung',
  'HungBusy',
  'ImageUnavailable',
  'InstanceGone',
  'NetworkGone',
  'OutOfMemory',
  'SecretMissing',
  'StartDeadlineExceeded',
  'StartRefused',
]);

/** Reasons of `Ready` on the way up, after something that was asked for. */
export const progressReasons: ReadonlySet<string> = new Set([
  'Booting',
  'Creating',
  'Delivering',
  'OutOfDate',
  'Progressing',
  'PullingImage',
  'Restarting',
  'Starting',
  'Waiting',
]);

export interface HostRuleSpec {
  readonly severity: Severity;
  readonly holdOffMs: number;
  /** Which troubles follow from it and are not told beside it. */
  readonly explains: (trouble: { readonly rule: AlertRule; readonly reason: string }) => boolean;
}

const nothing = (): boolean => false;
/** What is seen of an agent through the ingress, and not of the agent itself. */
const throughIngress: ReadonlySet<string> = new Set(['NotRouted', 'NotReachable', 'NotAnswering']);

export const hostRuleSpecs = {
  // Gateway and proxy are containers of the engine, too.
  EngineUnreachable: {
    severity: 'critical',
    holdOffMs: 10 * second,
    explains: ({ rule }) => rule !== 'EngineUnreachable' && rule !== 'DiskLow' && rule !== 'MasterKeyMissing',
  },
  EngineFailing: { severity: 'warning', holdOffMs: 2 * minute, explains: nothing },
  GatewayDown: {
    severity: 'critical',
    holdOffMs: 20 * second,
    explains: ({ rule, reason }) => rule === 'ModelFailing' || (rule === 'AgentDown' && throughIngress.has(reason)),
  },
  ProxyDown: {
    severity: 'critical',
    holdOffMs: 20 * second,
    explains: ({ rule, reason }) => rule === 'AgentDown' && throughIngress.has(reason),
  },
  DiskLow: { severity: 'warning', holdOffMs: minute, explains: nothing },
  MasterKeyMissing: { severity: 'critical', holdOffMs: 0, explains: nothing },
} as const satisfies Partial<Record<AlertRule, HostRuleSpec>>;

export const alertTiming = {
  /** An agent that is down for no hard reason. */
  downHoldOffMs: minute,
  /** One that is on its way up after something that was asked for. */
  progressHoldOffMs: 2 * minute,
  /** One whose newest spec does not work: long enough for the older configuration to be put back. */
  unprovenHoldOffMs: 2 * minute,
  /** The good state has to last so long before people hear that it is over. */
  quietMs: 10 * second,
  /** So many complete cycles within the window make an alert a flapping one, … */
  flappingCycles: 4,
  flappingWindowMs: 60 * minute,
  /** … which is over after so long a quiet. */
  flappingQuietMs: 15 * minute,
  /** Trouble may be seen this long before the host's that caused it. */
  causeLeadMs: 45 * second,
  /** After a host-level cause agents get this long to come back by themselves, … */
  settleMs: 2 * minute,
  /** … and longer while they wait for their turn to boot. */
  waitingTurnMs: 10 * minute,
  /** An engine outage too short to be told is kept in mind this long: agents may show that it was none of theirs. */
  aftermathMs: 30 * second,
  /** Restarts older than this are nobody's news any more. */
  newsMs: 24 * 60 * minute,
} as const;

export const longestMessage = 500;
