import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import type { AgentView } from '@agentpod/core';
import type { ControlPlane } from './control-plane.ts';
import { instanceOf } from './engine.ts';

/** One run of one container: what a restart changes, and nothing else does. */
export interface ContainerRun {
  readonly name: string;
  readonly id: string;
  readonly startedAt: string;
  readonly running: boolean;
  readonly exitCode: number;
  readonly outOfMemory: boolean;
  readonly hostPid: number;
  readonly address: string;
}

export async function runOf(plane: ControlPlane, agent: Pick<AgentView, 'id'>): Promise<ContainerRun> {
  const name = await instanceOf(plane, agent);
  const [inspected] = JSON.parse(await plane.docker('inspect', name)) as {
    Id: string;
    State: { StartedAt: string; Running: boolean; ExitCode: number; OOMKilled: boolean; Pid: number };
    NetworkSettings: { Networks: Record<string, { IPAddress: string }> };
  }[];
  if (!inspected) throw new Error(`docker inspect ${name}: nothing`);
  const { Id, State, NetworkSettings } = inspected;
  return {
    name,
    id: Id,
    startedAt: State.StartedAt,
    running: State.Running,
    exitCode: State.ExitCode,
    outOfMemory: State.OOMKilled,
    hostPid: State.Pid,
    address: Object.values(NetworkSettings.Networks)[0]?.IPAddress ?? '',
  };
}

export const isSameRun = (a: ContainerRun, b: ContainerRun): boolean => a.id === b.id && a.startedAt === b.startedAt;

/** Sends a signal, from the host, to the process in the container that listens on the agent's port. */
export function signalAgentProcess(run: ContainerRun, port: number, signal: NodeJS.Signals): void {
  const pids = [run.hostPid, ...descendantsOf(run.hostPid)];
  const inodes = listeningInodes(run.hostPid, port);
  const listener = pids.find((pid) => socketsOf(pid).some((inode) => inodes.has(inode)));
  if (listener === undefined) throw new Error(`nobody in ${run.name} listens on ${port}`);
  process.kill(listener, signal);
}

function descendantsOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

/** From the container's own network name space: `local_address` is `00000000:1F90`, state 0A is listening. */
function listeningInodes(pid: number, port: number): Set<string> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const rows = ['tcp', 'tcp6'].flatMap((file) => readFileSync(`/proc/${pid}/net/${file}`, 'utf8').split('\n').slice(1));
  return new Set(
    rows
      .map((row) => row.trim().split(/\s+/))
      .filter(([, local = '', , state]) => local.endsWith(suffix) && state === '0A')
      .map((fields) => fields[9] ?? ''),
  );
}

function socketsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      // Closed while we looked.
      return [];
    }
  });
}
