import { z } from 'zod';
import { Condition, findCondition, isTrue } from './condition.ts';
import { formatAgentRef } from './names.ts';
import { AgentSpec } from './spec.ts';

/** A start that followed an end nobody asked for. */
export const Restart = z.object({
  /** Milliseconds since 1970. */
  at: z.number(),
  /** The run that had ended or had to be ended: the engine's id of the container and when that run began. */
  instanceId: z.string(),
  startedAt: z.number(),
  by: z.enum(['agentpod', 'engine']),
  reason: z.string(),
  /** One of the rare attempts at an agent that keeps crashing. */
  slow: z.boolean().default(false),
});
export type Restart = z.infer<typeof Restart>;

/** One life of a container, from a start to its end. */
export const Run = z.object({
  instanceId: z.string(),
  startedAt: z.number(),
  /** Revision of the container. */
  revision: z.string(),
  /** Of the spec that it was started with. */
  generation: z.number().int(),
  /** How often the engine itself had started it since our last start. */
  engineRestarts: z.number().int(),
  /** It finished its start: from then on silence is no slow boot. */
  started: z.boolean().default(false),
  /** We end it ourselves, by a stop that was asked for or to replace its container: that is nobody's failure. */
  released: z.boolean().default(false),
});
export type Run = z.infer<typeof Run>;

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
  /** Newest last; the oldest are forgotten. */
  restarts: z.array(Restart).default([]),
  /** Of the spec that we last started it with. */
  startGeneration: z.number().int().optional(),
  /** The newest run that was seen. */
  run: Run.optional(),
  /**
   * A restart that was asked for, by a person or by taking a configuration back: every instance started before this
   * moment is to be started anew, and restarts from before are forgiven.
   */
  restartRequestedAt: z.number().optional(),
  /** The newest of them that was carried out: by its own moment, because clocks can be set back. */
  restartHonoured: z.number().optional(),
  /** The newest spec that was seen healthy after a start with it. */
  good: z.object({ generation: z.number().int(), spec: AgentSpec }).optional(),
  /** A generation that never became healthy; as long as it is the present one, the good one runs in its place. */
  rejected: z.object({ generation: z.number().int(), reason: z.string(), message: z.string() }).optional(),
});
export type Recorded = z.infer<typeof Recorded>;

/** The restart that was asked for and is still to come. */
export function pendingRestart({ restartRequestedAt, restartHonoured }: Recorded): number | undefined {
  return restartRequestedAt === restartHonoured ? undefined : restartRequestedAt;
}

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
  if (ready?.status === 'True') return conditions.some(isTrouble) ? 'degraded' : 'ready';
  if (ready?.status === 'Unknown') return 'unknown';
  if (!isTrue(conditions, 'Running')) return 'creating';
  if (!isTrue(conditions, 'Healthy')) return 'starting';
  return 'degraded';
}

/** It answers, but something beside that wants a person's attention. */
export function isTrouble({ type, status, reason }: Condition): boolean {
  if (status !== 'False') return false;
  return (
    type === 'ChannelsConnected' || type === 'ModelAnswering' || type === 'MemoryStable' || reason === 'ConfigRejected'
  );
}
