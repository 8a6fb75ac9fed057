/** How an exited instance is treated. Pure; the caller persists the count before the start. */
export type RestartDecision =
  | { readonly kind: 'start'; readonly counted: boolean; readonly reason: string; readonly message: string }
  | { readonly kind: 'wait'; readonly until: number; readonly reason: string; readonly message: string }
  | { readonly kind: 'stall'; readonly reason: string; readonly message: string };

export interface Exit {
  readonly exitCode: number | undefined;
  readonly outOfMemory: boolean;
  readonly finishedAt: number | undefined;
  readonly restarts: readonly number[];
  readonly restartRequestedAt: number | undefined;
  readonly unhealableExitCodes: readonly number[];
  readonly now: number;
}

const windowMs = 10 * 60_000;
const longestWaitMs = 5 * 60_000;

/** Starts again after 1 s · 2ⁿ, at most 5 min; n counts the restarts of the last ten minutes. */
export function restartDecision(exit: Exit): RestartDecision {
  const { now, exitCode } = exit;
  if (exit.restartRequestedAt !== undefined && (exit.finishedAt ?? 0) < exit.restartRequestedAt) {
    return { kind: 'start', counted: false, reason: 'Restarting', message: 'A restart was asked for' };
  }
  const what = describe(exit);
  if (exitCode !== undefined && exit.unhealableExitCodes.includes(exitCode)) {
    return { kind: 'stall', reason: 'ConfigRefused', message: `${what}: it refuses its configuration or data` };
  }
  const reason = exit.outOfMemory ? 'OutOfMemory' : 'Exited';
  const recent = exit.restarts.filter((at) => now - at < windowMs).length;
  // The first start after a clean exit is immediate: exit 0 may mean "start me again".
  const waitMs = recent === 0 ? 0 : Math.min(1000 * 2 ** (recent - 1), longestWaitMs);
  const until = (exit.finishedAt ?? now) + waitMs;
  if (until > now) return { kind: 'wait', until, reason, message: `${what}; starting again shortly` };
  return { kind: 'start', counted: true, reason, message: `${what}; starting again` };
}

function describe({ exitCode, outOfMemory }: Exit): string {
  if (outOfMemory) return 'The agent ran out of memory';
  return exitCode === undefined ? 'The agent exited' : `The agent exited with code ${exitCode}`;
}
