import type { ObservedInstance } from '@agentpod/core';
import type { ContainerInspectInfo } from 'dockerode';
import { revisionLabel } from './ownership.ts';

export function observedInstance(container: ContainerInspectInfo): ObservedInstance {
  const { State, HostConfig, Config } = container;
  const state = stateOf(State.Status);
  const exited = state === 'exited';
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
      return status;
    case 'restarting':
      // Between two tries of the engine's own policy, for less than a second: it is being taken care of.
      return 'running';
    default:
      return 'other';
  }
}

/** The engine writes "never" as the year 1. */
function moment(time: string): number | undefined {
  const milliseconds = Date.parse(time);
  return milliseconds > 0 ? milliseconds : undefined;
}
