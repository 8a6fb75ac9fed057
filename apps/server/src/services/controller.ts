import { type Agent, type AppError, type Outage, toAppError } from '@agentpod/core';
import type { Clock } from '../ports/clock.ts';
import type { RuntimeEngine } from '../ports/runtime.ts';
import type { Store } from '../ports/store.ts';
import { type ReconcileDeps, reconcileAgent } from './reconcile-agent.ts';
import { WorkQueue } from './work-queue.ts';

export interface ControllerDeps {
  readonly reconcile: ReconcileDeps;
  readonly runtime: RuntimeEngine;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: () => number;
  readonly resyncMs: number;
  /** The time before this start in which no control plane was there. */
  readonly unwatched: { readonly from: number; readonly until: number } | undefined;
  /** Work on the whole fleet that follows every change: routes, gateway snapshot, the gateway's bridge. */
  readonly fleetWork: readonly { readonly name: string; readonly run: (signal: AbortSignal) => Promise<void> }[];
  readonly onError: (what: string, error: AppError) => void;
}

const fleet = 'fleet';
const deadlineMs = 15 * 60_000;
const drainMs = 10_000;
/** An engine that comes back finds all agents down: it is asked often. */
const longestPauseMs = 5000;
const rememberedOutages = 3;

/**
 * Level-triggered: whatever happened, it looks at what is. Wakeups come from people, the engine, probes and timers, and
 * may be lost; a full resync makes up for that.
 */
export class Controller {
  readonly #deps: ControllerDeps;
  readonly #queue: WorkQueue;
  readonly #stop = new AbortController();
  #cancelResync: () => void = () => undefined;
  #listening: Promise<void> = Promise.resolve();
  /** Since when the engine cannot be followed; undefined while it can. */
  #awaySince: number | undefined;
  #outages: readonly Outage[];

  constructor(deps: ControllerDeps) {
    this.#deps = deps;
    this.#outages = deps.unwatched ? [{ ...deps.unwatched, unwatched: true }] : [];
    this.#queue = new WorkQueue({
      work: (key, signal) => (key === fleet ? this.#fleetRound(signal) : reconcileAgent(key, deps.reconcile, signal)),
      clock: deps.clock,
      concurrency: 8,
      random: deps.random,
      deadlineMs,
      onFailure: (key, error) => deps.onError(`reconcile ${key}`, toAppError(error)),
    });
  }

  start(): void {
    // Subscribed before the first full list, so that nothing falls in between.
    this.#listening = this.#listen();
    this.#resync();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#cancelResync();
    await this.#queue.drain(drainMs);
    await this.#listening;
  }

  /** When containers may have ended because nobody ran them; the newest few. */
  outages(): readonly Outage[] {
    const since = this.#awaySince;
    if (since === undefined) return this.#outages;
    return [...this.#outages, { from: since, until: this.#deps.clock.now(), unwatched: false }];
  }

  /** Look at this agent again; `urgent` when a person waits for it. */
  wake(agentId: string, { urgent = false } = {}): void {
    this.#queue.add(agentId, { urgent });
  }

  /** The fleet as others see it changed: routes and snapshot follow. */
  wakeFleet(): void {
    this.#queue.add(fleet, { urgent: true });
  }

  #resync(): void {
    this.#cancelResync();
    const again = (): void => {
      if (this.#stop.signal.aborted) return;
      const { clock, random, resyncMs } = this.#deps;
      this.#cancelResync = clock.after(resyncMs * (0.9 + 0.2 * random()), () => this.#resync());
    };
    this.#deps.store
      .listManaged()
      .then((agents: readonly Agent[]) => {
        for (const { id } of agents) this.#queue.add(id);
        this.#queue.add(fleet);
      })
      .catch((error: unknown) => this.#deps.onError('resync', toAppError(error)))
      .finally(again);
  }

  /** Follows the engine's events; when the stream breaks, lists everything and subscribes again. */
  async #listen(): Promise<void> {
    const { runtime, clock, onError } = this.#deps;
    let failures = 0;
    while (!this.#stop.signal.aborted) {
      try {
        if (this.#awaySince !== undefined) await this.#welcomeBack(this.#awaySince);
        for await (const agentId of runtime.wakeups(this.#stop.signal)) {
          failures = 0;
          this.#queue.add(agentId);
        }
      } catch (error) {
        if (this.#stop.signal.aborted) return;
        this.#awaySince ??= clock.now();
        // Once per outage: the engine being away is one fact, not one per second.
        if (failures === 0) onError('engine events', toAppError(error));
      }
      failures += 1;
      await this.#pause(Math.min(1000 * 2 ** (failures - 1), longestPauseMs), clock);
      if (!this.#stop.signal.aborted) this.#resync();
    }
  }

  /** Throws as long as the engine is away. */
  async #welcomeBack(since: number): Promise<void> {
    await this.#deps.runtime.info(this.#stop.signal);
    const outage = { from: since, until: this.#deps.clock.now(), unwatched: false };
    this.#outages = [...this.#outages, outage].slice(-rememberedOutages);
    this.#awaySince = undefined;
    this.#resync();
  }

  async #pause(milliseconds: number, clock: Clock): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = clock.after(milliseconds, resolve);
    this.#stop.signal.addEventListener('abort', () => resolve(), { once: true });
    await promise;
    cancel();
  }

  async #fleetRound(signal: AbortSignal): Promise<{ kind: 'settled' | 'retry' }> {
    let failed = false;
    for (const { name, run } of this.#deps.fleetWork) {
      try {
        await run(signal);
      } catch (error) {
        failed = true;
        this.#deps.onError(name, toAppError(error));
      }
    }
    return { kind: failed ? 'retry' : 'settled' };
  }
}
