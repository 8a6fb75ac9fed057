import { AppError } from '@agentpod/core';
import type { ContainerStats } from 'dockerode';
import type { InstanceUsage } from '../../ports/runtime.ts';

/** The engine passes on what the kernel counts: the second version of cgroups names the page cache otherwise. */
export function instanceUsage(name: string, { cpu_stats, memory_stats }: ContainerStats): InstanceUsage {
  const { usage, stats } = memory_stats;
  // The engine answers for a container that does not run, too, with nothing in it.
  if (usage === undefined) throw new AppError('not-found', 'InstanceGone', `${name} does not run`);
  const cache = stats?.total_inactive_file ?? stats?.inactive_file ?? 0;
  return { cpuMs: cpu_stats.cpu_usage.total_usage / 1e6, memoryBytes: Math.max(0, usage - cache) };
}
