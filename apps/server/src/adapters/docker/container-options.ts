import { basename } from 'node:path';
import type { NewInstance, ResourceSpec } from '@agentpod/core';
import type { ContainerCreateOptions, HostConfig } from 'dockerode';

/** Programs that already are what `Init` would add: they reap orphans and pass signals on. */
const inits: ReadonlySet<string> = new Set([
  'tini',
  'tini-static',
  'dumb-init',
  'docker-init',
  'catatonit',
  's6-svscan',
  'init',
]);

/**
 * The container of an agent: untrusted code, so it gets no capability, no new privileges, no port of the host, no path
 * of the host, and hard limits. Its restart policy is a safety net for the time the control plane is down.
 */
export function containerOptions(
  instance: NewInstance,
  image: { readonly id: string; readonly entrypoint: readonly string[] },
  labels: Record<string, string>,
): ContainerCreateOptions {
  const { shape, volumes, network, address } = instance;
  const entrypoint = shape.entrypoint ?? image.entrypoint;
  const first = entrypoint[0] ?? shape.command?.[0] ?? '';
  return {
    name: instance.name,
    Image: image.id,
    Hostname: shape.hostname,
    User: shape.user,
    ...(shape.entrypoint === undefined ? {} : { Entrypoint: [...shape.entrypoint] }),
    ...(shape.command === undefined ? {} : { Cmd: [...shape.command] }),
    Env: Object.entries(shape.env).map(([name, value]) => `${name}=${value}`),
    // AgentPod probes by itself; the image's own check would only cost CPU in the agent's limit.
    Healthcheck: { Test: ['NONE'] },
    StopSignal: shape.stop.signal,
    StopTimeout: Math.ceil(shape.stop.graceSeconds),
    Tty: false,
    OpenStdin: false,
    Labels: labels,
    NetworkingConfig: { EndpointsConfig: { [network]: { IPAMConfig: { IPv4Address: address } } } },
    HostConfig: {
      ...limitOptions(instance.limits),
      NetworkMode: network,
      Mounts: [
        volumeMount(volumes.state, shape.mounts.state, false),
        volumeMount(volumes.config, shape.mounts.config, true),
      ],
      Tmpfs: { ...shape.tmpfs },
      ReadonlyRootfs: shape.readOnlyRoot,
      Privileged: false,
      CapDrop: ['ALL'],
      SecurityOpt: ['no-new-privileges'],
      IpcMode: 'private',
      // A second one would complain that it is not process 1.
      Init: !inits.has(basename(first)),
      RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 3 },
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '3' } },
    },
  };
}

/** Memory and swap are one limit: an agent that swaps is slow without anybody seeing why. */
export function limitOptions(limits: ResourceSpec) {
  return {
    Memory: limits.memoryBytes,
    MemorySwap: limits.memoryBytes,
    NanoCpus: Math.round(limits.cpus * 1e9),
    PidsLimit: limits.pids,
  };
}

function volumeMount(source: string, target: string, readOnly: boolean): NonNullable<HostConfig['Mounts']>[number] {
  return {
    Type: 'volume',
    Source: source,
    Target: target,
    ReadOnly: readOnly,
    // Nothing of the image gets into the data by itself.
    VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: 'local', Options: {} } },
  };
}
