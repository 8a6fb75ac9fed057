import type { AgentView } from '@agentpod/core';
import { type ControlPlane, docker } from './control-plane.ts';

/** The part of `docker inspect` that the tests assert on. */
export interface Inspected {
  readonly Id: string;
  readonly State: { readonly Running: boolean; readonly StartedAt: string; readonly Status: string };
  readonly Config: {
    readonly User: string;
    readonly Hostname: string;
    readonly Labels: Record<string, string>;
    readonly Env: string[];
  };
  readonly HostConfig: {
    readonly Memory: number;
    readonly NanoCpus: number;
    readonly MemorySwap: number;
    readonly PidsLimit: number;
    readonly CapDrop: string[];
    readonly CapAdd: string[] | null;
    readonly SecurityOpt: string[];
    readonly PidMode: string;
    readonly IpcMode: string;
    readonly PortBindings: Record<string, unknown> | null;
  };
  readonly Mounts: { readonly Type: string; readonly Destination: string; readonly RW: boolean }[];
  readonly NetworkSettings: {
    readonly Networks: Record<string, { readonly IPAddress: string; readonly IPPrefixLen: number }>;
  };
}

export async function inspectContainer(name: string): Promise<Inspected> {
  const [inspected] = JSON.parse(await docker('inspect', name)) as Inspected[];
  if (!inspected) throw new Error(`docker inspect ${name}: nothing`);
  return inspected;
}

/** The one container of an agent, found by label, whatever the API says. */
export async function instanceOf(plane: ControlPlane, agent: Pick<AgentView, 'id'>): Promise<string> {
  const names = (
    await plane.docker(
      'ps',
      '-a',
      '--format',
      '{{.Names}}',
      '--filter',
      `label=agentpod.installation=${plane.installation}`,
      '--filter',
      `label=agentpod.agent=${agent.id}`,
      '--filter',
      'label=agentpod.role=instance',
    )
  )
    .split('\n')
    .filter(Boolean);
  if (names.length !== 1 || names[0] === undefined)
    throw new Error(`${names.length} containers instead of one: ${names.join(', ')}`);
  return names[0];
}
