import { z } from 'zod';
import { HttpProbe } from './http-probe.ts';

const seconds = z.number().positive();

/** How to see that an agent's event loop turns, and what to think when it does not answer. */
export const LoopProbe = HttpProbe.extend({
  everySeconds: seconds.default(3),
  timeoutSeconds: seconds.default(2.5),
  /** So many in a row, and it is silent; one slow answer restarts nobody. */
  misses: z.number().int().min(1).default(3),
  /** Silent, but using the CPU: it may be at work. How long that is believed. */
  busyPatienceSeconds: seconds.default(60),
  /** Between the polite signal and the end of a hung process. */
  graceSeconds: seconds.default(5),
});
export type LoopProbe = z.infer<typeof LoopProbe>;
export type LoopPolicy = Pick<LoopProbe, 'misses' | 'busyPatienceSeconds' | 'graceSeconds'>;

/** What the newest looks at an event loop showed. */
export interface LoopView {
  /** In a row, up to now. */
  readonly misses: number;
  /** When the first of them was sent; undefined when it answers. Milliseconds since 1970. */
  readonly silentSince: number | undefined;
  /** CPU time used while it was silent, over how long; undefined when the engine could not tell. */
  readonly cpu: { readonly usedMs: number; readonly overMs: number } | undefined;
}

export type LoopVerdict = 'turning' | 'busy' | 'hung' | 'hung-busy';

/** Less than this share of a core is nobody at work; a share of a small limit, for agents that are throttled. */
const idleShare = 0.01;
const idleShareOfLimit = 0.25;
/** Shorter than this, CPU accounting is too coarse to prove idleness. */
const shortestEvidenceMs = 2000;

/**
 * Tells stopped from busy. Silent without CPU: it hangs. Silent with CPU, or with unknown use of it: it is believed for
 * `busyPatienceSeconds`.
 */
export function judgeLoop(
  loop: LoopView | undefined,
  policy: LoopPolicy | undefined,
  { cpus, now }: { readonly cpus: number; readonly now: number },
): LoopVerdict {
  if (!loop || !policy || loop.silentSince === undefined || loop.misses < policy.misses) return 'turning';
  const { cpu } = loop;
  const idle = Math.min(idleShare, cpus * idleShareOfLimit);
  if (cpu && cpu.overMs >= shortestEvidenceMs && cpu.usedMs / cpu.overMs < idle) return 'hung';
  return now - loop.silentSince >= policy.busyPatienceSeconds * 1000 ? 'hung-busy' : 'busy';
}
