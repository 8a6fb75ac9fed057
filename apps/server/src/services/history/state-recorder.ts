import {
  type Agent,
  type AgentStatus,
  type AppError,
  interruption,
  markOf,
  newsAfter,
  notWatched,
  type StateMark,
  toAppError,
  unwatched,
} from '@agentpod/core';
import type { Clock } from '../../ports/clock.ts';
import type { AgentMark, HistoryStore } from '../../ports/history-store.ts';
import type { Store } from '../../ports/store.ts';
import { Repeating } from './repeating.ts';

export interface StateRecorderDeps {
  readonly history: Pick<HistoryStore, 'openMarks' | 'addMarks' | 'watchedUntil'>;
  readonly store: Pick<Store, 'listManaged'>;
  readonly clock: Clock;
  readonly random: () => number;
  /** An agent that nobody looked at for so long is not taken for answering any more. */
  readonly patienceMs: number;
  readonly onError: (error: AppError) => void;
}

const beatMs = 30_000;
/** So much time between two beats, and this process did not run: the machine slept, or was frozen. */
const asleepMs = 3 * beatMs;

/**
 * Writes down when the state of an agent changed. It hears of every status that is saved, and looks at all stored ones
 * at every beat, because a word may get lost. A beat is also the proof that somebody was looking: whatever lies between
 * the last one and the next start of the control plane is unknown.
 */
export class StateRecorder {
  readonly #deps: StateRecorderDeps;
  readonly #beats: Repeating;
  /** By agent, the mark that was written last. */
  #open = new Map<string, StateMark>();
  readonly #lookedAt = new Map<string, number>();
  #watchedUntil = 0;
  #startedAt = 0;
  #writes: Promise<void> = Promise.resolve();
  /** A write failed: what is remembered may not be what was written. */
  #doubtful = false;

  constructor(deps: StateRecorderDeps) {
    this.#deps = deps;
    const { clock, random, onError } = deps;
    this.#beats = new Repeating({ work: () => this.#beat(), everyMs: beatMs, clock, random, onError });
  }

  /** Closes what was open when the control plane ended. To be awaited before anybody reports a status. */
  async start(): Promise<void> {
    const { history, clock } = this.#deps;
    const now = clock.now();
    this.#startedAt = now;
    this.#open = new Map(await history.openMarks());
    await this.#write(this.#interrupted((await history.watchedUntil()) ?? now), now);
    this.#beats.start();
  }

  async stop(): Promise<void> {
    await this.#beats.stop();
    await this.#writes;
    await this.#write([], this.#deps.clock.now());
  }

  /** The controller observed this agent just now. */
  looked(agentId: string): void {
    this.#lookedAt.set(agentId, this.#deps.clock.now());
  }

  /** Never fails: what could not be written now is found at the next beat. */
  statusSaved(agent: Agent, after: AgentStatus): void {
    const now = this.#deps.clock.now();
    this.#lookedAt.set(agent.id, now);
    const open = this.#open.get(agent.id);
    const seen = markOf({ ...agent, status: after }, now);
    // Right after a start the probes have not answered yet; that is no outage.
    if (open?.reason === notWatched && seen.presence === 'down' && now < this.#startedAt + beatMs) return;
    const news = newsAfter(open, this.#sinceCreation(agent, seen));
    if (!news) return;
    this.#open.set(agent.id, news);
    const write = this.#writes.then(() => this.#write([{ agentId: agent.id, ...news }]));
    this.#writes = write.catch((error: unknown) => {
      this.#doubtful = true;
      this.#deps.onError(toAppError(error));
    });
  }

  async #beat(): Promise<void> {
    const { history, store, clock } = this.#deps;
    await this.#writes;
    if (this.#doubtful) this.#open = new Map(await history.openMarks());
    this.#doubtful = false;
    const agents = await store.listManaged();
    const now = clock.now();
    const marks = now - this.#watchedUntil > asleepMs ? this.#interrupted(this.#watchedUntil) : [];
    this.#forgetAllBut(new Set(agents.map(({ id }) => id)));
    for (const agent of agents) {
      const open = this.#open.get(agent.id);
      const news = newsAfter(open, this.#sinceCreation(agent, this.#asFarAsSeen(agent, markOf(agent, now))));
      if (!news) continue;
      this.#open.set(agent.id, news);
      marks.push({ agentId: agent.id, ...news });
    }
    try {
      await this.#write(marks, now);
    } catch (error) {
      this.#doubtful = true;
      throw error;
    }
  }

  /** A stored "answers" is worth as much as the last look at it. */
  #asFarAsSeen(agent: Agent, stored: StateMark): StateMark {
    if (stored.presence !== 'answering') return stored;
    const lookedAt = this.#lookedAt.get(agent.id);
    if (lookedAt !== undefined && stored.at - lookedAt <= this.#deps.patienceMs) return stored;
    return unwatched(lookedAt ?? stored.at);
  }

  /** From its creation to the first word about it an agent was wanted, and did not answer. */
  #sinceCreation({ id, createdAt }: Agent, first: StateMark): StateMark {
    const at = Date.parse(createdAt);
    return first.presence === 'down' && !this.#open.has(id) && at >= this.#startedAt ? { ...first, at } : first;
  }

  #interrupted(watchedUntil: number): AgentMark[] {
    return [...this.#open].flatMap(([agentId, open]) => {
      const news = interruption(open, watchedUntil);
      if (!news) return [];
      this.#open.set(agentId, news);
      return [{ agentId, ...news }];
    });
  }

  #forgetAllBut(managed: ReadonlySet<string>): void {
    for (const known of [this.#open, this.#lookedAt]) {
      for (const id of known.keys()) if (!managed.has(id)) known.delete(id);
    }
  }

  async #write(marks: readonly AgentMark[], watchedUntil?: number): Promise<void> {
    if (marks.length === 0 && watchedUntil === undefined) return;
    await this.#deps.history.addMarks(marks, watchedUntil);
    if (watchedUntil !== undefined) this.#watchedUntil = watchedUntil;
  }
}
