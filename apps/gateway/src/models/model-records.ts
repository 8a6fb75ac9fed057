import { isDeepStrictEqual } from 'node:util';
import { callOutcomes, type CallFailure, type CallOutcome, type ModelReport } from '@agentpod/core';
import type { Agent, Snapshot } from '../snapshot/snapshot.ts';
import type { CallEnd } from './call-end.ts';
import type { ModelRoute } from './model-route.ts';

const minuteMs = 60_000;
const recentMinutes = 10;

interface AgentRecord {
  readonly model: Agent['model'];
  readonly changedAt: number | undefined;
  lastSuccessAt: number | undefined;
  lastFailure: CallFailure | undefined;
  /** Since the last success. */
  readonly streak: Map<CallOutcome, ModelReport['streak'][number]>;
  /** Calls by the minute they ended in. */
  readonly minutes: Map<number, Map<CallOutcome, number>>;
}

/**
 * How the calls of each agent went, with the model it has now. In memory alone, and only of agents in the snapshot:
 * what an agent does costs the same room however often it does it.
 */
export class ModelRecords {
  readonly #snapshot: () => Snapshot | undefined;
  readonly #now: () => number;
  #seen: Snapshot | undefined;
  #records: ReadonlyMap<string, AgentRecord> = new Map();

  constructor(options: { snapshot: () => Snapshot | undefined; now: () => number }) {
    this.#snapshot = options.snapshot;
    this.#now = options.now;
  }

  /** `agent` as it was when the call began: a call with a model or key that it no longer has says nothing. */
  add(agent: Agent, route: ModelRoute, end: CallEnd): void {
    const record = this.#current().get(agent.id);
    if (record === undefined || !isDeepStrictEqual(record.model, agent.model)) return;
    const at = this.#now();
    count(record, end.outcome, at);
    // An agent speaks without embeddings; and where those work, conversation may not.
    if (route.conversation) judge(record, end, at);
  }

  /** By the agent's id. */
  reports(): Record<string, ModelReport> {
    const now = this.#now();
    return Object.fromEntries([...this.#current()].map(([id, record]) => [id, reportOf(record, now)]));
  }

  #current(): ReadonlyMap<string, AgentRecord> {
    const snapshot = this.#snapshot();
    if (snapshot === this.#seen) return this.#records;
    this.#seen = snapshot;
    const agents = [...(snapshot?.agentsByAddress.values() ?? [])];
    this.#records = new Map(agents.map(({ id, model }) => [id, this.#recordFor(id, model)]));
    return this.#records;
  }

  #recordFor(id: string, model: Agent['model']): AgentRecord {
    const known = this.#records.get(id);
    if (known && isDeepStrictEqual(known.model, model)) return known;
    return {
      model,
      changedAt: known && this.#now(),
      lastSuccessAt: undefined,
      lastFailure: undefined,
      streak: new Map(),
      minutes: new Map(),
    };
  }
}

function count({ minutes }: AgentRecord, outcome: CallOutcome, at: number): void {
  const minute = Math.floor(at / minuteMs);
  const counts = minutes.get(minute) ?? new Map<CallOutcome, number>();
  minutes.set(minute, counts.set(outcome, (counts.get(outcome) ?? 0) + 1));
  for (const old of minutes.keys()) if (!isRecent(old, at)) minutes.delete(old);
}

function judge(record: AgentRecord, { outcome, status, detail }: CallEnd, at: number): void {
  if (outcome === 'aborted' || outcome === 'refused') return;
  if (outcome === 'ok') {
    record.lastSuccessAt = at;
    record.streak.clear();
    return;
  }
  const failure: CallFailure = { kind: outcome, at, detail, ...(status === undefined ? {} : { status }) };
  const before = record.streak.get(outcome);
  record.lastFailure = failure;
  record.streak.set(outcome, { ...failure, count: (before?.count ?? 0) + 1, since: before?.since ?? at });
}

function reportOf(record: AgentRecord, now: number): ModelReport {
  const { model, changedAt, lastSuccessAt, lastFailure, streak, minutes } = record;
  const recent = [...minutes].filter(([minute]) => isRecent(minute, now)).map(([, counts]) => counts);
  const sums = callOutcomes.map((outcome) => [outcome, sum(recent.map((counts) => counts.get(outcome) ?? 0))] as const);
  return {
    provider: model.provider,
    ...(changedAt === undefined ? {} : { changedAt }),
    ...(lastSuccessAt === undefined ? {} : { lastSuccessAt }),
    ...(lastFailure === undefined ? {} : { lastFailure }),
    streak: [...streak.values()],
    recent: Object.fromEntries(sums.filter(([, calls]) => calls > 0)),
  };
}

function isRecent(minute: number, at: number): boolean {
  return minute > Math.floor(at / minuteMs) - recentMinutes;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
