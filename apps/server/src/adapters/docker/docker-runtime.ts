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
} from '../../ports/runtime.ts';
import { EngineConnection } from './engine-connection.ts';
import { deliverFiles } from './file-delivery.ts';
import { HelperContainers } from './helper-containers.ts';
import { findImage, pullImage } from './images.ts';
import { Instances } from './instances.ts';
import { Networks, observedNetwork } from './networks.ts';
import { Ownership } from './ownership.ts';
import { readLog } from './read-log.ts';
import { validateFiles } from './validation.ts';
import { volumeSizes } from './volume-sizes.ts';
import { observedVolume, Volumes } from './volumes.ts';
import { wakeups } from './wakeups.ts';

export interface DockerRuntimeOptions {
  readonly socketPath: string;
  /** Id of this installation: several may share one engine without seeing each other. */
  readonly installation: string;
  /** Name of the bridge whose address the model gateway listens on. */
  readonly gatewayBridge: string;
  /** For an ordinary call; pulls and stops take longer. */
  readonly timeoutMs?: number;
}

/** One Docker engine, through its socket. */
export class DockerRuntime implements RuntimeEngine {
  readonly #gatewayBridge: string;
  readonly #connection: EngineConnection;
  readonly #ownership: Ownership;
  readonly #networks: Networks;
  readonly #volumes: Volumes;
  readonly #helpers: HelperContainers;
  readonly #instances: Instances;

  constructor({ socketPath, installation, gatewayBridge, timeoutMs = 30_000 }: DockerRuntimeOptions) {
    this.#gatewayBridge = gatewayBridge;
    const connection = (this.#connection = new EngineConnection({ socketPath, timeoutMs }));
    const ownership = (this.#ownership = new Ownership(installation));
    const networks = (this.#networks = new Networks(connection, ownership));
    const volumes = (this.#volumes = new Volumes(connection, ownership));
    this.#helpers = new HelperContainers(connection, ownership);
    this.#instances = new Instances({ connection, ownership, networks, volumes });
  }

  async info(signal: AbortSignal): Promise<EngineInfo> {
    const answer = await this.#connection.get('ask the engine about itself', '/info', signal);
    const { Name, ServerVersion, MemTotal, NCPU } = answer as Info;
    const apiVersion = await this.#connection.apiVersion(signal);
    return { name: Name, version: ServerVersion, apiVersion, memoryBytes: MemTotal, cpus: NCPU };
  }

  async observe(agentId: string, signal: AbortSignal): Promise<EngineView> {
    const [networks, volumes, containers] = await Promise.all([
      this.#networks.ours.ofAgent(agentId, signal),
      this.#volumes.ours.ofAgent(agentId, signal),
      this.#instances.inspect(agentId, signal),
    ]);
    const instances = this.#instances.observed(containers, networks);
    return { networks: networks.map(observedNetwork), volumes: volumes.map(observedVolume), instances };
  }

  async owners(signal: AbortSignal): Promise<ReadonlySet<string>> {
    const [networks, volumes, containers] = await Promise.all([
      this.#networks.ours.all(signal),
      this.#volumes.ours.all(signal),
      this.#instances.ours.all(signal),
    ]);
    const owners = [...networks, ...volumes, ...containers].map(({ Labels }) => this.#ownership.agentOf(Labels));
    return new Set(owners.filter((id) => id !== undefined));
  }

  async foreignSubnets(signal: AbortSignal): Promise<readonly string[]> {
    return this.#networks.foreignSubnets(signal);
  }

  async imageId(reference: string, signal: AbortSignal): Promise<string | undefined> {
    return (await findImage(this.#connection, reference, signal))?.Id;
  }

  async pullImage(reference: string, onProgress: (progress: PullProgress) => void, signal: AbortSignal): Promise<void> {
    return pullImage(this.#connection, reference, onProgress, signal);
  }

  async createNetwork(
    network: { agentId: string; name: string; bridge: string; block: Block },
    signal: AbortSignal,
  ): Promise<void> {
    await this.#networks.create({ role: 'network', ...network }, signal);
  }

  async removeNetwork(name: string, signal: AbortSignal): Promise<void> {
    await this.#networks.remove(name, signal);
  }

  async ensureGatewayNetwork(block: Block, signal: AbortSignal): Promise<void> {
    const name = `agentpod-gateway-${this.#ownership.installation.slice(0, 12)}`;
    const wanted = { role: 'gateway', agentId: undefined, name, bridge: this.#gatewayBridge, block } as const;
    try {
      await this.#networks.create(wanted, signal);
    } catch (error) {
      if (!(error instanceof AppError) || error.reason !== 'NetworkDiffers') throw error;
      // The supernet was changed. No container is ever attached here, so that it can simply move.
      await this.#networks.remove(name, signal);
      await this.#networks.create(wanted, signal);
    }
  }

  async createVolume(
    volume: { agentId: string; name: string; role: VolumeRole },
    signal: AbortSignal,
  ): Promise<{ createdAt: string }> {
    return this.#volumes.create(volume, signal);
  }

  async removeVolume(name: string, signal: AbortSignal): Promise<void> {
    const volume = await this.#volumes.find(name, signal);
    const agentId = this.#ownership.agentOf(volume?.Labels);
    if (agentId === undefined) return;
    // A helper that a crash of ours left behind still holds the volume.
    await this.#helpers.removeLeftovers(agentId, signal);
    await this.#volumes.remove(name, signal);
  }

  async deliverFiles(delivery: FileDelivery, signal: AbortSignal): Promise<void> {
    await deliverFiles(
      delivery,
      { helpers: this.#helpers, volumes: this.#volumes, ownership: this.#ownership },
      signal,
    );
  }

  async validateFiles(check: FileCheck, signal: AbortSignal): Promise<FileVerdict> {
    return validateFiles(check, { connection: this.#connection, helpers: this.#helpers }, signal);
  }

  async createInstance(agentId: string, instance: NewInstance, image: string, signal: AbortSignal): Promise<void> {
    await this.#instances.create(agentId, instance, image, signal);
  }

  async startInstance(name: string, signal: AbortSignal): Promise<void> {
    await this.#instances.start(name, signal);
  }

  async stopInstance(name: string, graceSeconds: number, signal: AbortSignal, onlyRun?: number): Promise<void> {
    await this.#instances.stop(name, graceSeconds, signal, onlyRun);
  }

  async removeInstance(name: string, signal: AbortSignal): Promise<void> {
    await this.#instances.remove(name, signal);
  }

  async setLimits(name: string, limits: ResourceSpec, signal: AbortSignal): Promise<void> {
    await this.#instances.setLimits(name, limits, signal);
  }

  async usage(name: string, signal: AbortSignal): Promise<InstanceUsage> {
    return this.#instances.usage(name, signal);
  }

  async volumeSizes(signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    return volumeSizes(this.#connection, this.#ownership, signal);
  }

  async *logs(name: string, options: { tail: number; follow: boolean }, signal: AbortSignal): AsyncGenerator<LogLine> {
    yield* readLog(this.#connection, await this.#instances.idOf(name, signal), options, signal);
  }

  wakeups(signal: AbortSignal): AsyncIterable<string> {
    return wakeups(
      {
        connection: this.#connection,
        ownership: this.#ownership,
        networks: this.#networks,
        volumes: this.#volumes,
        instances: this.#instances,
      },
      signal,
    );
  }
}

interface Info {
  readonly Name: string;
  readonly ServerVersion: string;
  readonly MemTotal: number;
  readonly NCPU: number;
}
