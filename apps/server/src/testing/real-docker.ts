import { randomBytes, randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import {
  type AgentFile,
  type Block,
  engineNames,
  type InstanceShape,
  type NewInstance,
  type VolumeRole,
} from '@agentpod/core';
import Dockerode from 'dockerode';
import { extract } from 'tar-stream';
import type { RuntimeEngine } from '../ports/runtime.ts';
import type { SeenFile } from './runtime-contract.ts';
import { ensureStubImage, stubImage } from './stub-image.ts';

/** The engine of this machine, seen past the adapter: for assertions, and for what a stranger would do to it. */
export const socketPath = '/var/run/docker.sock';
export const docker = new Dockerode({ socketPath });

/** Why there is no real engine here; `undefined` when there is one. */
export const missingEngine = await docker.ping().then(
  () => undefined,
  () => `no container engine answers at ${socketPath}`,
);
export const stubImageId = missingEngine === undefined ? await ensureStubImage(socketPath) : '';

/** For whatever the engine needs a moment to show. */
export const patience = { timeout: 20_000, interval: 100 };

/** Says "hello" and "trouble" as the contract wants, and ends when asked to. */
export const stubScript = "trap 'exit 0' TERM; echo hello; echo trouble >&2; while :; do sleep 3600 & wait; done";

export const stubShape: InstanceShape = {
  hostname: 'agent-stub',
  user: '1000:1000',
  entrypoint: ['/bin/sh', '-c'],
  command: [stubScript],
  env: { GREETING: 'hi' },
  mounts: { state: '/state', config: '/config' },
  readOnlyRoot: true,
  tmpfs: { '/tmp': 'rw,size=16m,mode=1777' },
  stop: { signal: 'SIGTERM', graceSeconds: 5 },
};

/** Random, because other runs may be at work on the same engine. */
let nextNumber = randomBytes(2).readUInt16BE() % 8000;

export function freeBlock(): Block {
  const first = (nextNumber++ % 8000) * 8;
  const at = (offset: number): string => `10.221.${Math.floor(first / 256)}.${(first % 256) + offset}`;
  return { subnet: `${at(0)}/29`, gateway: at(1), address: at(2) };
}

/** What makes one test's objects its own. */
export function anInstallation(): { socketPath: string; installation: string; gatewayBridge: string } {
  const installation = randomBytes(6).toString('hex');
  return { socketPath, installation, gatewayBridge: `agpt${installation.slice(0, 8)}` };
}

export async function removeAllOf(installation: string): Promise<void> {
  const filters = { label: [`agentpod.installation=${installation}`] };
  for (const { Id } of await docker.listContainers({ all: true, filters })) {
    await docker.getContainer(Id).remove({ force: true, v: true });
  }
  for (const { Id } of await docker.listNetworks({ filters })) await docker.getNetwork(Id).remove();
  for (const { Name } of (await docker.listVolumes({ filters })).Volumes ?? []) await docker.getVolume(Name).remove();
}

export interface SeenEntry extends SeenFile {
  readonly folder: boolean;
}

/** Everything in a volume as the engine's archive shows it, the root as `.`. */
export async function entriesOf(volume: string): Promise<Readonly<Record<string, SeenEntry>>> {
  const reader = await docker.createContainer({
    Image: stubImage,
    Cmd: ['true'],
    HostConfig: { NetworkMode: 'none', Mounts: [{ Type: 'volume', Source: volume, Target: '/v', ReadOnly: true }] },
  });
  try {
    const tar = extract();
    tar.end(await buffer(await reader.getArchive({ path: '/v' })));
    const entries: Record<string, SeenEntry> = {};
    for await (const entry of tar) {
      const { name, mode, uid, gid, type } = entry.header;
      const path = name.replace(/^v\/?/, '').replace(/\/$/, '') || '.';
      const content = (await buffer(entry)).toString();
      entries[path] = { content, mode: mode & 0o7777, user: `${uid}:${gid}`, folder: type === 'directory' };
    }
    return entries;
  } finally {
    await reader.remove({ force: true });
  }
}

/** One agent of stub programs on the real engine. */
export class RealAgent {
  readonly id = randomUUID();
  readonly names = engineNames(this.id);
  readonly block = freeBlock();
  readonly name = this.names.instance('abcdef0123');
  readonly signal = new AbortController().signal;
  readonly #runtime: RuntimeEngine;

  constructor(runtime: RuntimeEngine) {
    this.#runtime = runtime;
  }

  async makeNetwork(): Promise<void> {
    const { network: name, bridge } = this.names;
    await this.#runtime.createNetwork({ agentId: this.id, name, bridge, block: this.block }, this.signal);
  }

  async makeVolumes(): Promise<void> {
    for (const role of ['state', 'config'] as const) {
      await this.#runtime.createVolume({ agentId: this.id, name: this.names[role], role }, this.signal);
    }
  }

  /** Network, volumes and a container that is not started yet. */
  async make(differences: Partial<InstanceShape> = {}): Promise<NewInstance> {
    await this.makeNetwork();
    await this.makeVolumes();
    const instance = {
      name: this.name,
      revision: 'abcdef0123',
      network: this.names.network,
      address: this.block.address,
      volumes: { state: this.names.state, config: this.names.config },
      shape: { ...stubShape, ...differences },
      limits: { memoryBytes: 64 * 1024 ** 2, cpus: 0.5, pids: 64 },
    };
    await this.#runtime.createInstance(this.id, instance, stubImageId, this.signal);
    return instance;
  }

  async start(): Promise<void> {
    await this.#runtime.startInstance(this.name, this.signal);
  }

  async deliver(role: VolumeRole, files: readonly AgentFile[], signal = this.signal): Promise<void> {
    const volume = this.names[role];
    await this.#runtime.deliverFiles(
      { agentId: this.id, role, volume, files, user: '1000:1000', imageId: stubImageId },
      signal,
    );
  }

  async lines(): Promise<string[]> {
    const log = this.#runtime.logs(this.name, { tail: 10_000, follow: false }, this.signal);
    return (await Array.fromAsync(log)).map(({ line }) => line);
  }

  async observed() {
    return (await this.#runtime.observe(this.id, this.signal)).instances[0];
  }

  async inspect(): Promise<Dockerode.ContainerInspectInfo> {
    return docker.getContainer(this.name).inspect();
  }

  /** Containers of the role `helper` that are there, running or not. */
  async helpers(): Promise<readonly Dockerode.ContainerInfo[]> {
    const label = [`agentpod.agent=${this.id}`, 'agentpod.role=helper'];
    return docker.listContainers({ all: true, filters: { label } });
  }
}
