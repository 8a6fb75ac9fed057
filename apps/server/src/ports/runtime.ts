import type { AgentFile, EngineView, LogLine, NewInstance, ResourceSpec, Block, VolumeRole } from '@agentpod/core';

export interface EngineInfo {
  readonly name: string;
  readonly version: string;
  readonly apiVersion: string;
  readonly memoryBytes: number;
  readonly cpus: number;
}

export interface InstanceUsage {
  /** CPU time of all its processes since it was started, milliseconds. */
  readonly cpuMs: number;
  /** What the kernel could not take back without hurting it. */
  readonly memoryBytes: number;
}

export interface PullProgress {
  readonly message: string;
}

export interface FileDelivery {
  readonly agentId: string;
  readonly role: VolumeRole;
  readonly volume: string;
  readonly files: readonly AgentFile[];
  /** `1000:1000`; every file and the volume's root belong to it. */
  readonly user: string;
  /** An image with `/bin/sh` and coreutils for the short-lived helper: the agent's own. */
  readonly imageId: string;
}

export interface FileCheck {
  readonly agentId: string;
  /** The agent's own image, with the software that judges. */
  readonly imageId: string;
  readonly files: readonly AgentFile[];
  /** `1000:1000`; the files belong to it and the command runs as it. */
  readonly user: string;
  /** The whole command line; ends with 0 when the files are valid. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where the command finds the files. */
  readonly mount: string;
  /** What the agent may use; a check gets no more than that, and less where it is a lot. */
  readonly memoryBytes: number;
}

export interface FileVerdict {
  readonly ok: boolean;
  /** What the command said, without control characters and bounded; the beginning counts. */
  readonly output: string;
}

/**
 * The container engine in AgentPod's words. Every method is idempotent: "already so" is success. Objects are found
 * again by the labels set at creation, and what carries none of them is never touched. When the engine cannot be
 * read, methods throw `unavailable`; an empty answer always means "there is none".
 */
export interface RuntimeEngine {
  info(signal: AbortSignal): Promise<EngineInfo>;
  /** Everything of one agent: its networks, volumes and containers. Helpers are no instances. */
  observe(agentId: string, signal: AbortSignal): Promise<EngineView>;
  /** Ids of all agents that own anything on this engine. */
  owners(signal: AbortSignal): Promise<ReadonlySet<string>>;
  /** Subnets (CIDR) of networks that are not ours. */
  foreignSubnets(signal: AbortSignal): Promise<readonly string[]>;

  /** The engine's id of an image that is present; `undefined` when it is not. */
  imageId(reference: string, signal: AbortSignal): Promise<string | undefined>;
  /** Throws `terminal`/`ImageUnavailable` when the registry has no such image, `unavailable` when it does not answer. */
  pullImage(reference: string, onProgress: (progress: PullProgress) => void, signal: AbortSignal): Promise<void>;

  /** Throws `conflict`/`AddressTaken` when the block overlaps somebody else's network. */
  createNetwork(
    network: { agentId: string; name: string; bridge: string; block: Block },
    signal: AbortSignal,
  ): Promise<void>;
  removeNetwork(name: string, signal: AbortSignal): Promise<void>;
  /** The reserved bridge whose address the model gateway listens on; it moves when the block is another one. */
  ensureGatewayNetwork(block: Block, signal: AbortSignal): Promise<void>;

  /** `createdAt` of the volume, new or old. */
  createVolume(
    volume: { agentId: string; name: string; role: VolumeRole },
    signal: AbortSignal,
  ): Promise<{ createdAt: string }>;
  removeVolume(name: string, signal: AbortSignal): Promise<void>;
  /**
   * Puts files into a volume, each by atomic rename, through a helper container without network. In the config
   * volume the set is complete afterwards: files that are not named are removed. In the state volume nothing else is
   * touched.
   */
  deliverFiles(delivery: FileDelivery, signal: AbortSignal): Promise<void>;
  /**
   * Lets the agent's own software judge files before anything running sees them: in a helper container without network
   * and without any volume of the agent, gone afterwards. Throws `unavailable`/`CheckFailed` when there is no verdict: it
   * took too long, needed too much memory, was killed.
   */
  validateFiles(check: FileCheck, signal: AbortSignal): Promise<FileVerdict>;

  /** Creates, does not start. The same name again is success. */
  createInstance(agentId: string, instance: NewInstance, imageId: string, signal: AbortSignal): Promise<void>;
  /** Throws `terminal`/`StartRefused` when the engine cannot start it whatever is tried (no such command, …). */
  startInstance(name: string, signal: AbortSignal): Promise<void>;
  /**
   * One that is not there, or does not run, is stopped already. With `onlyRun`, the moment in which a run began
   * (milliseconds since 1970), any other run is left alone.
   */
  stopInstance(name: string, graceSeconds: number, signal: AbortSignal, onlyRun?: number): Promise<void>;
  removeInstance(name: string, signal: AbortSignal): Promise<void>;
  /** Changes memory, CPU and pids of a running instance without a restart. */
  setLimits(name: string, limits: ResourceSpec, signal: AbortSignal): Promise<void>;

  /** Throws `not-found` when it does not run. */
  usage(name: string, signal: AbortSignal): Promise<InstanceUsage>;
  /**
   * Bytes in each volume of ours, by name; one whose size the engine cannot tell is left out. Costs the engine a walk
   * through all their files: ask rarely.
   */
  volumeSizes(signal: AbortSignal): Promise<ReadonlyMap<string, number>>;

  /** Ends when the log ends, or with `signal` when following. */
  logs(name: string, options: { tail: number; follow: boolean }, signal: AbortSignal): AsyncIterable<LogLine>;
  /** Ids of agents something happened to. Throws when the stream breaks: the caller lists everything and subscribes again. */
  wakeups(signal: AbortSignal): AsyncIterable<string>;
}
