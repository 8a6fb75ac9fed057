import type { AppError } from '@agentpod/core';
import type { HistoryStore } from '../../ports/history-store.ts';
import { History, type HistoryDeps } from './history.ts';
import { MemoryWatch, type MemoryWatchDeps } from './memory-watch.ts';
import { Repeating } from './repeating.ts';
import { Sampler, type SamplerDeps } from './sampler.ts';
import { StateRecorder, type StateRecorderDeps } from './state-recorder.ts';

export interface CreateHistoryDeps
  extends
    Pick<HistoryDeps, 'windowsAfter'>,
    Pick<MemoryWatchDeps, 'changed'>,
    Pick<SamplerDeps, 'runtime' | 'clock' | 'random'>,
    Pick<StateRecorderDeps, 'patienceMs'> {
  readonly history: HistoryStore;
  readonly store: HistoryDeps['store'] & StateRecorderDeps['store'];
  readonly onError: (what: string, error: AppError) => void;
}

const hourMs = 3_600_000;
/** What a restart left undone is made up for soon, but not while everything starts. */
const firstUpkeepMs = 60_000;

/** Everything about the past, put together: who writes it down, who keeps it small, and what people may read. */
export function createHistory(deps: CreateHistoryDeps) {
  const { history, clock, random, onError } = deps;
  const recorder = new StateRecorder({ ...deps, onError: (error) => onError('state history', error) });
  const sampler = new Sampler(deps);
  const memory = new MemoryWatch(deps);
  const upkeep = new Repeating({
    work: async () => {
      await history.compact(clock.now());
      await memory.look();
    },
    everyMs: hourMs,
    clock,
    random,
    onError: (error) => onError('history upkeep', error),
  });
  return {
    reader: new History(deps),
    usageOf: sampler.usageOf.bind(sampler),
    /** About memory. */
    findingsOf: memory.findingsOf.bind(memory),
    looked: recorder.looked.bind(recorder),
    statusSaved(...saved: Parameters<StateRecorder['statusSaved']>): void {
      recorder.statusSaved(...saved);
      memory.statusSaved(...saved);
    },
    /** To be awaited before the controller starts: what was open ends where the last heartbeat was. */
    async start(): Promise<void> {
      await recorder.start();
      sampler.start();
      upkeep.start(firstUpkeepMs);
    },
    async stop(): Promise<void> {
      await Promise.all([sampler.stop(), upkeep.stop()]);
      await recorder.stop();
    },
  };
}
