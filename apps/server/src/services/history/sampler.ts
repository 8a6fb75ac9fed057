import { type Agent, AppError, engineNames, toAppError } from '@agentpod/core';
import type { Clock } from '../../ports/clock.ts';
import type { AgentSample, HistoryStore } from '../../ports/history-store.ts';
import type { InstanceUsage, RuntimeEngine } from '../../ports/runtime.ts';
import type { Store } from '../../ports/store.ts';
import { Repeating } from './repeating.ts';

export interface SamplerDeps {
  readonly runtime: Pick<RuntimeEngine, 'usage' | 'volumeSizes'>;
  readonly store: Pick<Store, 'listManaged'>;
  readonly history: Pick<HistoryStore, 'addSamples'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onError: (what: string, error: AppError) => void;
}

/** What an agent uses now. */
export interface Usage {
  /** Since the sample before; 1 is one core. */
  readonly cpuFraction: number;
  readonly memoryBytes: number;
  readonly memoryLimitBytes: number;
  /** Absent until it was measured. */
  readonly diskBytes?: number;
}

interface Reading {
  /** A container that was started anew counts its CPU time from nothing. */
  readonly run: string;
  readonly at: number;
  readonly cpuMs: number;
}

const sweepMs = 30_000;
const diskMs = 10 * 60_000;
/** After the boots that follow a start of everything: the walk through all files competes with them. */
const firstDiskMs = 60_000;
/** An answer may take a second (Docker 20.10 waits for its own next round), in which nothing is done. */
const concurrency = 16;
const readMs = 5000;
/** Then it is not one container that is slow, but the engine that is away. */
const givesUpAfter = 3;
/** Older than two sweeps is not "now". */
const staleMs = 90_000;

/** Measures what running agents use, every 30 s, and what lies in their volumes, every 10 min. */
export class Sampler {
  readonly #deps: SamplerDeps;
  readonly #sweeps: Repeating;
  readonly #walks: Repeating;
  readonly #readings = new Map<string, Reading>();
  readonly #latest = new Map<string, AgentSample>();
  #volumes: ReadonlyMap<string, number> = new Map();
  /** Agents whose measured disk is in no sample yet. */
  #unsaved = false;

  constructor(deps: SamplerDeps) {
    this.#deps = deps;
    const { clock, random, onError } = deps;
    const repeat = (what: string, everyMs: number, work: (signal: AbortSignal) => Promise<void>) =>
      new Repeating({ work, everyMs, clock, random, onError: (error) => onError(what, error) });
    this.#sweeps = repeat('usage', sweepMs, (signal) => this.#sweep(signal));
    this.#walks = repeat('disk usage', diskMs, (signal) => this.#walk(signal));
  }

  start(): void {
    this.#sweeps.start(0);
    this.#walks.start(firstDiskMs);
  }

  async stop(): Promise<void> {
    await Promise.all([this.#sweeps.stop(), this.#walks.stop()]);
  }

  /** `undefined` when it does not run, or was not measured twice yet. */
  usageOf(agent: Agent): Usage | undefined {
    const sample = this.#latest.get(agent.id);
    if (!sample || this.#deps.clock.now() - sample.at > staleMs) return undefined;
    const { cpuFraction, memoryBytes } = sample;
    const diskBytes = this.#diskOf(agent.id);
    const memoryLimitBytes = agent.spec.resources.memoryBytes;
    return { cpuFraction, memoryBytes, memoryLimitBytes, ...(diskBytes === undefined ? {} : { diskBytes }) };
  }

  async #walk(signal: AbortSignal): Promise<void> {
    this.#volumes = await this.#deps.runtime.volumeSizes(signal);
    this.#unsaved = true;
  }

  #diskOf(agentId: string): number | undefined {
    const { state, config } = engineNames(agentId);
    const sizes = [this.#volumes.get(state), this.#volumes.get(config)].filter((size) => size !== undefined);
    return sizes.length === 0 ? undefined : sizes.reduce((sum, size) => sum + size, 0);
  }

  async #sweep(signal: AbortSignal): Promise<void> {
    const running = (await this.#deps.store.listManaged()).filter(isRunning);
    this.#forgetAllBut(new Set(running.map(({ id }) => id)));
    const at = this.#deps.clock.now();
    const failures: AppError[] = [];
    const samples: AgentSample[] = [];
    const waiting = running.values();
    const worker = async (): Promise<void> => {
      for (const agent of waiting) {
        if (signal.aborted || failures.length >= givesUpAfter) return;
        try {
          const sample = this.#sampleOf(agent, await this.#read(agent, signal), at);
          if (sample) samples.push(sample);
        } catch (thrown) {
          const error = toAppError(thrown);
          // It ended meanwhile; the controller sees to that.
          if (error.kind === 'not-found') this.#forget(agent.id);
          else failures.push(error);
        }
      }
    };
    await Promise.all(Array.from({ length: concurrency }, worker));
    if (signal.aborted) return;
    if (samples.length > 0) await this.#deps.history.addSamples(samples);
    for (const sample of samples) this.#latest.set(sample.agentId, sample);
    if (samples.length > 0) this.#unsaved = false;
    if (failures[0]) throw failures[0];
  }

  async #read({ id, status }: Agent, signal: AbortSignal): Promise<InstanceUsage> {
    const name = status.instance?.name ?? id;
    const limit = AbortSignal.timeout(readMs);
    try {
      return await this.#deps.runtime.usage(name, AbortSignal.any([signal, limit]));
    } catch (cause) {
      if (!limit.aborted) throw cause;
      const message = `read the usage of ${name}: no answer within ${readMs / 1000} s`;
      throw new AppError('unavailable', 'EngineTimeout', message, { cause });
    }
  }

  /** Nothing at the first reading of a run: how busy it is shows only between two of them. */
  #sampleOf(agent: Agent, { cpuMs, memoryBytes }: InstanceUsage, at: number): AgentSample | undefined {
    const { name, startedAt } = agent.status.instance ?? {};
    const readAt = this.#deps.clock.now();
    const run = `${name} ${startedAt}`;
    const before = this.#readings.get(agent.id);
    this.#readings.set(agent.id, { run, at: readAt, cpuMs });
    if (before?.run !== run || cpuMs < before.cpuMs || readAt <= before.at) return undefined;
    const cpuFraction = (cpuMs - before.cpuMs) / (readAt - before.at);
    const diskBytes = this.#unsaved ? this.#diskOf(agent.id) : undefined;
    return { agentId: agent.id, at, cpuFraction, memoryBytes, diskBytes };
  }

  #forgetAllBut(running: ReadonlySet<string>): void {
    for (const id of this.#readings.keys()) if (!running.has(id)) this.#forget(id);
  }

  #forget(agentId: string): void {
    this.#readings.delete(agentId);
    this.#latest.delete(agentId);
  }
}

function isRunning({ status, deletion }: Agent): boolean {
  return deletion === undefined && status.instance?.state === 'running';
}
