import type { Block } from './agent.ts';
import { handleOf } from './names.ts';
import type { InstanceShape, RevisedFile } from './observation.ts';
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
  | { readonly kind: 'createInstance'; readonly instance: NewInstance }
  | { readonly kind: 'countRestart' }
  | { readonly kind: 'startInstance'; readonly name: string }
  | { readonly kind: 'stopInstance'; readonly name: string; readonly graceSeconds: number }
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
