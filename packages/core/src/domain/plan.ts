import { type Agent, type Block, pendingRestart } from './agent.ts';
import type { Finding } from './condition.ts';
import { configured, notReady, provisioned, running } from './findings.ts';
import type { ObservedInstance, Observation, RevisedFile, Target } from './observation.ts';
import { notUp, planGone, planInstance } from './plan-instance.ts';
import { planDeletion, planMissingData, planSuspension } from './plan-removal.ts';
import { engineNames, type NewInstance, removeSteps, type Step, type VolumeRole } from './step.ts';

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
  return inTurn(honouring(planWanted(seen), seen), seen);
}

/** An agent that is meant to run. */
function planWanted(seen: Observation): Plan {
  const { agent, target } = seen;
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

  const current = seen.engine.instances.find((instance) => instance.revision === target.instanceRevision);
  const stale = seen.engine.instances.filter((instance) => instance !== current);
  const prepare = preparation(seen, agent.block, target);
  if (stale.length > 0) {
    // Two instances would write one volume: the old one goes before the new one comes. What can fail without
    // touching it (image, volumes, files) comes first, so that the old one goes on serving until then.
    return replace(seen, [...prepare], stale, 'OutOfDate', 'Replacing the container');
  }
  if (current && !current.attached && hasNetwork(seen)) {
    const message = 'Its network was removed by somebody and made anew: replacing the container';
    return replace(seen, [...prepare, ...countOnce(seen, current)], [current], 'NetworkGone', message);
  }
  if (!current) {
    const instance = newInstance(agent, agent.block, target);
    const make: Step[] = [
      ...prepare,
      { kind: 'createInstance', instance },
      { kind: 'startInstance', name: instance.name },
    ];
    const gone = planGone(seen, target, make);
    if (gone) return gone;
    return {
      steps: make,
      findings: [
        provisioned(false, 'Creating', 'Making network, volumes and container'),
        running(false, 'Creating', 'The container is being made'),
        notReady('Creating', 'The container is being made'),
      ],
    };
  }
  if (prepare.length > 0) {
    const delivering = configured(false, 'Delivering', 'New files are being delivered');
    return { steps: prepare, findings: [delivering, ...notUp(current, seen)] };
  }
  return planInstance(seen, current, target);
}

/** Whatever a start is for, it is the restart that was asked for, too. */
function honouring(next: Plan, { agent: { recorded } }: Observation): Plan {
  const requestedAt = pendingRestart(recorded);
  if (requestedAt === undefined || !next.steps.some(({ kind }) => kind === 'startInstance')) return next;
  return { ...next, steps: [...next.steps, { kind: 'honourRestart', requestedAt }] };
}

/**
 * Many boots at once starve the agents that answer: a start from a standstill waits for its turn. One that follows a
 * failure does not, nor does a restart in place: their customers are used to an answer.
 */
function inTurn(next: Plan, seen: Observation): Plan {
  const start = next.steps.findIndex(({ kind }) => kind === 'startInstance');
  const isUrgent = next.steps.some(({ kind }) => kind === 'stopInstance' || kind === 'countRestart');
  if (seen.mayStart || start < 0 || isUrgent) return next;
  const message = 'It waits for its turn: other agents are booting';
  return {
    steps: next.steps.slice(0, start),
    findings: [
      ...next.findings.filter(({ type }) => type !== 'Ready' && type !== 'Running'),
      running(false, 'Waiting', message),
      notReady('Waiting', message),
    ],
    lookAgainAt: seen.now + turnMs,
  };
}

const turnMs = 1000;

/** Counted like every end that nobody asked for: whoever looks later must be able to tell that there was one. */
function countOnce(seen: Observation, { id, startedAt }: ObservedInstance): Step[] {
  const known = seen.agent.recorded.restarts.some((one) => one.instanceId === id && one.startedAt === startedAt);
  if (startedAt === undefined || known) return [];
  const restart = { instanceId: id, startedAt, by: 'agentpod', reason: 'NetworkGone', slow: false } as const;
  return [{ kind: 'countRestart', restart }];
}

function replace(
  seen: Observation,
  prepare: readonly Step[],
  instances: readonly ObservedInstance[],
  reason: string,
  message: string,
): Plan {
  const grace = seen.target?.shape.stop.graceSeconds ?? 30;
  const { run } = seen.agent.recorded;
  const release: Step[] =
    run && !run.released && instances.some(({ id }) => id === run.instanceId) ? [{ kind: 'releaseRun', run }] : [];
  return {
    steps: [...prepare, ...release, ...instances.flatMap((instance) => removeSteps(instance, grace))],
    findings: [running(false, reason, message), notReady(reason, message)],
  };
}

/** Image, network, volumes and files that are not yet as they should be. Empty when all is in place. */
function preparation(seen: Observation, block: Block, target: Target): Step[] {
  const { agent, engine } = seen;
  const names = engineNames(agent.id);
  const steps: Step[] = [];
  if (agent.recorded.image === undefined) steps.push({ kind: 'ensureImage', ...target.imageReferences });
  if (!hasNetwork(seen)) {
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
      if (role === 'config' && delivered?.revision !== revision) steps.push(...validation(target));
      steps.push({ kind: 'deliverFiles', role, volume: names[role], revision, files });
    }
  }
  return steps;
}

function validation(target: Target): Step[] {
  const { validation: check, shape, limits, configFiles } = target;
  if (!check) return [];
  return [
    {
      kind: 'validateConfig',
      files: configFiles,
      command: check.command,
      env: shape.env,
      mount: shape.mounts.config,
      memoryBytes: limits.memoryBytes,
    },
  ];
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

function hasVolume(seen: Observation, role: VolumeRole): boolean {
  const name = engineNames(seen.agent.id)[role];
  return seen.engine.volumes.some((volume) => volume.name === name);
}

function hasNetwork(seen: Observation): boolean {
  const { network } = engineNames(seen.agent.id);
  return seen.engine.networks.some(({ name }) => name === network);
}
