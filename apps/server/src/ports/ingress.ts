import type { RouteView } from '@agentpod/core';

export interface AgentRoute {
  readonly agentId: string;
  /** Stable name in the proxy's configuration, `[a-z0-9-]`. */
  readonly name: string;
  readonly host: string;
  readonly upstream: { readonly address: string; readonly port: number };
  /** Set on every request to the agent, whatever the client sent. */
  readonly requestHeaders: Readonly<Record<string, string>>;
  readonly closedPaths: readonly string[];
  /** Whether a certificate may be asked for: only after the host name was seen to point here. */
  readonly mayCertify: boolean;
}

/** The whole desired ingress. Applied as one, so that what is not in it is gone. */
export interface DesiredIngress {
  readonly consoleHost: string;
  readonly consoleMayCertify: boolean;
  readonly routes: readonly AgentRoute[];
}

export interface CertificateView {
  readonly state: RouteView['certificate'];
  readonly detail: string | undefined;
}

/** The proxy in front of all agents. */
export interface Ingress {
  /** Writes the whole state when it differs from what is there (drift included); atomic. Answers its revision. */
  apply(desired: DesiredIngress): Promise<string>;
  /** What the proxy runs right now; `undefined` when it does not answer. */
  liveRevision(signal: AbortSignal): Promise<string | undefined>;
  certificate(host: string, signal: AbortSignal): Promise<CertificateView>;
}
