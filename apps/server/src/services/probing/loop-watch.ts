import type { LoopProbe, LoopView } from '@agentpod/core';
import type { Clock } from '../../ports/clock.ts';
import { untilBeat } from './beat.ts';

export interface LoopWatchDeps {
  readonly probe: LoopProbe;
  readonly clock: Clock;
  /** From 0 to below 1; spreads the agents over the time between two looks. */
  readonly random: () => number;
  /** Whether the agent answers as it should; false also when it does not answer in time. Never throws. */
  readonly ask: () => Promise<boolean>;
  /** CPU time of the run so far, milliseconds; undefined when the engine cannot tell. Never throws. */
  readonly cpuMs: () => Promise<number | undefined>;
  /** Called after each look that changed something. */
  readonly seen: (view: LoopView) => void;
}

const turning: LoopView = { misses: 0, silentSince: undefined, cpu: undefined };
/** A clock that was set back must not put the beginning of a silence into the future. */
function earlier(since: number | undefined, now: number): number {
  return Math.min(since ?? now, now);
}

/** We were held up ourselves: an answer that we could not take in time is not the agent's silence. */
const ownDelayMs = 1000;

/**
 * Looks at the event loop of one run. While it answers, that is one small request every few seconds. Once it does not,
 * the looks follow each other, and the CPU time it uses meanwhile is read: what is silent and uses none is not at work.
 */
export class LoopWatch {
  readonly #deps: LoopWatchDeps;
  #view = turning;
  #baseline: { readonly cpuMs: number; readonly at: number } | undefined;
  #cancel: () => void = () => undefined;
  #stopped = false;

  constructor(deps: LoopWatchDeps) {
    this.#deps = deps;
    this.#scheduleQuiet(deps.probe.everySeconds * 1000 * deps.random());
  }

  stop(): void {
    this.#stopped = true;
    this.#cancel();
  }

  #schedule(afterMs: number): void {
    if (this.#stopped) return;
    const due = this.#deps.clock.now() + afterMs;
    this.#cancel = this.#deps.clock.after(afterMs, () => void this.#look(due));
  }

  #scheduleQuiet(afterMs: number): void {
    this.#schedule(untilBeat(this.#deps.clock.now(), afterMs));
  }

  async #look(due: number): Promise<void> {
    const { clock, ask, probe } = this.#deps;
    const sentAt = clock.now();
    const answers = await ask();
    if (this.#stopped) return;
    const now = clock.now();
    const timeoutMs = probe.timeoutSeconds * 1000;
    if (answers) {
      this.#show(turning);
      this.#baseline = undefined;
      return this.#scheduleQuiet(probe.everySeconds * 1000);
    }
    const heldUp = sentAt - due > ownDelayMs || now - sentAt > timeoutMs + ownDelayMs;
    if (!heldUp) {
      this.#show({
        ...this.#view,
        misses: this.#view.misses + 1,
        silentSince: earlier(this.#view.silentSince, sentAt),
      });
      // Beside the next look, not before it: the engine may take a second to tell.
      void this.#readCpu();
    }
    // A refused connection comes back at once: it is not asked more often for that.
    this.#schedule(Math.min(timeoutMs, Math.max(0, sentAt + timeoutMs - now)));
  }

  async #readCpu(): Promise<void> {
    const { silentSince } = this.#view;
    const cpuMs = await this.#deps.cpuMs();
    const at = this.#deps.clock.now();
    if (this.#stopped || cpuMs === undefined || this.#view.silentSince !== silentSince) return;
    const { cpuMs: before, at: since } = (this.#baseline ??= { cpuMs, at });
    if (at > since) this.#show({ ...this.#view, cpu: { usedMs: cpuMs - before, overMs: at - since } });
  }

  #show(view: LoopView): void {
    if (view === this.#view) return;
    this.#view = view;
    this.#deps.seen(view);
  }
}
