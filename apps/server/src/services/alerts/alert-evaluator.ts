import {
  type Agent,
  type AgentStatus,
  type AlertAgent,
  type AppError,
  evaluateAlerts,
  findCondition,
  isTrue,
  toAppError,
} from '@agentpod/core';
import type { AlertStore } from '../../ports/alert-store.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Store } from '../../ports/store.ts';
import { toAlertAgent } from './alert-agent.ts';
import type { HostChecks } from './host-checks.ts';

export interface AlertEvaluatorDeps {
  readonly alerts: Pick<
    AlertStore,
    'currentAlerts' | 'saveDecision' | 'listSilences' | 'listMaintenance' | 'forgetAlerts'
  >;
  readonly store: Pick<Store, 'listManaged'>;
  readonly hostChecks: HostChecks;
  readonly clock: Clock;
  readonly startDeadlineSeconds: (agent: Agent) => number;
  /** Where a person looks further; stands in every notice. */
  readonly consoleUrl: string;
  readonly remindEveryHours: number;
  /** Something may be waiting in the outbox now. */
  readonly decided: () => void;
  readonly onError: (error: AppError) => void;
}

/** Statuses of many agents that change together are looked at together. */
const gatherMs = 50;
const fullLookMs = 30_000;
/** While something of the host is wrong, its end is to be seen soon. */
const hostLookMs = 5000;
const retryMs = 1000;
/** Of one agent; more than that between two rounds is noise. */
const mostStatuses = 20;
const forgetAfterMs = 30 * 24 * 3_600_000;

/**
 * Compares what is with what people were told, after each saved status, every 30 seconds, and when something is due.
 * Whatever is told stands in the store before anybody is told; when that fails, the same is decided again.
 */
export class AlertEvaluator {
  readonly #deps: AlertEvaluatorDeps;
  /** As they were last seen; complete after the first full look, and nothing is decided before that. */
  #agents: Map<string, AlertAgent> | undefined;
  /** What was saved since, each status for itself: what a status says for a moment is not lost in the next one. */
  readonly #statuses = new Map<string, AlertAgent[]>();
  #fullLookAt = Number.NEGATIVE_INFINITY;
  #cancelTimer: () => void = () => undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  #round: Promise<void> | undefined;
  #again = false;
  #stopped = true;

  constructor(deps: AlertEvaluatorDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#stopped = false;
    this.#runAt(this.#deps.clock.now());
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    await this.#round;
  }

  /** May be lost, and may come in any number: the next full look sees the same in the store. */
  statusSaved(agent: Agent, after: AgentStatus): void {
    const statuses = this.#statuses.get(agent.id) ?? [];
    if (statuses.length >= mostStatuses) statuses.pop();
    statuses.push(toAlertAgent(agent, after, this.#deps.startDeadlineSeconds(agent)));
    this.#statuses.set(agent.id, statuses);
    this.#runAt(this.#deps.clock.now() + gatherMs);
  }

  /** A person changed what is to be told. */
  wake(): void {
    this.#runAt(this.#deps.clock.now());
  }

  #runAt(time: number): void {
    if (this.#stopped || time >= this.#timerAt) return;
    this.#cancelTimer();
    this.#timerAt = time;
    this.#cancelTimer = this.#deps.clock.after(Math.max(0, time - this.#deps.clock.now()), () => {
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#run();
    });
  }

  /** One round at a time; asked for meanwhile, another one follows. */
  #run(): void {
    if (this.#round) {
      this.#again = true;
      return;
    }
    this.#round = this.#oneRound()
      .then(
        (nextLookAt) => nextLookAt,
        (error: unknown) => {
          this.#deps.onError(toAppError(error));
          return this.#deps.clock.now() + retryMs;
        },
      )
      .then((nextLookAt) => {
        this.#round = undefined;
        const due = this.#again ? this.#deps.clock.now() : nextLookAt;
        this.#again = false;
        this.#runAt(due);
      });
  }

  async #oneRound(): Promise<number> {
    const { clock, hostChecks } = this.#deps;
    await hostChecks.lookAfter(clock.now() - this.#hostPauseMs);
    if (this.#agents) {
      // Decided in a former round that could not be kept, or due by the clock: before anything newer.
      await this.#decide(this.#agents);
      while (this.#statuses.size > 0) await this.#takeStatuses(this.#agents);
    }
    const sinceFullLookMs = clock.now() - this.#fullLookAt;
    // Negative when the clock was set back.
    if (sinceFullLookMs >= fullLookMs || sinceFullLookMs < 0) await this.#fullLook();
    const nextLookAt = await this.#decide(this.#agents ?? new Map());
    return Math.min(nextLookAt ?? Number.POSITIVE_INFINITY, clock.now() + this.#hostPauseMs);
  }

  get #hostPauseMs(): number {
    return this.#deps.hostChecks.isFailing ? hostLookMs : fullLookMs;
  }

  /** The oldest status of each agent that has one. */
  async #takeStatuses(agents: Map<string, AlertAgent>): Promise<void> {
    let fellAt = Number.NEGATIVE_INFINITY;
    for (const [id, statuses] of this.#statuses) {
      const next = statuses.shift();
      if (statuses.length === 0) this.#statuses.delete(id);
      if (!next) continue;
      const ready = findCondition(next.conditions, 'Ready');
      if (ready && ready.status !== 'True' && isTrue(agents.get(id)?.conditions ?? [], 'Ready')) {
        fellAt = Math.max(fellAt, Date.parse(ready.lastTransitionTime));
      }
      agents.set(id, next);
    }
    // An agent that falls may be the first sign that the host did.
    await this.#deps.hostChecks.lookAfter(fellAt);
    await this.#decide(agents);
  }

  async #fullLook(): Promise<void> {
    const { store, clock, alerts, startDeadlineSeconds } = this.#deps;
    const at = clock.now();
    const managed = await store.listManaged();
    const agents = new Map<string, AlertAgent>();
    for (const agent of managed) {
      const known = this.#agents?.get(agent.id);
      // What was saved while the list was read comes one by one; the list may be ahead of it, and time must not run backwards.
      if (known && this.#statuses.has(agent.id)) agents.set(agent.id, known);
      else {
        agents.set(agent.id, toAlertAgent(agent, agent.status, startDeadlineSeconds(agent)));
        this.#statuses.delete(agent.id);
      }
    }
    this.#agents = agents;
    this.#fullLookAt = at;
    await alerts.forgetAlerts(at - forgetAfterMs);
  }

  async #decide(agents: ReadonlyMap<string, AlertAgent>): Promise<number | undefined> {
    const { alerts, hostChecks, clock, consoleUrl, remindEveryHours, decided } = this.#deps;
    const now = clock.now();
    const decision = evaluateAlerts({
      alerts: await alerts.currentAlerts(),
      agents: [...agents.values()],
      hostChecks: hostChecks.results,
      silences: await alerts.listSilences(now),
      maintenance: await alerts.listMaintenance(now),
      remindEveryHours,
      now,
    });
    if (decision.alerts.length > 0) {
      const notices = decision.notifications.map((notice) => ({ ...notice, url: consoleUrl }));
      await alerts.saveDecision({ alerts: decision.alerts, notices, now });
      if (notices.length > 0) decided();
    }
    return decision.nextLookAt;
  }
}
