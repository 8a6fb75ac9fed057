import { type AgentStatus, type EngineView, isTrue } from '@agentpod/core';
import type { Judge } from './judge.ts';
import type { Machine } from './machine.ts';
import type { AgentRecord, Records } from './records.ts';
import type { Weather } from './weather.ts';

const second = 1000;
/** Two looks 15 s apart, each of which may wait 10 s for its answer, and the acts between observing and telling. */
const oldestProofMs = 60 * second;
/** After that a status that is not true any more must have been put right: a resync more. */
const longestLieMs = 100 * second;

/** Judges what the control plane says of agents by what it can have seen. */
export class StatusWatch {
  readonly #records: Records;
  readonly #judge: Judge;
  readonly #machine: Machine;
  readonly #weather: Weather;
  readonly #views = new Map<string, EngineView>();
  readonly #stopped = new Set<string>();

  constructor(deps: { records: Records; judge: Judge; machine: Machine; weather: Weather }) {
    this.#records = deps.records;
    this.#judge = deps.judge;
    this.#machine = deps.machine;
    this.#weather = deps.weather;
  }

  observed(agentId: string, view: EngineView): void {
    this.#views.set(agentId, view);
    this.#stopped.delete(agentId);
  }

  /** The control plane itself ended it, and has not looked since. */
  stopped(agentId: string): void {
    this.#stopped.add(agentId);
  }

  saving(record: AgentRecord, { conditions }: AgentStatus): void {
    if (isTrue(conditions, 'Ready') && this.#silentForMs(record) > oldestProofMs) {
      this.#accuse(record, `Ready was said of it, and it has not answered for ${this.#silentForMs(record)} ms`);
    }
    if (isTrue(conditions, 'Ready') && this.#stopped.has(record.id)) {
      this.#accuse(record, 'Ready was said of it right after it was stopped');
    }
    if (!isTrue(conditions, 'Running') || isTrue(record.status?.conditions ?? [], 'Running')) return;
    const runs = this.#views.get(record.id)?.instances.some(({ state }) => state === 'running');
    if (runs !== true) this.#accuse(record, 'Running was said of it, and it was not seen running');
  }

  /** What was said once must not be left standing for long. */
  look(): void {
    if (this.#machine.clock.elapsedMs - this.#weather.watchedSinceMs() < longestLieMs) return;
    for (const record of this.#records.all()) {
      if (record.isGone || !isTrue(record.status?.conditions ?? [], 'Ready')) continue;
      const silentForMs = this.#silentForMs(record);
      if (silentForMs > longestLieMs)
        this.#accuse(record, `it is called Ready, and has not answered for ${silentForMs} ms`);
    }
  }

  #silentForMs({ id }: AgentRecord): number {
    return this.#machine.clock.elapsedMs - this.#machine.lastAnswerMs(id);
  }

  #accuse({ ref }: AgentRecord, message: string): void {
    this.#judge.accuse('status tells what was seen', `${ref}: ${message}`);
  }
}
