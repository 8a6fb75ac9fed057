import type { ContainerRun } from './containers.ts';

/** Asks a stub agent, past all of AgentPod, for one of the faults of deploy/images/stub-agent/faults.mjs. */
export async function askStub(run: ContainerRun, path: string): Promise<void> {
  const response = await fetch(`http://${run.address}:8080${path}`, {
    method: 'POST',
    signal: AbortSignal.timeout(5000),
  });
  if (!response.ok) throw new Error(`the stub agent answered ${response.status} to ${path}`);
}
