/**
 * A process that wakes for every single question pays more for waking than for asking: ten times as much was measured
 * with 100 agents. So what is in no hurry is asked on a common beat; who is asked on which is chance.
 */
const beatMs = 500;

/** How long to wait from `now` so that it ends on the beat nearest to `afterMs` from now; milliseconds. */
export function untilBeat(now: number, afterMs: number): number {
  return Math.max(0, Math.round((now + afterMs) / beatMs) * beatMs - now);
}
