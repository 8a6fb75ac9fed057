import { AppError, type VolumeRole } from '@agentpod/core';

export type Role = 'instance' | 'helper' | 'gateway' | 'network' | VolumeRole;

export type Labels = Readonly<Record<string, string>>;

const installationLabel = 'agentpod.installation';
const agentLabel = 'agentpod.agent';
const roleLabel = 'agentpod.role';
export const revisionLabel = 'agentpod.revision';
/** Docker's own `CreatedAt` of a volume changes with its owner and its files (seen on 20.10), so we keep ours. */
export const createdLabel = 'agentpod.created';

/** Says by labels, set at creation, what on the engine is ours. Whatever carries others is never touched. */
export class Ownership {
  readonly installation: string;

  constructor(installation: string) {
    this.installation = installation;
  }

  labels(role: Role, agentId: string | undefined, more: Labels = {}): Record<string, string> {
    return {
      [installationLabel]: this.installation,
      [roleLabel]: role,
      ...(agentId === undefined ? {} : { [agentLabel]: agentId }),
      ...more,
    };
  }

  /** For the engine's `label` filter. */
  filter(wanted: { readonly role?: Role | undefined; readonly agentId?: string | undefined } = {}): string[] {
    return [
      `${installationLabel}=${this.installation}`,
      ...(wanted.role === undefined ? [] : [`${roleLabel}=${wanted.role}`]),
      ...(wanted.agentId === undefined ? [] : [`${agentLabel}=${wanted.agentId}`]),
    ];
  }

  isOurs(labels: Labels | null | undefined, wanted: { readonly role?: Role; readonly agentId?: string } = {}): boolean {
    if (labels?.[installationLabel] !== this.installation) return false;
    if (wanted.role !== undefined && labels[roleLabel] !== wanted.role) return false;
    return wanted.agentId === undefined || labels[agentLabel] === wanted.agentId;
  }

  agentOf(labels: Labels | null | undefined): string | undefined {
    return this.isOurs(labels) ? labels?.[agentLabel] : undefined;
  }
}

export function foreignObject(kind: 'network' | 'volume' | 'container', name: string): AppError {
  return new AppError('conflict', 'ForeignObject', `a ${kind} named ${name} exists and does not belong to this agent`, {
    remedy: `Look at it with "docker ${kind} inspect ${name}" and remove it if nobody needs it.`,
  });
}
