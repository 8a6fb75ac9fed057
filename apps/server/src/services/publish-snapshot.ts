import { createHash } from 'node:crypto';
import {
  type Agent,
  type AgentState,
  canonicalJson,
  effectiveSpec,
  findModelProvider,
  type GatewaySnapshot,
  refOf,
  stateOf,
} from '@agentpod/core';
import type { Accounts } from '../ports/accounts.ts';
import type { AgentCredentials } from '../ports/agent-driver.ts';
import type { GatewayFeed } from '../ports/gateway-feed.ts';
import type { Store } from '../ports/store.ts';

export interface SnapshotDeps {
  readonly store: Store;
  readonly accounts: Accounts;
  readonly feed: GatewayFeed;
  readonly credentialsOf: (agent: Agent) => Promise<AgentCredentials>;
  readonly modelKeyOf: (agent: Agent) => Promise<string | undefined>;
  /** Host as browsers write it: with the port where it is not the default. */
  readonly authorityOf: (host: string) => string;
  readonly consoleUrl: string;
  readonly secure: boolean;
  readonly keys: { readonly session: string; readonly handover: string; readonly report: string };
  readonly now: () => number;
}

/** Tells the gateway all it needs to work without us; does nothing when nothing of that changed. */
export class SnapshotPublisher {
  readonly #deps: SnapshotDeps;
  #last = '';

  constructor(deps: SnapshotDeps) {
    this.#deps = deps;
  }

  async publish(): Promise<void> {
    const deps = this.#deps;
    const managed = (await deps.store.listManaged()).filter(({ deletion }) => !deletion);
    const content: Omit<GatewaySnapshot, 'revision'> = {
      formatVersion: 1,
      consoleUrl: deps.consoleUrl,
      secure: deps.secure,
      sessionKey: deps.keys.session,
      handoverKey: deps.keys.handover,
      reportKey: deps.keys.report,
      agents: await Promise.all(
        managed.flatMap((agent) => (agent.block ? [this.#entry(agent, agent.block.address)] : [])),
      ),
      users: (await deps.accounts.listPeople()).map(({ id, username, sessionsNotBefore }) => ({
        id,
        name: username,
        sessionsNotBefore,
      })),
    };
    const text = canonicalJson(content);
    if (text === this.#last) return;
    await deps.feed.publish({ ...content, revision: deps.now() });
    this.#last = text;
  }

  async #entry(agent: Agent, address: string): Promise<GatewaySnapshot['agents'][number]> {
    // What runs is called with its own key, also while a newer spec is taken back.
    const running = { ...agent, spec: effectiveSpec(agent) };
    const { model } = running.spec;
    const provider = findModelProvider(model.provider);
    const credentials = await this.#deps.credentialsOf(agent);
    const baseUrl = model.baseUrl ?? provider?.baseUrl;
    const key = await this.#deps.modelKeyOf(running);
    return {
      id: agent.id,
      ref: refOf(agent),
      hosts: [this.#deps.authorityOf(agent.host)],
      address,
      state: gatewayState[stateOf(agent)],
      user: credentials.ingressUser,
      probeTokenHash: sha256(credentials.probeToken),
      probeUser: credentials.probeUser,
      virtualKeyHash: sha256(credentials.virtualKey),
      model: {
        provider: model.provider,
        dialect: provider?.dialect ?? 'openai',
        name: model.name,
        ...(baseUrl === undefined ? {} : { baseUrl }),
        ...(key === undefined ? {} : { key }),
      },
    };
  }
}

const gatewayState: Readonly<Record<AgentState, GatewaySnapshot['agents'][number]['state']>> = {
  creating: 'starting',
  starting: 'starting',
  ready: 'running',
  degraded: 'running',
  stopped: 'stopped',
  stalled: 'failed',
  deleting: 'stopped',
  deleted: 'stopped',
  unknown: 'starting',
};

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
