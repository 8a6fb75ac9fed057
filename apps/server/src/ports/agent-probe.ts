import type { HttpProbe } from '@agentpod/core';
import type { Answer } from './agent-driver.ts';

/** Asks a running agent, over plain HTTP from the host, what its manifest says to ask. */
export interface AgentProbe {
  /** Matches the body, not the status: some agents answer every path with their web page. Never throws. */
  started(target: { address: string; port: number; probe: HttpProbe }, signal: AbortSignal): Promise<Answer>;
}
