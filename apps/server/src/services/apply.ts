import {
  AppError,
  type Agent,
  canGoBack,
  plainText,
  type Recorded,
  type Restart,
  type Step,
  type VolumeRole,
} from '@agentpod/core';
import type { RuntimeEngine } from '../ports/runtime.ts';
import type { Store } from '../ports/store.ts';

export interface ApplyDeps {
  readonly runtime: RuntimeEngine;
  readonly store: Store;
  readonly supernet: string;
  /** Host routes that are not networks of the engine. */
  readonly hostRoutes: () => Promise<readonly string[]>;
  readonly now: () => number;
  /** Said while an image is being pulled: the only step that takes minutes. */
  readonly onProgress: (message: string) => void;
  /** What the agent's own check said, in one sentence for a person. */
  readonly refusalOf: (output: string) => string;
  /** The user that files belong to, from the type's manifest. */
  readonly user: string;
}

/**
 * Carries out one plan, step by step. Each step may be repeated: a process killed anywhere in here leaves a world from
 * which the next plan goes on. Facts are recorded right after the act that made them.
 */
export async function apply(agent: Agent, steps: readonly Step[], deps: ApplyDeps, signal: AbortSignal): Promise<void> {
  let recorded = agent.recorded;
  const volumes = new Map<VolumeRole, string>();
  const record = async (facts: Partial<Recorded>): Promise<void> => {
    recorded = { ...recorded, ...facts };
    await deps.store.saveRecorded(agent.id, facts);
  };
  const imageId = (): string => {
    if (recorded.image) return recorded.image.id;
    throw new AppError('bug', 'NoImage', 'a step needs the image before it was found');
  };

  const { runtime, store } = deps;
  for (const step of steps) {
    signal.throwIfAborted();
    switch (step.kind) {
      case 'reserveBlock': {
        const foreign = [...(await runtime.foreignSubnets(signal)), ...(await deps.hostRoutes())];
        await store.reserveBlock(agent.id, deps.supernet, foreign);
        break;
      }
      case 'releaseBlock':
        await store.releaseBlock(agent.id);
        break;
      case 'ensureImage':
        await record({ image: await ensureImage(agent, step, deps, signal) });
        break;
      case 'createNetwork':
        await runtime.createNetwork({ agentId: agent.id, ...step }, signal);
        break;
      case 'removeNetwork':
        await runtime.removeNetwork(step.name, signal);
        break;
      case 'createVolume': {
        const { createdAt } = await runtime.createVolume({ agentId: agent.id, ...step }, signal);
        volumes.set(step.role, createdAt);
        if (step.role === 'state') await record({ stateVolumeCreatedAt: createdAt });
        break;
      }
      case 'removeVolume':
        await runtime.removeVolume(step.name, signal);
        break;
      case 'deliverFiles': {
        const { role, volume, files, revision } = step;
        await runtime.deliverFiles(
          { agentId: agent.id, role, volume, files, user: deps.user, imageId: imageId() },
          signal,
        );
        const before = recorded.delivered.state?.files ?? {};
        const volumeCreatedAt = volumes.get(role) ?? (await createdAtOf(agent.id, volume, runtime, signal));
        const lying = Object.fromEntries(files.map((file) => [file.path, file.revision]));
        const fact = { revision, volumeCreatedAt, ...(role === 'state' ? { files: { ...before, ...lying } } : {}) };
        await record({ delivered: { ...recorded.delivered, [role]: fact } });
        break;
      }
      case 'createInstance':
        await runtime.createInstance(agent.id, step.instance, imageId(), signal);
        break;
      case 'validateConfig': {
        const { kind: _, ...files } = step;
        const check = { agentId: agent.id, imageId: imageId(), user: deps.user, ...files };
        const outcome = await runtime.validateFiles(check, signal);
        if (!outcome.ok) return await refuse(agent, deps.refusalOf(outcome.output), record);
        break;
      }
      case 'noteRun': {
        const restarts = step.engineRestarts.map((restart) => ({ ...restart, at: deps.now() }));
        await record({ run: step.run, restarts: newest([...recorded.restarts, ...restarts]) });
        break;
      }
      case 'noteStarted':
        await record({ run: { ...step.run, started: true } });
        break;
      case 'honourRestart':
        // After the start: killed before this, a person gets the restart once more rather than never.
        await record({ restartHonoured: step.requestedAt });
        break;
      case 'releaseRun':
        await record({ run: { ...step.run, released: true } });
        break;
      case 'countRestart':
        // Before the start: a crash in between must not make us forget that we tried.
        await record({ restarts: newest([...recorded.restarts, { ...step.restart, at: deps.now() }]) });
        break;
      case 'recordGood':
        await record({ good: { generation: agent.generation, spec: agent.spec } });
        break;
      case 'rejectConfig':
        await record(rejection(agent, step, deps.now()));
        break;
      case 'startInstance':
        // Before the start: what it runs with must not be taken for a spec that comes in between.
        if (recorded.startGeneration !== agent.generation) await record({ startGeneration: agent.generation });
        await runtime.startInstance(step.name, signal);
        break;
      case 'stopInstance':
        await runtime.stopInstance(step.name, step.graceSeconds, signal, step.onlyRun);
        break;
      case 'removeInstance':
        await runtime.removeInstance(step.name, signal);
        break;
      case 'setLimits':
        await runtime.setLimits(step.name, step.limits, signal);
        break;
      case 'finishDeletion':
        await store.finishDeletion(agent.id, deps.now());
        break;
    }
  }
}

/** Enough to tell a crash loop from bad luck. */
function newest(restarts: readonly Restart[]): Restart[] {
  return restarts.slice(-20);
}

/** The last good configuration gets a fresh start: what ended under the rejected one is not held against it. */
function rejection(
  agent: Agent,
  { reason, message }: { reason: string; message: string },
  now: number,
): Partial<Recorded> {
  return { rejected: { generation: agent.generation, reason, message }, restartRequestedAt: now };
}

/** Nothing of a refused configuration was delivered: what runs goes on, with nothing to restart. */
async function refuse(
  agent: Agent,
  output: string,
  record: (facts: Partial<Recorded>) => Promise<void>,
): Promise<void> {
  const message = plainText(output, longestRefusal) || 'the agent gave no reason';
  if (canGoBack(agent)) return record({ rejected: { generation: agent.generation, reason: 'ConfigInvalid', message } });
  throw new AppError('invalid', 'ConfigInvalid', `the agent refuses its configuration: ${message}`, {
    remedy: 'Correct the spec; nothing was changed.',
  });
}

const longestRefusal = 500;

/** The local image wins: it is what this machine built, and needs no registry. */
async function ensureImage(
  agent: Agent,
  step: { local: string; registry: string | undefined },
  deps: ApplyDeps,
  signal: AbortSignal,
): Promise<{ reference: string; id: string }> {
  for (const reference of [step.local, step.registry]) {
    const id = reference === undefined ? undefined : await deps.runtime.imageId(reference, signal);
    if (reference !== undefined && id !== undefined) return { reference, id };
  }
  const remedy = `Build it with "agentpod image build ${agent.spec.type} ${agent.spec.version}".`;
  if (step.registry === undefined) {
    throw new AppError('terminal', 'ImageUnavailable', `there is no image ${step.local} on this machine`, { remedy });
  }
  try {
    await deps.runtime.pullImage(step.registry, ({ message }) => deps.onProgress(message), signal);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    throw new AppError(
      error.kind,
      error.reason,
      `there is no image ${step.local} on this machine, and ${error.message}. ${remedy}`,
      { cause: error, remedy },
    );
  }
  const id = await deps.runtime.imageId(step.registry, signal);
  if (id === undefined) {
    throw new AppError('unavailable', 'ImageUnavailable', `${step.registry} was pulled but is not there`, { remedy });
  }
  return { reference: step.registry, id };
}

async function createdAtOf(
  agentId: string,
  volume: string,
  runtime: RuntimeEngine,
  signal: AbortSignal,
): Promise<string> {
  const { volumes } = await runtime.observe(agentId, signal);
  const found = volumes.find(({ name }) => name === volume);
  if (!found) throw new AppError('unavailable', 'VolumeGone', `volume ${volume} vanished while files were delivered`);
  return found.createdAt;
}
