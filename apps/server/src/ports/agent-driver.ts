import type {
  Agent,
  AgentFile,
  AgentType,
  Block,
  ChannelReport,
  LogLine,
  MemoryProfile,
  ModelDialect,
} from '@agentpod/core';

/** What rendering may use. No clock, no network, no key of a provider. */
export interface RenderInput {
  readonly agent: Pick<Agent, 'id' | 'tenant' | 'name' | 'spec' | 'host'>;
  readonly type: AgentType;
  readonly profile: MemoryProfile;
  readonly block: Block;
  /** Where customers open it, without a trailing slash: `https://acme.example.com`. */
  readonly origin: string;
  readonly credentials: AgentCredentials;
  readonly model: {
    /** Address of the model gateway, without path: `http://10.203.255.1:7200`. */
    readonly gatewayUrl: string;
    readonly dialect: ModelDialect;
    readonly name: string;
    /** Changes with provider, model and key version; lets a type forget that an older key was refused. */
    readonly epoch: string;
  };
}

/** Random per agent, worthless elsewhere, made once and sealed in the store. */
export interface AgentCredentials {
  /** Model traffic through our gateway. */
  readonly virtualKey: string;
  /** The user name of the control plane inside the agent; knowing it is the authority, so it is a secret. */
  readonly controlUser: string;
  /** The user name of people who come through the ingress. */
  readonly ingressUser: string;
  /** The user name of the route probe. */
  readonly probeUser: string;
  /** What the route probe shows the gateway to come in as `probeUser`. */
  readonly probeToken: string;
}

export interface Rendered {
  readonly env: Readonly<Record<string, string>>;
  readonly configFiles: readonly AgentFile[];
  readonly stateFiles: readonly AgentFile[];
  /** Whatever of the configuration cannot be taken over by a running agent; a change makes a new container. */
  readonly bootInputs: unknown;
}

/** How to reach one running agent from the host. */
export interface AgentEndpoint {
  readonly address: string;
  readonly port: number;
  readonly credentials: AgentCredentials;
  readonly type: AgentType;
}

export interface Answer {
  readonly ok: boolean;
  /** Why not, one sentence fit for a person. */
  readonly detail: string | undefined;
}

export interface AgentReport {
  readonly healthy: Answer;
  /** Newest message in or out, milliseconds since 1970; undefined when the type cannot tell. */
  readonly lastActivityAt: number | undefined;
  readonly channels: readonly ChannelReport[];
}

/** One lasting authenticated conversation with a running agent, kept by the prober. */
export interface AgentSession {
  /**
   * Asks through the open connection whether the agent is healthy and what its channels do. Throws `unavailable` when
   * the connection ended or it does not answer until `signal`.
   */
  check(signal: AbortSignal): Promise<AgentReport>;
  /** Milliseconds since 1970 of the last frame that came in, whatever it said. */
  readonly lastFrameAt: () => number;
  /** Resolves when the connection ended, with one sentence why; never rejects. */
  readonly ended: Promise<string>;
  close(): void;
}

/** What is left of an agent that is down. Its lines are hostile text. */
export interface Evidence {
  readonly lines: readonly LogLine[];
  readonly exitCode: number | undefined;
  readonly outOfMemory: boolean;
}

export interface Failure {
  /** PascalCase, such as `ModelKeyRejected`; `Unclassified` for a line nobody knows. */
  readonly kind: string;
  /** One sentence for a person, bounded and without control characters. Secrets are removed by the caller. */
  readonly message: string;
  /** It passes by itself: never evidence of a crash loop, never a reason to go back to an older configuration. */
  readonly transient: boolean;
}

/** What a manifest cannot say about a type of agent. One driver per protocol, not per version. */
export interface AgentDriver {
  readonly name: string;
  /** Pure. Throws `invalid` naming the field when this spec cannot be rendered for this version. */
  render(input: RenderInput): Rendered;
  /**
   * Opens a lasting conversation with the rights of the control plane; the caller closes it. Throws `unavailable` with
   * one sentence when the agent does not say hello until `signal`, or grants less than the control plane needs.
   */
  openSession(endpoint: AgentEndpoint, signal: AbortSignal, now: () => number): Promise<AgentSession>;
  /** The newest failure in the agent's own log, classified; undefined when the lines tell of none. Pure. */
  explain(evidence: Evidence): Failure | undefined;
  /** One turn of conversation. Throws `unavailable` with the agent's own reason when there is no reply. */
  chat(endpoint: AgentEndpoint, turn: { session: string; message: string }, signal: AbortSignal): Promise<string>;
  /**
   * Says hello to the agent as a customer would: a WebSocket (or request) to `url` with the given headers, connected to
   * `connectTo` whatever the name resolves to.
   */
  checkRoute(
    route: { url: string; connectTo: { address: string; port: number }; headers: Readonly<Record<string, string>> },
    signal: AbortSignal,
  ): Promise<Answer>;
}
