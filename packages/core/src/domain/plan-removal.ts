import { refOf } from './agent.ts';
import { notReady, notStalled, provisioned, running, stalled } from './findings.ts';
import { isAlive, type Observation } from './observation.ts';
import type { Plan } from './plan.ts';
import { engineNames, removeSteps, type Step } from './step.ts';

export function planSuspension(seen: Observation): Plan {
  const grace = seen.target?.shape.stop.graceSeconds ?? 30;
  const alive = seen.engine.instances.filter(isAlive);
  const message = 'Stopped by a person; data is kept';
  const { run } = seen.agent.recorded;
  // Marked first: when it is to run again, its end is not taken for a crash.
  const release: Step[] =
    run && !run.released && alive.some(({ id }) => id === run.instanceId) ? [{ kind: 'releaseRun', run }] : [];
  return {
    steps: [...release, ...alive.map(({ name }) => ({ kind: 'stopInstance', name, graceSeconds: grace }) as const)],
    findings: [
      running(false, alive.length > 0 ? 'Stopping' : 'Suspended', message),
      { type: 'Healthy', status: 'False', reason: 'Suspended', message },
      notStalled(),
      notReady('Suspended', message),
    ],
  };
}

export function planDeletion(seen: Observation): Plan {
  const { agent, engine } = seen;
  const purge = agent.deletion?.purge === true;
  const grace = seen.target?.shape.stop.graceSeconds ?? 30;
  const names = engineNames(agent.id);
  const leftovers: Step[] = [
    ...engine.instances.flatMap((instance) => removeSteps(instance, grace)),
    ...engine.networks.map(({ name }) => ({ kind: 'removeNetwork', name }) as const),
    ...engine.volumes
      // The configuration is rendered anew at undelete and holds credentials: it never outlives the agent.
      .filter(({ name }) => purge || name === names.config)
      .map(({ name }) => ({ kind: 'removeVolume', name }) as const),
  ];
  if (leftovers.length > 0) {
    const message = 'Removing container and network';
    return {
      steps: leftovers,
      findings: [running(false, 'Stopping', message), notStalled(), notReady('Deleting', message)],
    };
  }
  // The address is free only now that the network was seen gone.
  const steps: Step[] = agent.block ? [{ kind: 'releaseBlock' }] : [];
  const message = purge ? 'Deleted with its data' : 'Deleted; its data is kept for "agentpod undelete"';
  return {
    steps: [...steps, { kind: 'finishDeletion' }],
    findings: [running(false, 'Deleted', message), notStalled(), notReady('Deleted', message)],
  };
}

/** A volume that was there and is gone is never made anew silently: an empty agent would look like a working one. */
export function planMissingData(seen: Observation): Plan {
  const message = `The volume with the data of ${refOf(seen.agent)} is gone`;
  const grace = seen.target?.shape.stop.graceSeconds ?? 30;
  return {
    steps: seen.engine.instances
      .filter(isAlive)
      .map(({ name }) => ({ kind: 'stopInstance', name, graceSeconds: grace })),
    findings: [
      provisioned(false, 'DataMissing', message),
      stalled('DataMissing', message),
      notReady('DataMissing', message),
    ],
  };
}
