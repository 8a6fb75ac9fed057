import { type AppError, deliveryDelayMs, givesUp, toAppError } from '@agentpod/core';
import type { AlertStore, AttemptResult, OutboxEntry, StoredTransport } from '../../ports/alert-store.ts';
import { deliver, type DeliverDeps } from './deliver.ts';

export interface OutboxWorkerDeps extends DeliverDeps {
  readonly alerts: Pick<
    AlertStore,
    'listTransports' | 'getTransport' | 'nextToDeliver' | 'postponeDelivery' | 'endDelivery'
  >;
  /** From 0 to below 1; spreads retries. */
  readonly random: () => number;
  readonly onError: (error: AppError) => void;
}

const storeRetryMs = 1000;
/** Longer than any pause of ours: a moment further away than this is the work of a clock that jumped. */
const longestPauseMs = 10 * 60_000;
const drainMs = 5000;

type Result = AttemptResult & { readonly nextAttemptAt?: number };

/**
 * Delivers what waits in the outbox: for each transport in order and one at a time, all transports beside each other, so
 * that one that is down holds up no other. At least once: when we die between delivery and note, the same notice goes out
 * again under the same id.
 */
export class OutboxWorker {
  readonly #deps: OutboxWorkerDeps;
  /** By transport id. */
  readonly #lanes = new Map<string, Lane>();
  readonly #abort = new AbortController();
  #stopped = true;

  constructor(deps: OutboxWorkerDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#stopped = false;
    this.wake();
  }

  /** Lets what is on its way arrive, for a while. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const lane of this.#lanes.values()) lane.cancelTimer();
    const cancel = this.#deps.clock.after(drainMs, () => this.#abort.abort());
    await Promise.all([...this.#lanes.values()].map(async ({ running }) => running));
    cancel();
    this.#abort.abort();
  }

  /** There may be something to deliver. */
  wake(): void {
    if (this.#stopped) return;
    this.#deps.alerts
      .listTransports()
      .then((transports) => {
        for (const { id, name } of transports) this.#wakeLane(id, name);
      })
      .catch((error: unknown) => {
        this.#deps.onError(toAppError(error));
        this.#deps.clock.after(storeRetryMs, () => this.wake());
      });
  }

  #wakeLane(id: string, name: string): void {
    if (this.#stopped) return;
    const lane = this.#lanes.get(id) ?? { id, name, again: false, running: undefined, cancelTimer: () => undefined };
    this.#lanes.set(id, Object.assign(lane, { name }));
    if (lane.running) {
      lane.again = true;
      return;
    }
    lane.cancelTimer();
    lane.again = false;
    lane.running = this.#drive(lane).then((pauseMs) => {
      lane.running = undefined;
      if (lane.again) this.#wakeLane(id, lane.name);
      else if (pauseMs !== undefined && !this.#stopped) {
        lane.cancelTimer = this.#deps.clock.after(pauseMs, () => this.#wakeLane(id, lane.name));
      }
    });
  }

  /** Works the lane off. Answers after how long to look again, if at all. */
  async #drive(lane: Lane): Promise<number | undefined> {
    const { alerts, clock, onError } = this.#deps;
    try {
      if (lane.unnoted) await this.#note(lane, lane.unnoted);
      while (!this.#stopped) {
        const entry = await alerts.nextToDeliver(lane.id);
        if (!entry) return undefined;
        const pauseMs = entry.nextAttemptAt - clock.now();
        if (pauseMs > 0 && pauseMs < longestPauseMs) return pauseMs;
        const transport = await alerts.getTransport(lane.name);
        if (transport?.id !== lane.id || !transport.enabled) return undefined;
        const result = await this.#attempt(transport, entry);
        if (!result) return undefined;
        lane.unnoted = { entry, result };
        await this.#note(lane, lane.unnoted);
      }
      return undefined;
    } catch (error) {
      // The store: what was delivered is still known here, and is not delivered again.
      onError(toAppError(error));
      return storeRetryMs;
    }
  }

  /** `undefined` when it was cut off by our own end. */
  async #attempt(transport: StoredTransport, entry: OutboxEntry): Promise<Result | undefined> {
    const { clock, random } = this.#deps;
    const attempts = entry.attempts + 1;
    try {
      const detail = await deliver(transport, entry.notice, this.#deps, this.#abort.signal);
      return { at: clock.now(), outcome: 'delivered', attempts, detail };
    } catch (thrown) {
      if (this.#abort.signal.aborted) return undefined;
      const { kind, message: detail } = toAppError(thrown);
      const at = clock.now();
      if (kind !== 'unavailable') return { at, outcome: 'failed', attempts, detail };
      if (givesUp(entry.createdAt, at)) return { at, outcome: 'given-up', attempts, detail };
      const nextAttemptAt = at + deliveryDelayMs(attempts, random());
      return { at, outcome: 'retrying', attempts, detail, nextAttemptAt };
    }
  }

  async #note(lane: Lane, { entry, result }: NonNullable<Lane['unnoted']>): Promise<void> {
    const { nextAttemptAt } = result;
    if (nextAttemptAt === undefined) await this.#deps.alerts.endDelivery(entry, result);
    else await this.#deps.alerts.postponeDelivery(entry, { ...result, nextAttemptAt });
    lane.unnoted = undefined;
  }
}

interface Lane {
  readonly id: string;
  readonly name: string;
  again: boolean;
  running: Promise<void> | undefined;
  cancelTimer: () => void;
  /** What came of the newest attempt, as long as the store does not know it. */
  unnoted?: { readonly entry: OutboxEntry; readonly result: Result } | undefined;
}
