import type { Agent, Block } from './agent.ts';
import { refOf } from './agent.ts';
import type { Finding } from './condition.ts';
import {
  configured,
  notReady,
  notStalled,
  provisioned,
  readiness,
  routeFindings,
  running,
  stalled,
} from './findings.ts';
import type { ObservedInstance, Observation, RevisedFile, Target } from './observation.ts';
import { restartDecision } from './restart-policy.ts';
import type { ResourceSpec } from './spec.ts';
import { engineNames, type NewInstance, type Step, type VolumeRole } from './step.ts';

export interface Plan {
  readonly steps: readonly Step[];
  readonly findings: readonly Finding[];
  /** When to look again if nothing happens before; absent means the next resync. */
  readonly lookAgainAt?: number;
}

/**
 * Compares what should be with what was seen and says the next safe stretch. Level-triggered: it does not ask what
 * happened, only what is.
 */
export function plan(seen: Observation): Plan {
  const { agent } = seen;
  if (agent.deletion) return planDeletion(seen);
  if (agent.recorded.stateVolumeCreatedAt !== undefined && !hasVolume(seen, 'state')) return planMissingData(seen);
  if (agent.spec.suspended) return planSuspension(seen);

  const { target } = seen;
  if (!agent.block || !target) {
    return {
      steps: [{ kind: 'reserveBlock' }],
      findings: [provisioned(false, 'Creating', 'Reserving an address'), notReady('Creating', 'Reserving an address')],
    };
  }

  if (seen.foreignOverlap.length > 0) {
    const message = `Its addresses are used by ${seen.foreignOverlap.join(', ')}: moving to others`;
    return {
      steps: [{ kind: 'releaseBlock' }, { kind: 'reserveBlock' }],
      findings: [provisioned(false, 'AddressTaken', message), notReady('AddressTaken', message)],
    };
  }

  const stale = seen.engine.instances.filter((instance) => instance.revision !== target.instanceRevision);
  const current = seen.engine.instances.find((instance) => instance.revision === target.instanceRevision);
  const prepare = preparation(seen, agent.block, target);
  if (stale.length > 0) {
    // Two instances would write one volume: the old one goes before the new one comes. What can fail without
    // touching it (image, volumes, files) comes first, so that the old one goes on serving until then.
    return {
      steps: [...prepare, ...stale.flatMap((instance) => remove(instance, target.shape.stop.graceSeconds))],
      findings: [
        running(false, 'OutOfDate', 'Replacing the container'),
        notReady('OutOfDate', 'Replacing the container'),
      ],
    };
  }
  if (!current) {
    const instance = newInstance(agent, agent.block, target);
    return {
      steps: [...prepare, { kind: 'createInstance', instance }, { kind: 'startInstance', name: instance.name }],
      findings: [
        provisioned(false, 'Creating', 'Making network, volumes and container'),
        running(false, 'Creating', 'The container is being made'),
        notReady('Creating', 'The container is being made'),
      ],
    };
  }
  if (prepare.length > 0) {
    return { steps: prepare, findings: [configured(false, 'Delivering', 'New files are being delivered')] };
  }
  return planInstance(seen, current, target);
}

/** The container is the right one and has what it needs: run it, and say how it is. */
function planInstance(seen: Observation, current: ObservedInstance, target: Target): Plan {
  const ground = [
    provisioned(true, 'Provisioned', 'Network, volumes and address are in place'),
    configured(true, 'Delivered', 'The files of this generation are in place'),
  ];
  switch (current.state) {
    case 'created':
      return {
        steps: [{ kind: 'startInstance', name: current.name }],
        findings: [...ground, running(false, 'Starting', 'Starting'), notReady('Starting', 'The container starts')],
      };
    case 'running':
      return planRunning(seen, current, target, ground);
    case 'exited':
      return planExited(seen, current, target, ground);
    case 'paused':
    case 'other':
      return {
        steps: [],
        findings: [
          ...ground,
          running(false, 'Paused', 'Somebody paused the container'),
          notReady('Paused', 'Somebody paused the container; unpause it, or use "agentpod restart"'),
        ],
      };
  }
}

function planRunning(seen: Observation, current: ObservedInstance, target: Target, ground: readonly Finding[]): Plan {
  const requested = seen.agent.recorded.restartRequestedAt;
  if (requested !== undefined && current.startedAt !== undefined && current.startedAt < requested) {
    return {
      steps: [
        { kind: 'stopInstance', name: current.name, graceSeconds: target.shape.stop.graceSeconds },
        { kind: 'startInstance', name: current.name },
      ],
      findings: [
        ...ground,
        running(false, 'Restarting', 'A restart was asked for'),
        notReady('Restarting', 'Restarting'),
      ],
    };
  }
  const steps: Step[] = sameLimits(current.limits, target.limits)
    ? []
    : [{ kind: 'setLimits', name: current.name, limits: target.limits }];
  const up = [...ground, running(true, 'Running', 'The container runs'), notStalled()];

  const { health } = seen;
  const known = health?.instanceId === current.id && health.startedAt === current.startedAt ? health : undefined;
  if (known?.started !== 'yes' || known.rpc !== 'yes') {
    const late = (seen.now - (current.startedAt ?? seen.now)) / 1000 > target.startDeadlineSeconds;
    const reason = late ? 'StartDeadlineExceeded' : known?.started === 'yes' ? 'NotAnswering' : 'Booting';
    const message = known?.detail ?? 'The agent boots';
    return {
      steps,
      findings: [
        ...up,
        { type: 'Healthy', status: 'False', reason, message },
        ...routeFindings(seen),
        notReady(reason, message),
      ],
    };
  }
  const healthy: Finding = {
    type: 'Healthy',
    status: 'True',
    reason: 'Answering',
    message: 'Started and answering RPC',
  };
  return { steps, findings: [...up, healthy, ...routeFindings(seen), readiness(seen)] };
}

function planExited(seen: Observation, current: ObservedInstance, target: Target, ground: readonly Finding[]): Plan {
  const decision = restartDecision({
    exitCode: current.exitCode,
    outOfMemory: current.outOfMemory,
    finishedAt: current.finishedAt,
    restarts: seen.agent.recorded.restarts,
    restartRequestedAt: seen.agent.recorded.restartRequestedAt,
    unhealableExitCodes: target.unhealableExitCodes,
    now: seen.now,
  });
  const down = [...ground, running(false, decision.reason, decision.message)];
  switch (decision.kind) {
    case 'start':
      return {
        steps: [
          ...(decision.counted ? [{ kind: 'countRestart' } as const] : []),
          { kind: 'startInstance', name: current.name },
        ],
        findings: [...down, notStalled(), notReady(decision.reason, decision.message)],
      };
    case 'wait':
      return {
        steps: [],
        findings: [...down, notReady(decision.reason, decision.message)],
        lookAgainAt: decision.until,
      };
    case 'stall':
      return {
        steps: [],
        findings: [...down, stalled(decision.reason, decision.message), notReady(decision.reason, decision.message)],
      };
  }
}

function planSuspension(seen: Observation): Plan {
  const grace = seen.target?.shape.stop.graceSeconds ?? 30;
  const alive = seen.engine.instances.filter(({ state }) => state === 'running' || state === 'paused');
  const message = 'Stopped by a person; data is kept';
  return {
    steps: alive.map(({ name }) => ({ kind: 'stopInstance', name, graceSeconds: grace })),
    findings: [
      running(false, alive.length > 0 ? 'Stopping' : 'Suspended', message),
      { type: 'Healthy', status: 'False', reason: 'Suspended', message },
      notStalled(),
      notReady('Suspended', message),
    ],
  };
}

function planDeletion(seen: Observation): Plan {
  const { agent, engine } = seen;
  const purge = agent.deletion?.purge === true;
  const grace = seen.target?.shape.stop.graceSeconds ?? 30;
  const names = engineNames(agent.id);
  const leftovers: Step[] = [
    ...engine.instances.flatMap((instance) => remove(instance, grace)),
    ...engine.networks.map(({ name }) => ({ kind: 'removeNetwork', name }) as const),
    ...engine.volumes
      // The configuration is rendered anew at undelete and holds credentials: it never outlives the agent.
      .filter(({ name }) => purge || name === names.config)
      .map(({ name }) => ({ kind: 'removeVolume', name }) as const),
  ];
  if (leftovers.length > 0) {
    return { steps: leftovers, findings: [notStalled(), notReady('Deleting', 'Removing container and network')] };
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
function planMissingData(seen: Observation): Plan {
  const message = `The volume with the data of ${refOf(seen.agent)} is gone`;
  const grace = seen.target?.shape.stop.graceSeconds ?? 30;
  return {
    steps: seen.engine.instances
      .filter(({ state }) => state === 'running')
      .map(({ name }) => ({ kind: 'stopInstance', name, graceSeconds: grace })),
    findings: [
      provisioned(false, 'DataMissing', message),
      stalled('DataMissing', message),
      notReady('DataMissing', message),
    ],
  };
}

/** Image, network, volumes and files that are not yet as they should be. Empty when all is in place. */
function preparation(seen: Observation, block: Block, target: Target): Step[] {
  const { agent, engine } = seen;
  const names = engineNames(agent.id);
  const steps: Step[] = [];
  if (agent.recorded.image === undefined) steps.push({ kind: 'ensureImage', ...target.imageReferences });
  if (!engine.networks.some(({ name }) => name === names.network)) {
    steps.push({ kind: 'createNetwork', name: names.network, bridge: names.bridge, block });
  }
  for (const role of ['state', 'config'] as const) {
    const volume = engine.volumes.find(({ name }) => name === names[role]);
    if (!volume) steps.push({ kind: 'createVolume', name: names[role], role });
    const revision = role === 'state' ? target.stateRevision : target.configRevision;
    const delivered = agent.recorded.delivered[role];
    const isNew = !volume || delivered?.volumeCreatedAt !== volume.createdAt;
    if (isNew || delivered.revision !== revision) {
      const files = role === 'config' ? target.configFiles : changedFiles(agent, target, isNew);
      steps.push({ kind: 'deliverFiles', role, volume: names[role], revision, files });
    }
  }
  return steps;
}

function changedFiles(agent: Agent, target: Target, isNew: boolean): readonly RevisedFile[] {
  const known = agent.recorded.delivered.state?.files ?? {};
  return isNew ? target.stateFiles : target.stateFiles.filter(({ path, revision }) => known[path] !== revision);
}

function newInstance(agent: Agent, block: Block, target: Target): NewInstance {
  const names = engineNames(agent.id);
  return {
    name: names.instance(target.instanceRevision),
    revision: target.instanceRevision,
    network: names.network,
    address: block.address,
    volumes: { state: names.state, config: names.config },
    shape: target.shape,
    limits: target.limits,
  };
}

function remove(instance: ObservedInstance, graceSeconds: number): Step[] {
  const stop: Step[] =
    instance.state === 'running' || instance.state === 'paused'
      ? [{ kind: 'stopInstance', name: instance.name, graceSeconds }]
      : [];
  return [...stop, { kind: 'removeInstance', name: instance.name }];
}

function hasVolume(seen: Observation, role: VolumeRole): boolean {
  const name = engineNames(seen.agent.id)[role];
  return seen.engine.volumes.some((volume) => volume.name === name);
}

function sameLimits(a: ResourceSpec, b: ResourceSpec): boolean {
  return a.memoryBytes === b.memoryBytes && a.cpus === b.cpus && a.pids === b.pids;
}
