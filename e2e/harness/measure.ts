import { setTimeout as pause } from 'node:timers/promises';
import type { AgentView } from '@agentpod/core';
import type { ControlPlane } from './control-plane.ts';
import { type ContainerRun, isSameRun, runOf } from './containers.ts';
import { until } from './processes.ts';
import type { Visitor } from './visitor.ts';

export interface Recovery {
  /** When the fault was brought about. */
  readonly faultAt: number;
  /** From the fault to the `StartedAt` of the run that answers. */
  readonly restartedMs: number;
  /** From the fault to the first answer of that run, as a customer gets it. */
  readonly answeringMs: number;
  readonly before: ContainerRun;
  readonly after: ContainerRun;
}

const pollMs = 50;

/** Whether a customer is answered by the agent itself, not by a page in its place. */
export async function answers(visitor: Visitor, agent: Pick<AgentView, 'url'>): Promise<boolean> {
  try {
    const { status, body } = await visitor.open(agent.url, '/startupz', 2);
    return status === 200 && body.includes('"started"');
  } catch {
    // Nobody there, or silent: that is the answer to the question.
    return false;
  }
}

/** Once the agent is well, brings a fault about and measures until another run of it answers a customer. */
export async function recoveryFrom(
  fault: (run: ContainerRun) => unknown,
  on: { plane: ControlPlane; visitor: Visitor; agent: AgentView; seconds: number },
): Promise<Recovery> {
  const { plane, visitor, agent, seconds } = on;
  await until(`${agent.ref} is well before the fault`, 60, async () => {
    return (await plane.client.getAgent(agent.ref)).state === 'ready';
  });
  const before = await runOf(plane, agent);
  const began = Date.now();
  await fault(before);
  for (;;) {
    if (await answers(visitor, agent)) {
      const answeringMs = Date.now() - began;
      const after = await runOf(plane, agent);
      const restartedMs = Date.parse(after.startedAt) - began;
      // Who answered may have been the run that had not noticed its end yet.
      if (after.running && !isSameRun(before, after) && restartedMs < answeringMs) {
        return { faultAt: began, restartedMs, answeringMs, before, after };
      }
    }
    if (Date.now() - began > seconds * 1000) throw new Error(`${agent.ref} did not answer again within ${seconds} s`);
    await pause(pollMs);
  }
}

/** A line that the report of a run is grepped for. */
export function figure(what: string, { restartedMs, answeringMs }: Recovery): void {
  console.log(`figure: ${what}: restarted after ${restartedMs} ms, answering after ${answeringMs} ms`);
}
