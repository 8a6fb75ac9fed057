import { AppError, type ModelReport } from '@agentpod/core';
import type { ModelHealth } from '../ports/model-health.ts';

/** A gateway that saw what it is told; for tests and `npm run dev`. */
export class MemoryModelHealth implements ModelHealth {
  readonly reports = new Map<string, ModelReport>();
  /** As if the gateway were not running. */
  down = false;

  async read(signal: AbortSignal): Promise<ReadonlyMap<string, ModelReport>> {
    if (this.down || signal.aborted) throw new AppError('unavailable', 'GatewaySilent', 'the gateway does not answer');
    return new Map(this.reports);
  }
}
