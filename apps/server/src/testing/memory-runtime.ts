import {
  AppError,
  type AgentFile,
  type Block,
  type EngineView,
  isAlive,
  type LogLine,
  type NewInstance,
  overlaps,
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
import { MemoryEngine, type MemoryFile } from './memory-engine.ts';

export interface MemoryRuntimeOptions {
  readonly installation?: string;
  readonly engine?: MemoryEngine;
  readonly now?: () => number;
}

/** `n` counts all calls of one runtime from 1. Throwing `before` is a call that never was; `after`, a lost answer. */
export type OnCall = (method: string, n: number, phase: 'before' | 'after') => void;

/**
 * The engine for unit tests and `npm run dev`. It passes the same contract suite as the real one; `crash`, `say`,
 * `failNext` and `onCall` are what a test does to it.
 */
export class MemoryRuntime implements RuntimeEngine {
  readonly engine: MemoryEngine;
  /** What the agents' own software says of files. */
  judge: (check: FileCheck) => FileVerdict = () => ({ ok: true, output: '' });
  onCall: OnCall | undefined;
  readonly #installation: string;
  readonly #now: () => number;
  readonly #failures: { method: string; error: Error }[] = [];
  #calls = 0;

  constructor({ installation = 'memory', engine = new MemoryEngine(), now = Date.now }: MemoryRuntimeOptions = {}) {
    this.engine = engine;
    this.#installation = installation;
    this.#now = now;
  }

  /** The next call of this method fails and changes nothing. Several are used up in order. */
  failNext(method: keyof RuntimeEngine, error: Error): void {
    this.#failures.push({ method, error });
  }

  /** The process ended by itself, and the engine's own restarts are used up. */
  crash(name: string, exitCode: number, { outOfMemory = false } = {}): void {
    const container = this.#require(name);
    Object.assign(container, { state: 'exited', exitCode, outOfMemory, finishedAt: this.#now() });
    this.#changed(container.agentId);
  }

  /** The process ended by itself, and the engine started it again by its own policy before anybody could look. */
  crashAndRestart(name: string): void {
    const container = this.#require(name);
    Object.assign(container, { startedAt: this.#beginning(container), engineRestarts: container.engineRestarts + 1 });
    this.#changed(container.agentId);
  }

  /** A real engine counts nanoseconds: no two runs of a container begin in the same moment. */
  #beginning({ startedAt }: { startedAt?: number }): number {
    const now = this.#now();
    return now === startedAt ? now + 1 : now;
  }

  /** Somebody paused it behind our back; or let it go on. */
  pause(name: string, state: 'paused' | 'running' = 'paused'): void {
    const container = this.#require(name);
    container.state = state;
    this.#changed(container.agentId);
  }

  say(name: string, line: string, stream: LogLine['stream'] = 'stdout'): void {
    const entry = { time: new Date(this.#now()).toISOString(), stream, line };
    this.#require(name).log.push(entry);
    this.engine.tell(`log ${name}`, entry);
  }

  /** What was delivered into a volume, by path; empty when there is no such volume. */
  files(volume: string): ReadonlyMap<string, MemoryFile> {
    return this.engine.volumes.get(volume)?.files ?? new Map();
  }

  async info(signal: AbortSignal): Promise<EngineInfo> {
    return this.#call('info', signal, () => ({
      name: 'memory',
      version: '0',
      apiVersion: '0',
      memoryBytes: 16 * 1024 ** 3,
      cpus: 4,
    }));
  }

  async observe(agentId: string, signal: AbortSignal): Promise<EngineView> {
    return this.#call('observe', signal, () => ({
      networks: this.#ours(this.engine.networks, agentId).map(([name, { block }]) => ({ name, subnet: block.subnet })),
      volumes: this.#ours(this.engine.volumes, agentId).map(([name, { createdAt }]) => ({ name, createdAt })),
      instances: this.#ours(this.engine.containers, agentId).map(([name, container]) => {
        const { id, state, startedAt, finishedAt, exitCode, outOfMemory, imageId, limits, engineRestarts } = container;
        const { revision, network } = container.instance;
        const attached = this.engine.networks.get(network)?.id === container.networkId;
        const { outOfMemoryAt } = container;
        const life = { state, startedAt, finishedAt, exitCode, outOfMemory, engineRestarts, outOfMemoryAt };
        return { name, id, revision, ...life, imageId, limits, attached };
      }),
    }));
  }

  async owners(signal: AbortSignal): Promise<ReadonlySet<string>> {
    const { networks, volumes, containers } = this.engine;
    return this.#call('owners', signal, () => {
      const all = [...networks.values(), ...volumes.values(), ...containers.values()];
      const ours = all.filter(({ installation }) => installation === this.#installation);
      return new Set(ours.map(({ agentId }) => agentId).filter((id) => id !== undefined));
    });
  }

  async foreignSubnets(signal: AbortSignal): Promise<readonly string[]> {
    return this.#call('foreignSubnets', signal, () =>
      [...this.engine.networks.values()]
        .filter(({ installation }) => installation !== this.#installation)
        .map(({ block }) => block.subnet),
    );
  }

  async imageId(reference: string, signal: AbortSignal): Promise<string | undefined> {
    return this.#call('imageId', signal, () => this.#imageId(reference));
  }

  async pullImage(reference: string, onProgress: (progress: PullProgress) => void, signal: AbortSignal): Promise<void> {
    await this.#call('pullImage', signal, () => {
      const { registry, images } = this.engine;
      if (registry && !registry.has(reference)) throw imageUnavailable(`there is no image ${reference}`);
      onProgress({ message: 'Downloaded' });
      images.set(reference, `sha256:${this.engine.newId()}`);
    });
  }

  async createNetwork(
    network: { agentId: string; name: string; bridge: string; block: Block },
    signal: AbortSignal,
  ): Promise<void> {
    await this.#call('createNetwork', signal, () => this.#makeNetwork(network));
  }

  async removeNetwork(name: string, signal: AbortSignal): Promise<void> {
    await this.#call('removeNetwork', signal, () => {
      const network = this.engine.networks.get(name);
      if (network?.installation !== this.#installation) return;
      const used = [...this.engine.containers.values()].some(
        ({ instance, state }) => instance.network === name && (state === 'running' || state === 'paused'),
      );
      if (used) throw new AppError('conflict', 'InUse', `network ${name} is in use`);
      this.engine.networks.delete(name);
      this.#changed(network.agentId);
    });
  }

  async ensureGatewayNetwork(block: Block, signal: AbortSignal): Promise<void> {
    const name = `agentpod-gateway-${this.#installation}`;
    await this.#call('ensureGatewayNetwork', signal, () => {
      if (this.engine.networks.get(name)?.block.subnet !== block.subnet) this.engine.networks.delete(name);
      this.#makeNetwork({ name, bridge: 'agpgw', block });
    });
  }

  async createVolume(
    volume: { agentId: string; name: string; role: VolumeRole },
    signal: AbortSignal,
  ): Promise<{ createdAt: string }> {
    return this.#call('createVolume', signal, () => {
      const { agentId, name, role } = volume;
      const present = this.engine.volumes.get(name);
      if (
        present &&
        (present.installation !== this.#installation || present.agentId !== agentId || present.role !== role)
      ) {
        throw foreignObject('volume', name);
      }
      if (present) return { createdAt: present.createdAt };
      // The counter keeps two volumes of one millisecond apart.
      const createdAt = `${new Date(this.#now()).toISOString()} ${this.engine.newId().slice(-6)}`;
      this.engine.volumes.set(name, { installation: this.#installation, agentId, role, createdAt, files: new Map() });
      this.#changed(agentId);
      return { createdAt };
    });
  }

  async removeVolume(name: string, signal: AbortSignal): Promise<void> {
    await this.#call('removeVolume', signal, () => {
      const volume = this.engine.volumes.get(name);
      if (volume?.installation !== this.#installation) return;
      const used = [...this.engine.containers.values()].some(({ instance }) =>
        Object.values(instance.volumes).includes(name),
      );
      if (used) throw new AppError('conflict', 'InUse', `volume ${name} is in use`);
      this.engine.volumes.delete(name);
      this.#changed(volume.agentId);
    });
  }

  async deliverFiles({ agentId, role, volume, files, user }: FileDelivery, signal: AbortSignal): Promise<void> {
    await this.#call('deliverFiles', signal, () => {
      if (!/^\d+:\d+$/.test(user)) throw new AppError('invalid', 'InvalidUser', `"${user}" is not a user`);
      for (const { path } of files) checkPath(path);
      const present = this.engine.volumes.get(volume);
      if (!present) throw new AppError('not-found', 'VolumeGone', `there is no volume ${volume}`);
      if (present.installation !== this.#installation || present.agentId !== agentId || present.role !== role) {
        throw foreignObject('volume', volume);
      }
      put(present.files, files, { mode: role === 'config' ? 0o400 : 0o600, user });
      if (role === 'state') return;
      const named = new Set(files.map(({ path }) => path));
      for (const path of present.files.keys()) if (!named.has(path)) present.files.delete(path);
    });
  }

  async validateFiles(check: FileCheck, signal: AbortSignal): Promise<FileVerdict> {
    return this.#call('validateFiles', signal, () => {
      for (const { path } of check.files) checkPath(path);
      if (this.#imageId(check.imageId) === undefined) throw imageUnavailable(`image ${check.imageId} is not there`);
      return this.judge(check);
    });
  }

  async createInstance(agentId: string, instance: NewInstance, imageId: string, signal: AbortSignal): Promise<void> {
    await this.#call('createInstance', signal, () => {
      const { name, revision, network, volumes, limits } = instance;
      const present = this.engine.containers.get(name);
      if (present && (present.installation !== this.#installation || present.agentId !== agentId)) {
        throw foreignObject('container', name);
      }
      if (present && present.instance.revision !== revision) {
        throw new AppError('conflict', 'OtherRevision', `container ${name} exists with another revision`);
      }
      if (present) return;
      const ground = [...this.#ours(this.engine.networks, agentId), ...this.#ours(this.engine.volumes, agentId)];
      const names = new Set(ground.map(([owned]) => owned));
      const missing = [network, volumes.state, volumes.config].filter((wanted) => !names.has(wanted));
      if (missing.length > 0)
        throw new AppError('unavailable', 'GroundMissing', `${name} needs ${missing.join(' and ')}`);
      if (this.#imageId(imageId) === undefined) throw imageUnavailable(`image ${imageId} is not there`);
      this.engine.containers.set(name, {
        installation: this.#installation,
        agentId,
        id: this.engine.newId(),
        instance,
        imageId,
        log: [],
        state: 'created',
        limits,
        outOfMemory: false,
        engineRestarts: 0,
        networkId: this.engine.networks.get(network)?.id ?? '',
        usage: { cpuMs: 0, memoryBytes: 0 },
      });
      this.#changed(agentId);
    });
  }

  async startInstance(name: string, signal: AbortSignal): Promise<void> {
    await this.#call('startInstance', signal, () => {
      const container = this.#require(name);
      if (container.state === 'running' || container.state === 'paused') return;
      if (this.engine.networks.get(container.instance.network)?.id !== container.networkId) {
        throw new AppError('not-found', 'RuntimeFailed', `the network of ${name} is not there any more`);
      }
      Object.assign(container, {
        state: 'running',
        startedAt: this.#beginning(container),
        outOfMemory: false,
        engineRestarts: 0,
      });
      delete container.finishedAt;
      delete container.exitCode;
      this.#changed(container.agentId);
    });
  }

  async stopInstance(name: string, _graceSeconds: number, signal: AbortSignal, onlyRun?: number): Promise<void> {
    await this.#call('stopInstance', signal, () => {
      const container = this.#own(name);
      if (!container || !isAlive(container)) return;
      if (onlyRun === undefined || container.startedAt === onlyRun) this.crash(name, 0);
    });
  }

  async removeInstance(name: string, signal: AbortSignal): Promise<void> {
    await this.#call('removeInstance', signal, () => {
      const container = this.#own(name);
      if (!container) return;
      this.engine.containers.delete(name);
      this.#changed(container.agentId);
    });
  }

  async setLimits(name: string, limits: ResourceSpec, signal: AbortSignal): Promise<void> {
    await this.#call('setLimits', signal, () => {
      const container = this.#require(name);
      container.limits = limits;
      this.#changed(container.agentId);
    });
  }

  async usage(name: string, signal: AbortSignal): Promise<InstanceUsage> {
    return this.#call('usage', signal, () => {
      const container = this.#require(name);
      if (container.state === 'running') return container.usage;
      throw new AppError('not-found', 'InstanceGone', `${name} does not run`);
    });
  }

  async volumeSizes(signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    return this.#call('volumeSizes', signal, () => {
      const ours = [...this.engine.volumes].filter(([, { installation }]) => installation === this.#installation);
      const sizeOf = (files: ReadonlyMap<string, MemoryFile>) =>
        [...files.values()].reduce((sum, { content }) => sum + new TextEncoder().encode(content).length, 0);
      return new Map(ours.map(([name, { files }]) => [name, sizeOf(files)]));
    });
  }

  async *logs(name: string, options: { tail: number; follow: boolean }, signal: AbortSignal): AsyncGenerator<LogLine> {
    const log = await this.#call('logs', signal, () => this.#require(name).log);
    let next = Math.max(0, log.length - options.tail);
    for (;;) {
      while (next < log.length) yield log[next++] as LogLine;
      if (!options.follow) return;
      const wait = new AbortController();
      for await (const _ of this.engine.follow(`log ${name}`, AbortSignal.any([signal, wait.signal]))) wait.abort();
      if (signal.aborted) return;
    }
  }

  async *wakeups(signal: AbortSignal): AsyncGenerator<string> {
    for await (const agentId of this.engine.follow(`change ${this.#installation}`, signal)) yield String(agentId);
  }

  async #call<T>(method: keyof RuntimeEngine, signal: AbortSignal, act: () => T): Promise<T> {
    signal.throwIfAborted();
    const n = ++this.#calls;
    this.onCall?.(method, n, 'before');
    const planned = this.#failures.findIndex((failure) => failure.method === method);
    if (planned >= 0) throw this.#failures.splice(planned, 1)[0]?.error ?? new Error(method);
    const result = act();
    this.onCall?.(method, n, 'after');
    return result;
  }

  #makeNetwork(wanted: { agentId?: string; name: string; bridge: string; block: Block }): void {
    const { agentId, name, bridge, block } = wanted;
    const present = this.engine.networks.get(name);
    if (present && (present.installation !== this.#installation || present.agentId !== agentId)) {
      throw foreignObject('network', name);
    }
    if (present && present.block.subnet !== block.subnet) {
      throw new AppError('conflict', 'NetworkDiffers', `network ${name} exists with ${present.block.subnet}`);
    }
    if (present) return;
    for (const other of this.engine.networks.values()) {
      if (overlaps(other.block.subnet, block.subnet)) {
        throw new AppError('conflict', 'AddressTaken', `${block.subnet} overlaps ${other.block.subnet}`);
      }
      if (other.bridge === bridge) throw new AppError('conflict', 'ForeignObject', `bridge ${bridge} exists`);
    }
    const owner = agentId === undefined ? {} : { agentId };
    const id = this.engine.newId();
    this.engine.networks.set(name, { id, installation: this.#installation, ...owner, bridge, block });
    this.#changed(agentId);
  }

  #imageId(reference: string): string | undefined {
    const { images } = this.engine;
    return images.get(reference) ?? [...images.values()].find((id) => id === reference);
  }

  #ours<T extends { installation: string; agentId?: string }>(
    all: ReadonlyMap<string, T>,
    agentId: string,
  ): [string, T][] {
    return [...all].filter(([, owned]) => owned.installation === this.#installation && owned.agentId === agentId);
  }

  #own(name: string) {
    const container = this.engine.containers.get(name);
    return container?.installation === this.#installation ? container : undefined;
  }

  #require(name: string) {
    const container = this.#own(name);
    if (container) return container;
    throw new AppError('not-found', 'InstanceGone', `there is no container ${name} of ours`);
  }

  #changed(agentId: string | undefined): void {
    if (agentId !== undefined) this.engine.tell(`change ${this.#installation}`, agentId);
  }
}

function put(into: Map<string, MemoryFile>, files: readonly AgentFile[], as: Omit<MemoryFile, 'content'>): void {
  for (const { path, content, policy } of files) {
    const children = [...into.keys()].filter((other) => other.startsWith(`${path}/`));
    if (policy === 'seed' && (into.has(path) || children.length > 0)) continue;
    // A folder where we put a file, or a file where we need a folder: ours wins.
    for (const other of into.keys()) if (children.includes(other) || path.startsWith(`${other}/`)) into.delete(other);
    into.set(path, { content, ...as });
  }
}

function checkPath(path: string): void {
  const outside = path.split('/').some((part) => part === '' || part === '.' || part === '..');
  if (outside || /\p{Cc}/u.test(path)) throw new AppError('invalid', 'InvalidPath', `"${path}" is not inside a volume`);
}

function foreignObject(kind: string, name: string): AppError {
  return new AppError('conflict', 'ForeignObject', `a ${kind} named ${name} exists and does not belong to this agent`);
}

function imageUnavailable(message: string): AppError {
  return new AppError('terminal', 'ImageUnavailable', message);
}
