const longestMs = 5 * 60_000;
const spread = 0.2;
const lifetimeMs = 24 * 3_600_000;

/** The pause after so many attempts: 1 s · 2ⁿ, at most 5 min, ±20 %. `dice` is from 0 to below 1. */
export function deliveryDelayMs(attempts: number, dice: number): number {
  const base = Math.min(1000 * 2 ** (attempts - 1), longestMs);
  return Math.round(base * (1 - spread + 2 * spread * dice));
}

/** Whether a notice is so old that telling it would help nobody. */
export function givesUp(createdAt: number, now: number): boolean {
  return now - createdAt >= lifetimeMs;
}
