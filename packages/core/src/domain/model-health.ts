import { z } from 'zod';
import type { Finding } from './condition.ts';

/** How a call to a model ended. All but the last two say something about key, account or provider. */
export const callOutcomes = [
  'ok',
  'unauthorized',
  'forbidden',
  'quota-exhausted',
  'not-found',
  'rate-limited',
  'server-error',
  'unreachable',
  'timed-out',
  /** The provider would not do what this one call asked for: says nothing about the next. */
  'refused',
  /** The agent did not wait for the end. */
  'aborted',
] as const;
export type CallOutcome = (typeof callOutcomes)[number];

const failureKinds = callOutcomes.filter((kind) => kind !== 'ok' && kind !== 'refused' && kind !== 'aborted');
export type CallFailureKind = (typeof failureKinds)[number];

/** Room for what a provider says; longer is no sentence. */
export const longestDetail = 200;

const CallFailure = z.object({
  kind: z.enum(failureKinds),
  /** Milliseconds since 1970. */
  at: z.number(),
  /** Of the provider's answer; absent when there was none. */
  status: z.number().int().optional(),
  /** One plain sentence without secrets. */
  detail: z.string().max(longestDetail),
});
export type CallFailure = z.infer<typeof CallFailure>;

/** What the gateway saw of one agent's calls since it started. Only calls that carry a conversation decide anything. */
export const ModelReport = z.object({
  provider: z.string().max(100),
  /** When the agent got another model or key than the gateway knew before; what is below speaks of the present one. */
  changedAt: z.number().optional(),
  lastSuccessAt: z.number().optional(),
  lastFailure: CallFailure.optional(),
  /** Failures with no success since: of each kind the newest, how many, and when they began. */
  streak: z.array(CallFailure.extend({ count: z.number().int().positive(), since: z.number() })).max(20),
  /** Of the last ten minutes, by outcome; every call counts here. */
  recent: z.partialRecord(z.enum(callOutcomes), z.number().int().nonnegative()),
});
export type ModelReport = z.infer<typeof ModelReport>;

/** By the agent's id. */
export const ModelReports = z.record(z.string().max(100), ModelReport);

type Streak = ModelReport['streak'][number];

interface Trouble {
  readonly reason: string;
  readonly kinds: readonly CallFailureKind[];
  /** How many in a row, and for how long without a success, before it is more than a hiccup. */
  readonly count: number;
  readonly forMs: number;
  /** Follows the provider's name. */
  readonly words: string;
  readonly remedy: string;
}

/** What will not pass by itself comes first, and then it does not matter how often it was seen. */
const troubles: readonly (readonly Trouble[])[] = [
  [
    {
      reason: 'ModelKeyRejected',
      kinds: ['unauthorized', 'forbidden'],
      count: 1,
      forMs: 0,
      words: 'rejects the key',
      remedy: 'Give a valid one with "agentpod model set"',
    },
    {
      reason: 'ModelQuotaExhausted',
      kinds: ['quota-exhausted'],
      count: 1,
      forMs: 0,
      words: 'says that the account has no credit or quota left',
      remedy: 'Top it up there, or give another key with "agentpod model set"',
    },
    {
      reason: 'ModelNotFound',
      kinds: ['not-found'],
      count: 1,
      forMs: 0,
      words: 'does not know the model, or its address is wrong',
      remedy: 'Correct either with "agentpod model set"',
    },
  ],
  [
    {
      reason: 'ModelRateLimited',
      kinds: ['rate-limited'],
      count: 3,
      forMs: 2 * 60_000,
      words: 'answers nothing but "too many requests"',
      remedy: 'Wait, raise the limit there, or choose another model with "agentpod model set"',
    },
    {
      reason: 'ModelUnreachable',
      kinds: ['server-error', 'unreachable', 'timed-out'],
      count: 3,
      forMs: 60_000,
      words: 'does not answer',
      remedy: 'Look at its status page; if it stays away, choose another model with "agentpod model set"',
    },
  ],
];

/**
 * Judges what the gateway reports. `undefined` means that nothing is known, and what was known before still stands: a
 * gateway that was started anew has not seen the key accepted. A quiet agent stays as its last call left it.
 */
export function modelFinding(report: ModelReport, now: number): Finding | undefined {
  // Its canned replies come from the gateway itself.
  if (report.provider === 'demo') return noTrouble;
  for (const group of troubles) {
    const [newest] = group
      .flatMap((trouble) => seenOf(trouble, report.streak, now))
      .toSorted((a, b) => b.last.at - a.last.at);
    if (newest) return failing(newest, report.provider);
  }
  // What was known before a change was about another model or key.
  return report.lastSuccessAt !== undefined || report.changedAt !== undefined ? noTrouble : undefined;
}

const noTrouble: Finding = {
  type: 'ModelAnswering',
  status: 'True',
  reason: 'NoTrouble',
  message: 'No trouble with the model is known',
};

interface Seen {
  readonly trouble: Trouble;
  readonly last: Streak;
}

function seenOf(trouble: Trouble, streak: readonly Streak[], now: number): Seen[] {
  const mine = streak.filter(({ kind }) => trouble.kinds.includes(kind)).toSorted((a, b) => b.at - a.at);
  const [last] = mine;
  if (!last) return [];
  const count = mine.reduce((sum, one) => sum + one.count, 0);
  const since = Math.min(...mine.map((one) => one.since));
  return count >= trouble.count && now - since >= trouble.forMs ? [{ trouble, last }] : [];
}

function failing({ trouble, last }: Seen, provider: string): Finding {
  const status = last.status === undefined ? '' : ` (HTTP ${last.status})`;
  const detail = last.detail === '' ? '' : `: ${last.detail.replace(/[.\s]+$/, '')}`;
  return {
    type: 'ModelAnswering',
    status: 'False',
    reason: trouble.reason,
    message: `The provider "${provider}" ${trouble.words}${status}${detail}. ${trouble.remedy}`,
  };
}
