/** How the engine treats its callers just now. */
export interface EngineManners {
  /** Shares of calls. `refused` never were; of `lost` ones only the answer is missing. */
  refused: number;
  lost: number;
  slow: number;
  /** Shares of events. */
  lostEvents: number;
  doubledEvents: number;
  lateEvents: number;
}

export function goodManners(): EngineManners {
  return { refused: 0, lost: 0, slow: 0, lostEvents: 0, doubledEvents: 0, lateEvents: 0 };
}
