import {
  AppError,
  type Block,
  type EngineView,
  type LogLine,
  type NewInstance,
  type ResourceSpec,
  type VolumeRole,
} from '@agentpod/core';
import type {
  EngineInfo,
  FileCheck,
  FileDelivery,
  FileVerdict,
  InstanceUsage,
  PullProgress,
  RuntimeEngine,
} from '../ports/runtime.ts';
import type { Dice } from './dice.ts';
import type { EventStreams } from './event-streams.ts';
import type { Machine } from './machine.ts';
import { markerOf, type Run } from './run.ts';
import type { EngineManners } from './troubles.ts';

export interface ModelledRuntimeDeps {
  readonly machine: Machine;
  readonly dice: Dice;
  readonly manners: EngineManners;
  readonly events: EventStreams;
  /** What the engine was asked, and did; for the trace and for what the control plane has seen. */
  readonly acted: (method: string, about: string) => void;
  readonly observed: (agentId: string, view: EngineView) => void;
  readonly volumes: {
    created(agentId: string, role: VolumeRole): void;
    removed(name: string): void;
  };
}

const slowestMs = 8000;
/** What an engine usually takes, in milliseconds; reading it takes next to nothing. */
const usualMs: Partial<Record<keyof RuntimeEngine, number>> = {
  pullImage: 8000,
  createNetwork: 150,
  removeNetwork: 200,
  deliverFiles: 350,
  validateFiles: 1500,
  createInstance: 100,
  startInstance: 300,
  removeInstance: 100,
};

/**
 * The engine as one control plane meets it: calls take time, fail before or after the act, and find nobody while the
 * engine restarts. What it does is done by the in-memory engine that passes the contract of the real one.
 */
export class ModelledRuntime implements RuntimeEngine {
  readonly #deps: ModelledRuntimeDeps;
  /** The control plane that asked is gone: some of what it asked for happens all the same. */
  isAbandoned = false;

  constructor(deps: ModelledRuntimeDeps) {
    this.#deps = deps;
  }

  info(signal: AbortSignal): Promise<EngineInfo> {
    return this.#call('info', '', signal, () => this.#hands.info(signal));
  }

  async observe(agentId: string, signal: AbortSignal): Promise<EngineView> {
    return this.#call('observe', agentId, signal, async () => {
      const view = await this.#hands.observe(agentId, signal);
      if (!this.isAbandoned) this.#deps.observed(agentId, view);
      return view;
    });
  }

  owners(signal: AbortSignal): Promise<ReadonlySet<string>> {
    return this.#call('owners', '', signal, () => this.#hands.owners(signal));
  }

  foreignSubnets(signal: AbortSignal): Promise<readonly string[]> {
    return this.#call('foreignSubnets', '', signal, () => this.#hands.foreignSubnets(signal));
  }

  imageId(reference: string, signal: AbortSignal): Promise<string | undefined> {
    return this.#call('imageId', reference, signal, () => this.#hands.imageId(reference, signal));
  }

  pullImage(reference: string, onProgress: (progress: PullProgress) => void, signal: AbortSignal): Promise<void> {
    return this.#call('pullImage', reference, signal, () => this.#hands.pullImage(reference, onProgress, signal));
  }

  createNetwork(
    network: { agentId: string; name: string; bridge: string; block: Block },
    signal: AbortSignal,
  ): Promise<void> {
    return this.#call('createNetwork', network.name, signal, () => this.#hands.createNetwork(network, signal));
  }

  removeNetwork(name: string, signal: AbortSignal): Promise<void> {
    return this.#call('removeNetwork', name, signal, () => this.#hands.removeNetwork(name, signal));
  }

  ensureGatewayNetwork(block: Block, signal: AbortSignal): Promise<void> {
    return this.#call('ensureGatewayNetwork', '', signal, () => this.#hands.ensureGatewayNetwork(block, signal));
  }

  createVolume(volume: Parameters<RuntimeEngine['createVolume']>[0], signal: AbortSignal) {
    return this.#call('createVolume', volume.name, signal, async () => {
      const isNew = !this.#deps.machine.engine.volumes.has(volume.name);
      const made = await this.#hands.createVolume(volume, signal);
      if (isNew) this.#deps.volumes.created(volume.agentId, volume.role);
      return made;
    });
  }

  removeVolume(name: string, signal: AbortSignal): Promise<void> {
    return this.#call('removeVolume', name, signal, async () => {
      await this.#hands.removeVolume(name, signal);
      this.#deps.volumes.removed(name);
    });
  }

  deliverFiles(delivery: FileDelivery, signal: AbortSignal): Promise<void> {
    return this.#call('deliverFiles', delivery.volume, signal, async () => {
      await this.#hands.deliverFiles(delivery, signal);
      if (delivery.role === 'config') this.#deps.machine.reloaded(delivery.agentId);
    });
  }

  /** The agent's own software refuses what would make it end with 78, as far as it can tell. */
  validateFiles(check: FileCheck, signal: AbortSignal): Promise<FileVerdict> {
    return this.#call('validateFiles', check.agentId, signal, async () => {
      const { ok } = await this.#hands.validateFiles(check, signal);
      const isRefused = markerOf(check.files.find(({ path }) => path === 'config')?.content) === 'exit-78';
      return { ok: ok && !isRefused, output: isRefused ? 'the configuration is not valid' : '' };
    });
  }

  createInstance(agentId: string, instance: NewInstance, imageId: string, signal: AbortSignal): Promise<void> {
    return this.#call('createInstance', instance.name, signal, () =>
      this.#hands.createInstance(agentId, instance, imageId, signal),
    );
  }

  startInstance(name: string, signal: AbortSignal): Promise<void> {
    return this.#call('startInstance', name, signal, async () => {
      const { machine } = this.#deps;
      const before = machine.engine.containers.get(name)?.state;
      await this.#hands.startInstance(name, signal);
      if (before !== 'running' && before !== 'paused') machine.began(name, 'agentpod');
    });
  }

  stopInstance(name: string, graceSeconds: number, signal: AbortSignal, onlyRun?: number): Promise<void> {
    return this.#call('stopInstance', name, signal, async () => {
      const { machine } = this.#deps;
      const container = machine.engine.containers.get(name);
      const run = container?.agentId === undefined ? undefined : machine.runOf(container.agentId);
      if (run === undefined || run.containerId !== container?.id) {
        return this.#hands.stopInstance(name, graceSeconds, signal, onlyRun);
      }
      if (onlyRun !== undefined && container.startedAt !== onlyRun) return;
      machine.stopping(run, 'agentpod');
      if (container.state === 'paused') return this.#finishStop(run);
      const isDeaf = run.loop !== 'turning';
      await this.#pause(
        isDeaf ? graceSeconds * 1000 : Math.min(graceSeconds * 1000, this.#deps.dice.between(50, 4000)),
      );
      if (isDeaf) machine.end(run, 'agentpod', 'stop', 137);
      else this.#finishStop(run);
    });
  }

  removeInstance(name: string, signal: AbortSignal): Promise<void> {
    return this.#call('removeInstance', name, signal, async () => {
      let removal: Promise<void> | undefined;
      this.#deps.machine.removed(name, 'agentpod', () => {
        removal = this.#hands.removeInstance(name, signal);
      });
      await removal;
    });
  }

  setLimits(name: string, limits: ResourceSpec, signal: AbortSignal): Promise<void> {
    return this.#call('setLimits', name, signal, () => this.#hands.setLimits(name, limits, signal));
  }

  usage(name: string, signal: AbortSignal): Promise<InstanceUsage> {
    return this.#call('usage', name, signal, async () => {
      const { memoryBytes } = await this.#hands.usage(name, signal);
      return { memoryBytes, cpuMs: this.#deps.machine.cpuMs(name) };
    });
  }

  volumeSizes(signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    return this.#call('volumeSizes', '', signal, () => this.#hands.volumeSizes(signal));
  }

  async *logs(name: string, options: { tail: number; follow: boolean }, signal: AbortSignal): AsyncGenerator<LogLine> {
    await this.#call('logs', name, signal, async () => undefined);
    yield* this.#hands.logs(name, options, signal);
  }

  async *wakeups(signal: AbortSignal): AsyncGenerator<string> {
    this.#mustBeThere();
    yield* this.#deps.events.follow(signal);
  }

  get #hands() {
    return this.#deps.machine.hands;
  }

  async #call<T>(method: keyof RuntimeEngine, about: string, signal: AbortSignal, act: () => Promise<T>): Promise<T> {
    const { dice, manners, acted } = this.#deps;
    signal.throwIfAborted();
    const isSlow = dice.chance(manners.slow);
    const usual = usualMs[method];
    if (usual !== undefined || isSlow)
      await this.#pause(isSlow ? dice.between(200, slowestMs) : dice.between(1, usual ?? 1));
    if (this.isAbandoned && dice.chance(0.5)) return new Promise<never>(() => undefined);
    signal.throwIfAborted();
    this.#mustBeThere();
    if (dice.chance(manners.refused)) throw new AppError('unavailable', 'EngineFailed', `${method}: the engine failed`);
    const result = await act();
    acted(method, about);
    this.#mustBeThere();
    if (dice.chance(manners.lost)) throw new AppError('unavailable', 'EngineFailed', `${method}: the answer was lost`);
    return result;
  }

  #finishStop(run: Run): void {
    this.#deps.machine.end(run, 'agentpod', 'stop', this.#deps.dice.pick([0, 143]));
  }

  #mustBeThere(): void {
    if (this.#deps.machine.isAway) {
      throw new AppError('unavailable', 'EngineUnreachable', 'the container engine does not answer');
    }
  }

  #pause(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#deps.machine.clock.after(milliseconds, resolve);
    return promise;
  }
}
