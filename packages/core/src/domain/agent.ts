import { z } from 'zod';
import { Condition, findCondition, isTrue } from './condition.ts';
import { formatAgentRef } from './names.ts';
import { AgentSpec } from './spec.ts';

/** Facts AgentPod has to remember because the engine cannot tell them. Written before or right after the act. */
export const Recorded = z.object({
  /** The pinned image: a later rebuild of the same tag must not replace a running agent. */
  image: z.object({ reference: z.string(), id: z.string() }).optional(),
  /** `createdAt` of the state volume once it was made; when it is gone after that, data is missing. */
  stateVolumeCreatedAt: z.string().optional(),
  /** Which files lie in which volume. A volume made anew has another `createdAt` and gets them again. */
  delivered: z
    .object({
      config: z.object({ revision: z.string(), volumeCreatedAt: z.string() }).optional(),
      /** By file, because the agent itself writes here: a new soul must not bring back an old memory. */
      state: z
        .object({
          revision: z.string(),
          volumeCreatedAt: z.string(),
          files: z.record(z.string(), z.string()).default({}),
        })
        .optional(),
    })
    .default({}),
  /** Starts after an exit nobody asked for, newest last; milliseconds since 1970. */
  restarts: z.array(z.number()).default([]),
  /** A restart a person asked for: every instance started before this moment is to be started anew. */
  restartRequestedAt: z.number().optional(),
});
export type Recorded = z.infer<typeof Recorded>;

/** The agent's own /29: the first host address is the bridge, the second is the agent. */
export interface Block {
  readonly subnet: string;
  readonly gateway: string;
  readonly address: string;
}

export const AgentStatus = z.object({
  observedGeneration: z.number().int(),
  conditions: z.array(Condition),
  instance: z
    .object({
      name: z.string(),
      state: z.string(),
      startedAt: z.string().optional(),
      image: z.string(),
      restarts: z.number().int(),
    })
    .optional(),
  /** The newest failure in one sentence, secrets removed. */
  lastError: z.string().optional(),
});
export type AgentStatus = z.infer<typeof AgentStatus>;

/** A desired digital employee, as the store knows it. */
export interface Agent {
  readonly id: string;
  readonly tenantId: string;
  readonly tenant: string;
  readonly name: string;
  readonly spec: AgentSpec;
  /** Goes up by one whenever `spec` changes. */
  readonly generation: number;
  readonly createdAt: string;
  readonly host: string;
  readonly block: Block | undefined;
  readonly deletion: { readonly requestedAt: string; readonly purge: boolean } | undefined;
  readonly recorded: Recorded;
  readonly status: AgentStatus;
}

export function refOf(agent: Pick<Agent, 'tenant' | 'name'>): string {
  return formatAgentRef({ tenant: agent.tenant, agent: agent.name });
}

/** The one word a list shows. Derived, never stored. */
export type AgentState =
  | 'creating'
  | 'starting'
  | 'ready'
  | 'degraded'
  | 'stopped'
  | 'stalled'
  | 'deleting'
  | 'deleted'
  | 'unknown';

export function stateOf(agent: {
  readonly spec: Pick<AgentSpec, 'suspended'>;
  readonly status: Pick<AgentStatus, 'conditions'>;
  readonly deletion?: unknown;
}): AgentState {
  const { conditions } = agent.status;
  const ready = findCondition(conditions, 'Ready');
  if (agent.deletion) return ready?.reason === 'Deleted' ? 'deleted' : 'deleting';
  if (isTrue(conditions, 'Stalled')) return 'stalled';
  if (agent.spec.suspended) return 'stopped';
  if (ready?.status === 'True') return 'ready';
  if (ready?.status === 'Unknown') return 'unknown';
  if (!isTrue(conditions, 'Running')) return 'creating';
  if (!isTrue(conditions, 'Healthy')) return 'starting';
  return 'degraded';
}
