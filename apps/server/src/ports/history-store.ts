import type { Sample, SampleBucket, SampleLevel, StateMark, TimeRange } from '@agentpod/core';

export interface AgentMark extends StateMark {
  readonly agentId: string;
}

export interface AgentSample extends Sample {
  readonly agentId: string;
}

/**
 * What became of agents over time, bounded: marks where their state changed, and samples of what they used, coarser the
 * older they are. Of agents that were purged nothing is kept, and nothing is written.
 */
export interface HistoryStore {
  /** The newest mark of every agent that has one, by id. */
  openMarks(): Promise<ReadonlyMap<string, StateMark>>;
  /**
   * One transaction. A mark of the same moment is replaced, because the later one is what it stayed. `watchedUntil` says
   * up to when somebody was looking.
   */
  addMarks(marks: readonly AgentMark[], watchedUntil?: number): Promise<void>;
  /** In order of time; begins with the one that held when the range began, if there was one. */
  marks(agentId: string, range: TimeRange): Promise<readonly StateMark[]>;
  /** The newest that `addMarks` was told; `undefined` before the first. */
  watchedUntil(): Promise<number | undefined>;

  /** One transaction. Times are kept to the second, CPU to a thousandth of a core, sizes to 1 KiB. */
  addSamples(samples: readonly AgentSample[]): Promise<void>;
  /** In order of time, of this level; where that is not made yet, the finer ones it will be made of. */
  samples(agentId: string, level: SampleLevel, range: TimeRange): Promise<readonly SampleBucket[]>;
  /** Makes the coarser samples of what is complete by now, and forgets what was kept long enough. Safe to repeat. */
  compact(now: number): Promise<void>;
}
