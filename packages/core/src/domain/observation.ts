import type { Agent } from './agent.ts';
import type { ResourceSpec } from './spec.ts';

/** What the engine shows of one agent. Everything here was seen, nothing is assumed. */
export interface ObservedInstance {
  readonly name: string;
  /** The engine's own id; a new container has a new one. */
  readonly id: string;
  readonly revision: string;
  readonly state: 'created' | 'running' | 'paused' | 'exited' | 'other';
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  readonly exitCode: number | undefined;
  readonly outOfMemory: boolean;
  readonly imageId: string;
  readonly limits: ResourceSpec;
}

export interface ObservedVolume {
  readonly name: string;
  readonly createdAt: string;
}

export interface ObservedNetwork {
  readonly name: string;
  readonly subnet: string;
}

export interface EngineView {
  readonly networks: readonly ObservedNetwork[];
  readonly volumes: readonly ObservedVolume[];
  readonly instances: readonly ObservedInstance[];
}

/** What the agent itself said, for one instance since its start. */
export interface Health {
  readonly instanceId: string;
  readonly startedAt: number | undefined;
  readonly started: 'yes' | 'no' | 'unknown';
  readonly rpc: 'yes' | 'no' | 'unknown';
  /** Why not, one sentence. */
  readonly detail: string | undefined;
}

/** What the ingress shows for one agent. */
export interface RouteView {
  readonly live: boolean;
  /** Through the ingress, from outside, as a customer would: said hello. */
  readonly answers: 'yes' | 'no' | 'unknown';
  readonly certificate: 'not-needed' | 'issued' | 'waiting' | 'failed';
  readonly detail: string | undefined;
}

/** A file to be delivered into one of the agent's two volumes. */
export interface AgentFile {
  /** Relative to the volume's root. */
  readonly path: string;
  readonly content: string;
  /** `replace`: ours wins. `seed`: written only where there is none. */
  readonly policy: 'replace' | 'seed';
}

export interface RevisedFile extends AgentFile {
  /** Changes with content and policy. */
  readonly revision: string;
}

/** Everything that shapes the container; decided by the type's driver, executed by the runtime. */
export interface InstanceShape {
  readonly hostname: string;
  readonly user: string;
  readonly entrypoint: readonly string[] | undefined;
  readonly command: readonly string[] | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly mounts: { readonly state: string; readonly config: string };
  readonly readOnlyRoot: boolean;
  readonly tmpfs: Readonly<Record<string, string>>;
  readonly stop: { readonly signal: string; readonly graceSeconds: number };
}

/** What this agent should be, rendered. Pure result of spec, type, secrets' names and addresses. */
export interface Target {
  readonly imageReferences: { readonly local: string; readonly registry: string | undefined };
  readonly shape: InstanceShape;
  readonly limits: ResourceSpec;
  readonly configFiles: readonly RevisedFile[];
  readonly stateFiles: readonly RevisedFile[];
  readonly configRevision: string;
  readonly stateRevision: string;
  /** Changes exactly when the running container cannot be kept. */
  readonly instanceRevision: string;
  readonly unhealableExitCodes: readonly number[];
  readonly startDeadlineSeconds: number;
}

export interface Observation {
  readonly agent: Agent;
  /** Absent as long as the agent has no address, and not needed for a deletion. */
  readonly target: Target | undefined;
  readonly engine: EngineView;
  /** Subnets of other people's networks and of host routes that overlap the agent's block; seen only while its network is absent. */
  readonly foreignOverlap: readonly string[];
  readonly health: Health | undefined;
  readonly route: RouteView | undefined;
  readonly now: number;
}
