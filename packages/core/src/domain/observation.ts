import type { Agent } from './agent.ts';
import type { Finding } from './condition.ts';
import type { LoopPolicy, LoopView } from './event-loop.ts';
import type { Outage } from './restart-policy.ts';
import type { ResourceSpec } from './spec.ts';

/** What the engine shows of one agent. Everything here was seen, nothing is assumed. */
export interface ObservedInstance {
  readonly name: string;
  /** The engine's own id; a new container has a new one. */
  readonly id: string;
  readonly revision: string;
  /** `restarting`: it ended, and the engine is about to start it by its own policy. */
  readonly state: 'created' | 'running' | 'restarting' | 'paused' | 'exited' | 'other';
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  readonly exitCode: number | undefined;
  readonly outOfMemory: boolean;
  readonly imageId: string;
  readonly limits: ResourceSpec;
  /** How often the engine itself started it since it was last started from outside. */
  readonly engineRestarts: number;
  /** When the kernel last ended a process of it for lack of memory, as far as that was heard; milliseconds since 1970. */
  readonly outOfMemoryAt: number | undefined;
  /** Whether it hangs on the agent's present network; a network made anew leaves its containers behind. */
  readonly attached: boolean;
}

/** Something of it may be executing, or soon will without our doing. */
export function isAlive({ state }: Pick<ObservedInstance, 'state'>): boolean {
  return state === 'running' || state === 'restarting' || state === 'paused';
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
  /** Since when it has been looked at; later than its start when the control plane was away. */
  readonly lookedSince: number;
  /** Why not, one sentence. */
  readonly detail: string | undefined;
  /** Absent when the type has no such probe, or before it has started. */
  readonly loop?: LoopView;
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
  /** Absent when the type has no probe of its event loop. */
  readonly loop?: LoopPolicy | undefined;
  /** How the agent's own software checks the files before they are delivered; absent when it cannot. */
  readonly validation?: { readonly command: readonly string[] } | undefined;
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
  /** What may be told and alerted, and never restarts anything: channels, model, memory. */
  readonly aside: readonly Finding[];
  /** The newest failure in the agent's own log, classified; looked for only when it is down. */
  readonly failure: { readonly message: string; readonly transient: boolean } | undefined;
  /** When nobody ran the containers, so that their ends are not the agents' doing. */
  readonly outages: readonly Outage[];
  /** Whether it is this agent's turn to boot: many boots at once starve those that answer. */
  readonly mayStart: boolean;
  readonly now: number;
}
