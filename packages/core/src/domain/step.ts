import type { Block, Restart, Run } from './agent.ts';
import { handleOf } from './names.ts';
import { type InstanceShape, isAlive, type ObservedInstance, type RevisedFile } from './observation.ts';
import type { ResourceSpec } from './spec.ts';

/** One act on the world. Data only: it can be logged, shown, compared and carried out twice. */
export type Step =
  | { readonly kind: 'reserveBlock' }
  | { readonly kind: 'releaseBlock' }
  | { readonly kind: 'ensureImage'; readonly local: string; readonly registry: string | undefined }
  | { readonly kind: 'createNetwork'; readonly name: string; readonly bridge: string; readonly block: Block }
  | { readonly kind: 'removeNetwork'; readonly name: string }
  | { readonly kind: 'createVolume'; readonly name: string; readonly role: VolumeRole }
  | { readonly kind: 'removeVolume'; readonly name: string }
  | {
      readonly kind: 'deliverFiles';
      readonly role: VolumeRole;
      readonly volume: string;
      readonly revision: string;
      readonly files: readonly RevisedFile[];
    }
  /** Before the files are delivered: what the agent's own software refuses never reaches the running one. */
  | {
      readonly kind: 'validateConfig';
      readonly files: readonly RevisedFile[];
      readonly command: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      readonly mount: string;
      readonly memoryBytes: number;
    }
  | { readonly kind: 'createInstance'; readonly instance: NewInstance }
  /** A run that was not known, and the restarts by the engine that led to it. */
  | { readonly kind: 'noteRun'; readonly run: Run; readonly engineRestarts: readonly Omit<Restart, 'at'>[] }
  | { readonly kind: 'noteStarted'; readonly run: Run }
  | { readonly kind: 'releaseRun'; readonly run: Run }
  | { readonly kind: 'honourRestart'; readonly requestedAt: number }
  | { readonly kind: 'countRestart'; readonly restart: Omit<Restart, 'at'> }
  | { readonly kind: 'recordGood' }
  | { readonly kind: 'rejectConfig'; readonly reason: string; readonly message: string }
  | { readonly kind: 'startInstance'; readonly name: string }
  | {
      readonly kind: 'stopInstance';
      readonly name: string;
      readonly graceSeconds: number;
      /** When the run began that is meant: one that the engine has begun since is left alone. Absent: whichever runs. */
      readonly onlyRun?: number;
    }
  | { readonly kind: 'removeInstance'; readonly name: string }
  | { readonly kind: 'setLimits'; readonly name: string; readonly limits: ResourceSpec }
  | { readonly kind: 'finishDeletion' };

export type VolumeRole = 'state' | 'config';

export interface NewInstance {
  readonly name: string;
  readonly revision: string;
  readonly network: string;
  readonly address: string;
  readonly volumes: Readonly<Record<VolumeRole, string>>;
  readonly shape: InstanceShape;
  readonly limits: ResourceSpec;
}

/** Names in the engine follow the immutable id, so that a new tenant of an old name inherits nothing. */
export function engineNames(agentId: string) {
  const handle = handleOf(agentId);
  return {
    network: `agentpod-${handle}`,
    bridge: `agp${handle}`,
    state: `agentpod-${handle}-state`,
    config: `agentpod-${handle}-config`,
    instance: (revision: string) => `agentpod-${handle}-${revision.slice(0, 8)}`,
  } as const;
}

export function removeSteps(instance: ObservedInstance, graceSeconds: number): Step[] {
  const stop: Step[] = isAlive(instance) ? [{ kind: 'stopInstance', name: instance.name, graceSeconds }] : [];
  return [...stop, { kind: 'removeInstance', name: instance.name }];
}
