import { AppError } from './errors.ts';
import { formatBytes } from './quantity.ts';

export interface Capacity {
  readonly hostMemoryBytes: number;
  /** Working set and limit of every agent that is meant to run, the new one not among them. */
  readonly agents: readonly { readonly workingSetBytes: number; readonly limitBytes: number }[];
}

/** What the operating system, Traefik and AgentPod itself need. */
const systemReserveBytes = 700 * 1024 ** 2;

/** How many more of this size fit: working sets of all, plus room for the largest one to reach its limit. */
export function roomFor(capacity: Capacity, candidate: { workingSetBytes: number; limitBytes: number }): number {
  const used = capacity.agents.reduce((sum, agent) => sum + agent.workingSetBytes, systemReserveBytes);
  const burst = [candidate, ...capacity.agents].reduce(
    (most, agent) => Math.max(most, agent.limitBytes - agent.workingSetBytes),
    0,
  );
  return Math.max(0, Math.floor((capacity.hostMemoryBytes - used - burst) / candidate.workingSetBytes));
}

/** Throws `terminal` when the agent does not fit. */
export function admit(capacity: Capacity, candidate: { workingSetBytes: number; limitBytes: number }): void {
  if (roomFor(capacity, candidate) > 0) return;
  throw new AppError(
    'terminal',
    'NotEnoughHostMemory',
    `this machine has ${formatBytes(capacity.hostMemoryBytes)} of memory and ${capacity.agents.length} agents on it: ` +
      `there is no room for one more that works with ${formatBytes(candidate.workingSetBytes)}`,
    { field: 'spec.resources.memory', remedy: 'Stop an agent, choose a smaller plan, or insist with --force.' },
  );
}
