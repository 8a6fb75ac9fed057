import type { EngineView } from '@agentpod/core';
import type { Judge } from './judge.ts';
import type { Bystander, Machine } from './machine.ts';
import type { AgentRecord, Records } from './records.ts';
import type { Run, Starter } from './run.ts';
import { startDeadlineSeconds } from './modelled-agent.ts';
import type { Weather } from './weather.ts';

interface Counted {
  /** By the clock of the machine, which may jump, and by the one that does not. */
  readonly at: number;
  readonly slow: boolean;
}

/** A start of ours after a run had ended. */
export interface StartAgain {
  readonly agentId: string;
  /** When that run began, and when this one did. */
  readonly fromMs: number;
  readonly untilMs: number;
}

/** One that counts: the run before had failed, and nothing else explains its end. */
export interface CountedStart extends StartAgain {
  /** By the clock of the machine. */
  readonly at: number;
}

const second = 1000;
const minute = 60 * second;
const windowMs = 10 * minute;
const slowAttemptMs = 10 * minute;
/** A plan is made from a reading that is that old at most: slow calls lie between it and the act. */
const stalePlanMs = 25 * second;
/** It counts before it acts: so much may lie between the two. */
const callMs = 10 * second;
/** What looks idle is known after three looks; what works is believed for a minute. */
const leastSilenceMs = { hung: 5 * second, busy: 55 * second } as const;
const fromOutside: ReadonlySet<number> = new Set([0, 137, 143, 255]);

/**
 * Judges every start and every stop by what the engine saw, and by what people asked for; it does not ask the control
 * plane what it counted.
 */
export class RestartWatch implements Bystander {
  readonly starts: StartAgain[] = [];
  readonly failures: CountedStart[] = [];
  #watched: Machine | undefined;
  readonly #records: Records;
  readonly #weather: Weather;
  readonly #judge: Judge;
  /** Containers that some look of a control plane met, by the engine's id. */
  readonly #met = new Set<string>();
  readonly #counted = new Map<string, Counted[]>();
  /** Runs that were stopped because they had failed, since when. */
  readonly #failedSince = new Map<Run, number>();

  constructor(records: Records, weather: Weather, judge: Judge) {
    this.#records = records;
    this.#weather = weather;
    this.#judge = judge;
  }

  watch(machine: Machine): void {
    this.#watched = machine;
  }

  observed({ instances }: EngineView): void {
    for (const { id } of instances) this.#met.add(id);
  }

  /** Somebody asked for a new beginning, or nobody can tell any more how long ago something was. */
  forgive(agentId?: string): void {
    if (agentId === undefined) this.#counted.clear();
    else this.#counted.delete(agentId);
  }

  started(run: Run, before: Run | undefined): void {
    this.#onlyOne(run);
    if (run.startedBy !== 'agentpod' || !before?.end) return;
    const { end } = before;
    const record = this.#records.of(run.agentId);
    const again = { agentId: run.agentId, fromMs: before.startedAtMs, untilMs: run.startedAtMs };
    // One that was gone before anybody had looked: whoever only sees what is cannot tell of it.
    if (this.#met.has(before.containerId)) this.starts.push(again);
    if (this.#isExcused(run, before, record)) return;
    // A container that was removed by a stranger tells nothing of how it ended; its run counts from its beginning.
    const isOther = run.containerId !== before.containerId;
    if (end.exitCode === 78 && end.by === 'itself' && !isOther) {
      return this.#judge.accuse('restart policy', `${run.name} was started again after exit code 78`);
    }
    const failedAtMs = isOther ? before.startedAtMs : (this.#failedSince.get(before) ?? end.atMs);
    this.failures.push({ ...again, at: this.#machine.clock.now() });
    this.#count(run, failedAtMs);
  }

  stopping(run: Run, by: Starter): void {
    if (by !== 'agentpod') return;
    const record = this.#records.of(run.agentId);
    const now = this.#now();
    if (!record || record.spec.suspended || record.deletion) return;
    if (record.askedAtMs >= run.meantAtMs - stalePlanMs) return;
    if (this.#weather.groundTakenMs(run.agentId) >= run.meantAtMs - stalePlanMs) return;
    const silence = silenceOf(run, now);
    if (silence && (silence.forMs >= leastSilenceMs[silence.loop] || this.#weather.jumpedSince(silence.since))) {
      this.#failedSince.set(run, silence.since);
      return;
    }
    const deadlineMs = run.startedAtMs + startDeadlineSeconds * second;
    // It may have come up between the decision and the act.
    const booted = run.upSinceMs !== undefined && now - run.upSinceMs > stalePlanMs;
    if (!booted && (now >= deadlineMs || this.#weather.jumpedSince(run.startedAtMs))) {
      this.#failedSince.set(run, Math.min(deadlineMs, now));
      return;
    }
    this.#judge.accuse('nothing that works is restarted', `${run.name} was stopped although it was well`);
  }

  ended(): void {
    // How runs end is nobody's fault but the world's.
  }

  #onlyOne({ agentId }: Run): void {
    const alive = this.#machine
      .containersOf(agentId)
      .filter(([, { state }]) => state === 'running' || state === 'paused');
    if (alive.length <= 1) return;
    this.#judge.accuse('one instance', `two containers run at once: ${alive.map(([name]) => name).join(', ')}`);
  }

  #isExcused(run: Run, before: Run, record: AgentRecord | undefined): boolean {
    const { end } = before;
    if (!end || !record) return true;
    if (end.by === 'engine' || end.transient) return true;
    if (end.by === 'agentpod' && !this.#failedSince.has(before)) return true;
    if (record.askedAtMs >= before.meantAtMs - stalePlanMs) return true;
    if (this.#weather.groundTakenMs(run.agentId) >= before.meantAtMs - stalePlanMs) return true;
    if (!end.outOfMemory && this.#weather.engineTroubledAt(end.atMs)) return true;
    return !end.outOfMemory && fromOutside.has(end.exitCode) && this.#weather.unwatchedAt(end.atMs);
  }

  /** The policy in the design's words: 1 s · 2ⁿ, at most 5 min; after more than 3 in 10 min one attempt every 10 min. */
  #count(run: Run, failedAtMs: number): void {
    const at = this.#machine.clock.now();
    const counted = this.#counted.get(run.agentId) ?? [];
    const newest = counted.at(-1);
    const within = (from: number): number => counted.filter((one) => from - one.at < windowMs).length;
    const isFresh = newest !== undefined && at - newest.at <= slowAttemptMs + minute;
    const looping = isFresh && (newest.slow || within(newest.at) > 3);
    counted.push({ at, slow: looping });
    this.#counted.set(run.agentId, counted);
    if (looping) {
      if (at - newest.at >= slowAttemptMs - callMs) return;
      const seconds = Math.round((at - newest.at) / second);
      return this.#judge.accuse('restart policy', `${run.name}: a crash loop was tried again after ${seconds} s`);
    }
    const before = counted.slice(0, -1).filter((one) => at - one.at < windowMs).length;
    const pauseMs = before === 0 ? 0 : Math.min(second * 2 ** (before - 1), 5 * minute);
    const waitedMs = run.startedAtMs - failedAtMs;
    if (waitedMs >= pauseMs) return;
    this.#judge.accuse(
      'restart policy',
      `${run.name}: restart ${before + 1} came ${waitedMs} ms after the end, ${pauseMs} ms were due`,
    );
  }

  #now(): number {
    return this.#machine.clock.elapsedMs;
  }

  get #machine(): Machine {
    if (this.#watched) return this.#watched;
    throw new Error('there is no machine to watch');
  }
}

/** Its event loop stands still, or did so until a moment ago: the act follows the decision after some slow calls. */
function silenceOf({ loop, silentSinceMs, silence }: Run, now: number) {
  if (loop !== 'turning') return { loop, since: silentSinceMs ?? now, forMs: now - (silentSinceMs ?? now) };
  if (!silence || silence.was === 'turning' || now - silence.untilMs > stalePlanMs) return undefined;
  return { loop: silence.was, since: silence.fromMs, forMs: silence.untilMs - silence.fromMs };
}
