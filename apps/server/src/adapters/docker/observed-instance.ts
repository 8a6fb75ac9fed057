import type { ObservedInstance } from '@agentpod/core';
import type { ContainerInspectInfo } from 'dockerode';
import { revisionLabel } from './ownership.ts';

export function observedInstance(
  container: ContainerInspectInfo,
  networks: readonly { readonly Id: string }[],
  outOfMemoryAt: number | undefined,
): ObservedInstance {
  const { State, HostConfig, Config } = container;
  const state = stateOf(State.Status);
  const exited = state === 'exited' || state === 'restarting';
  return {
    // The engine writes names with a slash in front.
    name: container.Name.replace(/^\//, ''),
    id: container.Id,
    revision: Config.Labels[revisionLabel] ?? '',
    state,
    startedAt: moment(State.StartedAt),
    // While it runs these tell of the run before.
    finishedAt: exited ? moment(State.FinishedAt) : undefined,
    exitCode: exited ? State.ExitCode : undefined,
    outOfMemory: exited && State.OOMKilled,
    imageId: container.Image,
    engineRestarts: container.RestartCount,
    outOfMemoryAt,
    attached: isAttached(container, networks),
    limits: {
      memoryBytes: HostConfig.Memory ?? 0,
      cpus: (HostConfig.NanoCpus ?? 0) / 1e9,
      pids: HostConfig.PidsLimit ?? 0,
    },
  };
}

function stateOf(status: string): ObservedInstance['state'] {
  switch (status) {
    case 'created':
    case 'running':
    case 'paused':
    case 'exited':
    case 'restarting':
      return status;
    default:
      return 'other';
  }
}

/** A container that never ran names its network without an id yet. */
function isAttached({ NetworkSettings }: ContainerInspectInfo, networks: readonly { readonly Id: string }[]): boolean {
  const ids = Object.values(NetworkSettings.Networks).map(({ NetworkID }) => NetworkID);
  return ids.length > 0 && ids.every((id) => id === '' || networks.some(({ Id }) => Id === id));
}

/** The engine writes "never" as the year 1. */
function moment(time: string): number | undefined {
  const milliseconds = Date.parse(time);
  return milliseconds > 0 ? milliseconds : undefined;
}
