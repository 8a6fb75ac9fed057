import { type AgentSpec, type Capacity, memoryProfileOf } from '@agentpod/core';
import type { Host } from '../ports/host.ts';
import type { Store } from '../ports/store.ts';
import type { AgentTypes } from './agent-types.ts';

export interface MemoryNeed {
  readonly workingSetBytes: number;
  readonly limitBytes: number;
}

/** What one agent takes: what it works with, and what it may grow to. */
export function memoryNeedOf(spec: Pick<AgentSpec, 'type' | 'resources'>, types: AgentTypes): MemoryNeed {
  const limitBytes = spec.resources.memoryBytes;
  const type = types.find(spec.type)?.type;
  // Where the manifest is gone or has no word for it any more, the worst is assumed: that it fills its limit.
  const isKnown = type?.memoryProfiles.some(({ minMemory }) => minMemory <= limitBytes);
  const workingSetBytes = type && isKnown ? memoryProfileOf(type, limitBytes).workingSet : limitBytes;
  return { workingSetBytes: Math.min(workingSetBytes, limitBytes), limitBytes };
}

/** The machine and all agents that are meant to run on it, except the one that is being asked for. */
export async function capacityOf(
  deps: {
    readonly store: Pick<Store, 'listManaged'>;
    readonly host: Pick<Host, 'memoryBytes'>;
    readonly types: AgentTypes;
  },
  except?: string,
): Promise<Capacity> {
  const agents = await deps.store.listManaged();
  return {
    hostMemoryBytes: deps.host.memoryBytes(),
    agents: agents
      .filter(({ id, deletion, spec }) => id !== except && !deletion && !spec.suspended)
      .map(({ spec }) => memoryNeedOf(spec, deps.types)),
  };
}
