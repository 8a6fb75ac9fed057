import type { Restart, Run } from './agent.ts';

/** How a run that ended, or hangs, is treated. Pure; the caller persists the count before the start. */
export type RestartDecision =
  | {
      readonly kind: 'start';
      /** What is to be counted before the start; undefined when this start is nobody's failure, or counted already. */
      readonly counted: Omit<Restart, 'at'> | undefined;
      readonly reason: string;
      readonly message: string;
    }
  | { readonly kind: 'wait'; readonly until: number; readonly reason: string; readonly message: string }
  /** A person has to look; `until` is the next of the rare attempts, absent when none can help. */
  | { readonly kind: 'stall'; readonly until?: number; readonly reason: string; readonly message: string };

/** A time in which containers ended because nobody ran them: the engine was away, or the machine was. */
export interface Outage {
  readonly from: number;
  readonly until: number;
  /** Control plane and engine were both away: only ends that look like an engine's own are put down to it. */
  readonly unwatched: boolean;
}

export interface EndedRun {
  readonly run: Pick<Run, 'instanceId' | 'startedAt'>;
  /** When it ended, or fell silent. */
  readonly endedAt: number;
  /** `Exited`, `OutOfMemory`, `Hung`, …: what is counted. */
  readonly reason: string;
  /** What happened, the beginning of a sentence. */
  readonly what: string;
  readonly exitCode: number | undefined;
  /** It ended of something that passes by itself, such as a lease that its predecessor left behind. */
  readonly transient: boolean;
}

export interface RestartHistory {
  readonly restarts: readonly Restart[];
  readonly restartRequestedAt: number | undefined;
  /** We stopped it ourselves, because a person wanted that. */
  readonly endedByUs: boolean;
  /** The spec changed since that run was started: what speaks against another start may be gone. */
  readonly specChanged: boolean;
  readonly unhealableExitCodes: readonly number[];
  readonly outages: readonly Outage[];
  readonly now: number;
}

const windowMs = 10 * 60_000;
const longestWaitMs = 5 * 60_000;
/** More restarts than this within the window are a crash loop. */
const mostRestarts = 3;
const transientWaitMs = 5000;
const slowAttemptMs = 10 * 60_000;
/** An attempt is late by at most a resync: a longer gap means that the agent held out. */
const slackMs = 60_000;
/** An engine that goes down kills first and reports later. */
const outageSlackMs = 15_000;
/** Exit codes of processes that were told to end or killed, as an engine that goes down does. */
const endedFromOutside: ReadonlySet<number> = new Set([0, 137, 143, 255]);

/**
 * At once after the first failure, then after 1 s · 2ⁿ, at most 5 min, where n counts the restarts of the last ten
 * minutes. After more than three of them the agent stalls, with one attempt every ten minutes.
 */
export function restartDecision(ended: EndedRun, history: RestartHistory): RestartDecision {
  const { run, endedAt, what, reason, exitCode } = ended;
  const { now } = history;
  // The clock was set back: what lies in the future tells nothing about the last ten minutes.
  const restarts = history.restarts.filter(({ at }) => at <= now + slackMs);
  const start = (why: string, message: string): RestartDecision => ({
    kind: 'start',
    counted: undefined,
    reason: why,
    message,
  });
  if (history.restartRequestedAt !== undefined && endedAt <= history.restartRequestedAt) {
    return start('Restarting', 'A restart was asked for');
  }
  // We were killed between count and start, or the start itself failed.
  if (restarts.some((one) => one.instanceId === run.instanceId && one.startedAt === run.startedAt)) {
    return start(reason, `${what}; starting again`);
  }
  if (history.endedByUs) return start('Starting', 'It was stopped; starting again');
  const anew = (): RestartDecision => start('Restarting', 'Starting with the newest spec');
  if (exitCode !== undefined && history.unhealableExitCodes.includes(exitCode)) {
    if (history.specChanged) return anew();
    return { kind: 'stall', reason: 'ConfigRefused', message: `${what}: it refuses its configuration or data` };
  }
  // Neither a lack of memory nor a container that somebody removed is the doing of an engine that was away.
  if (reason === 'Exited' && history.outages.some((outage) => explains(outage, endedAt, exitCode))) {
    return start('EngineRestarted', 'The container engine or the machine was restarted; starting again');
  }
  if (ended.transient) {
    const until = endedAt + transientWaitMs;
    if (until > now && until - now <= transientWaitMs) return { kind: 'wait', until, reason, message: what };
    return start(reason, `${what}; starting again`);
  }
  const newest = restarts.at(-1)?.at ?? 0;
  const looping = isCrashLoop(restarts, now);
  if (looping && newest + slowAttemptMs > now) {
    if (history.specChanged) return anew();
    const message = `${what} again and again; the next attempt is at ${timeOf(newest + slowAttemptMs)}`;
    return { kind: 'stall', until: newest + slowAttemptMs, reason: 'CrashLoop', message };
  }
  const recent = restarts.filter(({ at }) => now - at < windowMs).length;
  // The first one is immediate: exit 0 may mean "start me again".
  const waitMs = looping || recent === 0 ? 0 : Math.min(1000 * 2 ** (recent - 1), longestWaitMs);
  const until = endedAt + waitMs;
  // A clock that was set back must not make it wait longer than the policy says.
  if (until > now && until - now <= waitMs) {
    return { kind: 'wait', until, reason, message: `${what}; starting again shortly` };
  }
  return {
    kind: 'start',
    counted: { ...run, by: 'agentpod', reason, slow: looping },
    reason,
    message: `${what}; starting again`,
  };
}

/** Whether the newest restarts were too many; it holds until the agent held out longer than one slow attempt. */
export function isCrashLoop(restarts: readonly Restart[], now: number): boolean {
  const newest = restarts.at(-1);
  if (!newest || now - newest.at > slowAttemptMs + slackMs) return false;
  if (newest.slow) return true;
  return restarts.filter(({ at }) => newest.at - at < windowMs).length > mostRestarts;
}

function explains(outage: Outage, endedAt: number, exitCode: number | undefined): boolean {
  if (outage.unwatched && exitCode !== undefined && !endedFromOutside.has(exitCode)) return false;
  return endedAt >= outage.from - outageSlackMs && endedAt <= outage.until;
}

function timeOf(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(11, 16)} UTC`;
}
